"""The page in German and English."""

import re
from pathlib import Path

from playwright.sync_api import expect

from bot.sandbox.page.routes import STATIC_FOLDER
from tests.bot.sandbox.page.conftest import Open
from tests.bot.sandbox.page.ui import SandboxUI

GERMAN = re.compile(r"[äöüßÄÖÜ„“]")


def test_no_text_is_missing(ui: SandboxUI) -> None:
    """Every text that the page uses exists in both languages, with the same placeholders, and none is unused."""
    texts: dict[str, list[str]] = ui.page.evaluate("import('/static/texts.js').then((module) => module.TEXTS)")
    sources = {path: path.read_text(encoding="utf-8") for path in static_files()}
    code = "\n".join(source for path, source in sources.items() if path.name != "texts.js")
    exact = set(re.findall(r"[\"`]([\w.]+)[\"`]", code))
    families = tuple(re.findall(r"`([\w.]+\.)\$\{", code))

    for key, pair in texts.items():
        assert len(pair) == 2, key
        assert all(pair), key
        assert placeholders(pair[0]) == placeholders(pair[1]), key
    assert [key for key in texts if key not in exact and not key.startswith(families)] == []
    assert set(re.findall(r"\bt\(\"([\w.]+)\"", code)) <= set(texts)
    assert set(re.findall(r"data-(?:text|label|title)=\"([\w.]+)\"", code)) <= set(texts)
    assert [path.name for path, source in sources.items() if path.name != "texts.js" and GERMAN.search(source)] == []


def static_files() -> list[Path]:
    """Return the files that may contain texts."""
    return sorted(path for path in STATIC_FOLDER.iterdir() if path.suffix in (".js", ".html"))


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return set(re.findall(r"\{(\w+)\}", text))


def test_language(open_page: Open) -> None:
    """The page is in the language of the browser, and a switch changes it for good."""
    ui = open_page(locale="en-GB")
    expect(ui.page.get_by_role("tab", name="Stories")).to_be_visible()

    ui.page.get_by_role("button", name="Deutsch").click()
    expect(ui.page.get_by_role("tab", name="Geschichten")).to_be_visible()
    ui.page.reload()

    expect(ui.page.get_by_role("tab", name="Geschichten")).to_be_visible()
    expect(ui.page.locator("html")).to_have_attribute("lang", "de")
