"""Hostile files of the knowledge: every one ends in an error that names it, or in text that is only text."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.sandbox.fake_telegram.rules import html_parser
from knowledge.errors import ContentError
from knowledge.loader import load_knowledge
from knowledge.parsing.text_file import MAX_FILE_BYTES
from knowledge.records.contacts import read_contacts
from knowledge.records.discourse_markers import read_markers
from knowledge.records.entry import read_entry
from knowledge.records.intents import read_intents
from knowledge.records.intro import read_steps
from knowledge.records.selfcheck import read_selfchecks
from knowledge.validation.leichte_sprache import read_allowed_words
from prompts.telegram_html import markdown_to_html
from tests.security.story import OWN

Read = Callable[[Path], object]


def _entry(path: Path, text: str) -> object:
    path.joinpath("a.md").write_bytes(f"---\n{text}\n---\nText".encode("utf-8", "surrogatepass"))
    return read_entry(path / "a.md", "a", "de", strict=True)


def _in(name: str, read: Read) -> Callable[[Path, str], object]:
    def written(path: Path, text: str) -> object:
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        return read(file)

    return written


def _step(path: Path, text: str) -> object:
    return _in("de/01-a.md", lambda file: read_steps(file.parents[1]))(path, f"---\n{text}\n---\nText")


PLACES: dict[str, Callable[[Path, str], object]] = {
    "entry": _entry,
    "step": _step,
    "contacts": _in("contacts.yaml", read_contacts),
    "intents": _in("i/a.yaml", lambda file: read_intents(file.parent)),
    "selfcheck": _in("s/de.yaml", lambda file: read_selfchecks(file.parent)),
    "understanding": _in("understanding.yaml", read_markers),
    "easy": _in("easy.yaml", read_allowed_words),
}
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {k: v}\n" + "".join(
    f"{name}: &{name}\n  <<: [{','.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
YAMLS = {
    "laughs": LAUGHS, "merges": MERGES, "cycle": "a: &a [*a]", "deep-list": "a: " + "[" * 200_000, "deep-map": "a: " + "{b: " * 100_000,
    "deep-block": "\n".join(" " * n + "- " for n in range(300)) + "x", "python-object": "a: !!python/object/apply:os.system ['touch evil']", "python-name": "a: !!python/name:os.system",
    "unknown-tag": "a: !evil x", "date": "a: 2020-13-45", "digits": "a: " + "9" * 5_000, "key-list": "? [a, b]\n: c", "key-map": "? {a: b}\n: c",
    "no-mapping": "- a", "scalar": "evil", "two-documents": "a: b\n--- \nc: d", "tab": "\ta: b", "unclosed": 'a: "evil', "directive": "%EVIL 1\n---\na: b",
    "null": "~", "binary": "a: !!binary '==='", "control": "a: \x01", "surrogate": "a: \ud800",
}  # fmt: skip
SECRET = """---
title: Geheim
layer: page
source: Seite
audience: [npo]
related: [a]
questions: [Was ist geheim?]
---
Geheim
"""
MARKDOWNS = {
    "script": "<script>evil()</script>", "link-script": "[evil](javascript:evil())", "link-data": "[evil](data:text/html,evil)", "link-file": "[evil](file:///etc/passwd)",
    "link-vbscript": "[evil](vbscript:evil)", "link-quote": '[evil](https://a.example/"onclick="evil)', "link-case": "[evil](JaVaScRiPt:evil())", "link-entity": "[evil](&#106;avascript:evil())",
    "image": "![evil](https://evil.example/x.png)", "auto": "<https://evil.example/<b>>", "html-block": "<div onclick=evil()>\nevil\n</div>", "comment": "<!-- evil -->", "entity": "&lt;b&gt;evil&lt;/b&gt; &#60;i&#62;",
    "fence": "```evil\n</code></pre><b>evil\n```", "code": "`</code><b>evil`", "reference": "[evil]\n\n[evil]: javascript:evil", "title": '[evil](https://a.example "</a><b>evil")',
    "deep-quote": "> " * 20_000 + "evil", "deep-list": "- " * 5_000 + "evil", "open-links": "[" * 5_000, "open-stars": "*a_" * 5_000, "ticks": "`" * 5_000 + "a", "jinja": "{{ 7 * 191 }}{% include 'advisers/alarm.j2' %}",
    "nul": "a\0<b>evil", "tg-link": "[evil](tg://user?id=1&x=\"><b>)", "spoiler": "<tg-spoiler>evil</tg-spoiler>",
}  # fmt: skip


@pytest.mark.parametrize("kind", YAMLS)
@pytest.mark.parametrize("place", PLACES)
def test_hostile_yaml_is_an_error_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, kind: str
) -> None:
    """YAML that explodes, runs code, nests without end or is none at all ends in an error that names the file."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ContentError) as caught:
        PLACES[place](tmp_path, YAMLS[kind])

    assert caught.value.problems[0].path.is_relative_to(tmp_path)
    assert not Path("evil").exists()


