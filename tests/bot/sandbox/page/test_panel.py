"""The side panel: editors, directors, and how the page looks."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.bot.sandbox.page.chromium import NARROW
from tests.bot.sandbox.page.conftest import Open
from tests.bot.sandbox.page.stage import ADA, GROUP, JONAS, MAIL, Stage


@pytest.fixture
def entry(knowledge: Path) -> Iterator[Path]:
    """A file of the knowledge, put back at the end."""
    path = knowledge / "content" / "de" / "backbone.md"
    before = path.read_text(encoding="utf-8")
    yield path
    path.write_text(before, encoding="utf-8")


def test_changed_knowledge(stage: Stage, entry: Path) -> None:
    """A changed file is read by itself, and the page says so."""
    text = entry.read_text(encoding="utf-8")

    entry.write_text(f"{text.rstrip()}\n\nNeu ist der Satz mit dem Apfelbaum.\n", encoding="utf-8")

    expect(stage.page.get_by_text("Wissen neu gelesen: backbone.md")).to_be_visible()
    expect(stage.tab("Wissen").get_by_text("Neu gelesen: backbone.md")).to_be_visible()


def test_broken_knowledge(stage: Stage, entry: Path) -> None:
    """A mistake in a file is shown with file and line, and counted on the tab."""
    text = entry.read_text(encoding="utf-8")

    entry.write_text(text.replace("---\n", "---\nfalsch: ja\n", 1), encoding="utf-8")

    problem = stage.tab("Wissen").get_by_role("listitem")
    expect(problem.first).to_contain_text("knowledge/content/de/backbone.md:")
    expect(stage.page.get_by_role("tab", name="Wissen")).to_contain_text("1")


def test_one_more_person(stage: Stage) -> None:
    """Whoever is added gets a phone; an adviser can also be chosen as the one who writes in the group."""
    tools = stage.tab("Regie")

    tools.get_by_label("Name").fill("Cem Acar")
    tools.get_by_label("gehört zur Beratung").check()
    tools.get_by_role("button", name="Dazuholen").click()

    stage.page.get_by_role("navigation", name="Wer ist zu sehen?").get_by_role("button", name="Cem Acar").click()
    expect(stage.field("Cem Acar")).to_be_visible()
    stage.phone(GROUP).get_by_label("Sie schreiben als").select_option("Cem Acar")


def test_deep_link(stage: Stage) -> None:
    """A link into the bot starts it where the link says."""
    tools = stage.tab("Regie")

    tools.get_by_label("Wer").select_option(JONAS)
    tools.get_by_label("Ziel des Links").fill("intro")
    tools.get_by_role("button", name="Öffnen").click()

    stage.wait_for_text(JONAS, "Schritt 1")


def test_faults(stage: Stage) -> None:
    """A fault of the next call stands in the log, and the answer comes nevertheless."""
    tools = stage.tab("Regie")
    tools.get_by_label("Was schiefgeht").select_option("Fehler beim Server (500)")
    tools.get_by_label("Bei", exact=True).select_option("sendMessage")
    tools.get_by_role("button", name="Einschalten").click()
    expect(stage.page.get_by_text("Die Störung kommt")).to_be_visible()

    stage.send_text(ADA, "/hilfe")

    stage.wait_for_text(ADA, "Das kann ich für Sie tun")
    expect(stage.tab("Protokoll").get_by_role("row").filter(has_text="500")).to_have_count(1)


def test_time_goes_on(stage: Stage) -> None:
    """The bot's clock goes ahead by what is added to it."""
    tools = stage.tab("Regie")
    expect(tools.get_by_text("Die Uhr des Bots geht richtig.")).to_be_visible()

    tools.get_by_role("button", name="+ 3 Tage").click()

    expect(tools.get_by_text("Die Uhr des Bots geht 3 Tage vor.")).to_be_visible()


def test_save_and_load(stage: Stage, tmp_path: Path) -> None:
    """A saved state is put back with its chats; another file is refused in words."""
    stage.send_text(ADA, "Hallo")
    stage.wait_for_text(ADA, "Guten Tag")
    tools = stage.tab("Regie")
    with stage.page.expect_download() as download:
        tools.get_by_role("link", name="Sichern").click()
    download.value.save_as(kept := tmp_path / "kept.json")
    tools.get_by_role("button", name="Von vorn beginnen").click()
    expect(stage.phone(ADA).get_by_role("article")).to_have_count(0)

    load(stage, kept)

    stage.wait_for_text(ADA, "Guten Tag")
    (other := tmp_path / "other.json").write_text(json.dumps({}))
    load(stage, other)
    expect(stage.page.locator("#notice")).to_contain_text("Stand")


def load(stage: Stage, file: Path) -> None:
    """Choose a file to be loaded."""
    with stage.page.expect_file_chooser() as chooser:
        stage.tab("Regie").get_by_role("button", name="Laden").click()
    chooser.value.set_files(file)


def test_narrow_window(open_page: Open) -> None:
    """A narrow window shows one at a time; what is new with the others is counted beside their names."""
    stage = open_page(NARROW)
    expect(stage.phone(ADA)).to_be_visible()
    expect(stage.phone(GROUP)).to_be_hidden()

    stage.fill("Wir suchen Partner.")

    names = stage.page.get_by_role("navigation", name="Wer ist zu sehen?")
    expect(names.get_by_role("button", name=f"{MAIL} 1 neu")).to_be_attached()
    names.get_by_role("button", name=GROUP).click()
    stage.wait_for_text(GROUP, "Wir suchen Partner.")
    expect(stage.phone(ADA)).to_be_hidden()
    assert stage.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_dark_switch(stage: Stage) -> None:
    """The switch changes between light and dark, and the choice outlives a reload."""
    background = "getComputedStyle(document.body).backgroundColor"
    light = stage.page.evaluate(background)

    stage.page.get_by_role("button", name="Dunkles Aussehen").click()
    stage.page.reload()

    expect(stage.page.get_by_role("button", name="Dunkles Aussehen")).to_have_attribute("aria-pressed", "true")
    assert stage.page.evaluate(background) != light