@pytest.mark.parametrize("kind", MARKDOWNS)
def test_hostile_markdown_is_telegram_html(kind: str) -> None:
    """Any Markdown becomes HTML that Telegram takes, with no address but a web address, and no script."""
    text, marks = html_parser.parse_html(markdown_to_html(MARKDOWNS[kind]))

    assert all(one["type"] in OWN - {"text_mention", "custom_emoji", "spoiler"} for one in marks) or kind == "tg-link"
    assert not [one for one in marks if str(one.get("url", "http")).split(":")[0] not in ("http", "https", "tg")]
    assert "1337" not in text


@pytest.mark.parametrize(
    "kind", ["utf-16", "latin-1", "nul", "empty", "blank", "large", "binary", "bom-only", "folder", "missing"]
)
def test_a_file_that_is_no_text(tmp_path: Path, kind: str) -> None:
    """A file that is no text of a usual size is refused before it is read as anything."""
    path = tmp_path / "a.md"
    content = {"utf-16": "Text".encode("utf-16"), "latin-1": "Größe".encode("latin-1"), "nul": b"a\0b", "empty": b"", "blank": b" \n",
               "large": b"a" * (MAX_FILE_BYTES + 1), "binary": bytes(range(256)), "bom-only": b"\xef\xbb\xbf"}  # fmt: skip
    if kind == "folder":
        path.mkdir()
    elif kind in content:
        path.write_bytes(content[kind])

    with pytest.raises(ContentError):
        read_entry(path, "a", "de", strict=False)


@pytest.mark.parametrize("layout", ["house", "foreign"])
@pytest.mark.parametrize("way", ["file", "relative", "folder", "chain", "all", "loop"])
def test_a_link_out_of_the_folder(tmp_path: Path, layout: str, way: str) -> None:
    """A link that leads out of the knowledge folder brings nothing of what it leads to."""
    (tmp_path / "secret").mkdir()
    secret = tmp_path / "secret" / "b.md"
    secret.write_text(SECRET)  # read without complaint where it may be read
    folder = tmp_path / "knowledge" / ("content/de" if layout == "house" else ".")
    folder.mkdir(parents=True)
    (folder / "a.md").write_text(SECRET.replace("Geheim", "Offen"))
    match way:
        case "file":
            (folder / "b.md").symlink_to(secret)
        case "relative":
            (folder / "b.md").symlink_to(os.path.relpath(secret, folder))
        case "folder":
            (folder.parent / "en" if layout == "house" else folder / "en").symlink_to(secret.parent)
        case "chain":
            (tmp_path / "link.md").symlink_to(secret)
            (folder / "b.md").symlink_to(tmp_path / "link.md")
        case "loop":
            (folder / "b.md").symlink_to("b.md")
        case "all":  # the folder of all languages
            (tmp_path / "secret" / "fr").mkdir()
            secret.rename(tmp_path / "secret" / "fr" / "b.md")
            content = folder.parent if layout == "house" else folder / "content"
            shutil.rmtree(content, ignore_errors=True)
            content.symlink_to(tmp_path / "secret")

    try:
        found = str(tuple(load_knowledge(tmp_path / "knowledge").entries))
    except ContentError as error:
        found = str(error)

    assert "Geheim" not in found


@pytest.mark.parametrize("name", ["contacts.yaml", "intents/a.yaml", "intro/de/01-a.md", "selfcheck/de.yaml"])
def test_a_link_beside_the_entries(tmp_path: Path, name: str) -> None:
    """The other files of the house's folder are not read through a link that leads out of it, either."""
    secret = tmp_path / "secret"
    secret.write_text("Geheim: ja")
    folder = tmp_path / "knowledge"
    (folder / "content/de").mkdir(parents=True)
    (folder / "content/de/a.md").write_text("Offen")
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).symlink_to(secret)

    with pytest.raises(ContentError) as caught:
        load_knowledge(folder)

    assert any("leads out" in one.message and one.path == folder / name for one in caught.value.problems)


@pytest.mark.parametrize("name", ["@greeting", "@human", "@manipulation", "@"])
@pytest.mark.parametrize("layout", ["content/de", "."])
def test_an_entry_that_poses_as_an_intent(tmp_path: Path, name: str, layout: str) -> None:
    """No file can take the place of an intent by its name."""
    (tmp_path / layout).mkdir(parents=True, exist_ok=True)
    (tmp_path / layout / f"{name}.md").write_text("evil")

    with pytest.raises(ContentError, match="stands for an intent"):
        load_knowledge(tmp_path)
