"""Hostile knowledge files: each ends in an error that names it, or in text that is only text."""

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
from knowledge.records.crisis_signs import read_crisis_signs
from knowledge.records.discourse_markers import read_markers
from knowledge.records.entry import read_entry
from knowledge.records.intents import read_intents
from knowledge.records.intro import read_steps
from knowledge.records.selfcheck import read_selfchecks
from knowledge.validation.leichte_sprache import read_allowed_words
from prompts.telegram_html import markdown_to_html
from tests.security.story import FORMATTING_TYPES

Reader = Callable[[Path], object]


def _read_entry_with(path: Path, text: str) -> object:
    path.joinpath("a.md").write_bytes(f"---\n{text}\n---\nText".encode("utf-8", "surrogatepass"))
    return read_entry(path / "a.md", "a", "de", strict=True)


def _reader_of(name: str, read: Reader) -> Callable[[Path, str], object]:
    def write_and_read(path: Path, text: str) -> object:
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        return read(file)

    return write_and_read


def _read_step_with(path: Path, text: str) -> object:
    return _reader_of("de/01-a.md", lambda file: read_steps(file.parents[1]))(path, f"---\n{text}\n---\nText")


READERS: dict[str, Callable[[Path, str], object]] = {
    "entry": _read_entry_with,
    "step": _read_step_with,
    "contacts": _reader_of("contacts.yaml", read_contacts),
    "intents": _reader_of("i/a.yaml", lambda file: read_intents(file.parent)),
    "selfcheck": _reader_of("s/de.yaml", lambda file: read_selfchecks(file.parent)),
    "understanding": _reader_of("understanding.yaml", read_markers),
    "crisis": _reader_of("crisis.yaml", read_crisis_signs),
    "easy": _reader_of("easy.yaml", read_allowed_words),
}
BILLION_LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGE_BOMB = "a: &a {k: v}\n" + "".join(
    f"{name}: &{name}\n  <<: [{','.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE_YAML = {
    "laughs": BILLION_LAUGHS, "merges": MERGE_BOMB, "cycle": "a: &a [*a]", "deep-list": "a: " + "[" * 200_000, "deep-map": "a: " + "{b: " * 100_000,
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
HOSTILE_MARKDOWN = {
    "script": "<script>evil()</script>", "link-script": "[evil](javascript:evil())", "link-data": "[evil](data:text/html,evil)", "link-file": "[evil](file:///etc/passwd)",
    "link-vbscript": "[evil](vbscript:evil)", "link-quote": '[evil](https://a.example/"onclick="evil)', "link-case": "[evil](JaVaScRiPt:evil())", "link-entity": "[evil](&#106;avascript:evil())",
    "image": "![evil](https://evil.example/x.png)", "auto": "<https://evil.example/<b>>", "html-block": "<div onclick=evil()>\nevil\n</div>", "comment": "<!-- evil -->", "entity": "&lt;b&gt;evil&lt;/b&gt; &#60;i&#62;",
    "fence": "```evil\n</code></pre><b>evil\n```", "code": "`</code><b>evil`", "reference": "[evil]\n\n[evil]: javascript:evil", "title": '[evil](https://a.example "</a><b>evil")',
    "deep-quote": "> " * 20_000 + "evil", "deep-list": "- " * 5_000 + "evil", "open-links": "[" * 5_000, "open-stars": "*a_" * 5_000, "ticks": "`" * 5_000 + "a", "jinja": "{{ 7 * 191 }}{% include 'advisers/alarm.j2' %}",
    "nul": "a\0<b>evil", "tg-link": "[evil](tg://user?id=1&x=\"><b>)", "spoiler": "<tg-spoiler>evil</tg-spoiler>",
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE_YAML)
@pytest.mark.parametrize("place", READERS)
def test_hostile_yaml_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, kind: str) -> None:
    """YAML that explodes, executes code, nests without end or is invalid is an error that names the file."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ContentError) as caught:
        READERS[place](tmp_path, HOSTILE_YAML[kind])

    assert caught.value.problems[0].path.is_relative_to(tmp_path)
    assert not Path("evil").exists()


@pytest.mark.parametrize("kind", HOSTILE_MARKDOWN)
def test_hostile_markdown_is_telegram_html(kind: str) -> None:
    """Any Markdown becomes HTML that Telegram accepts, without scripts and with links to web addresses only."""
    text, marks = html_parser.parse_html(markdown_to_html(HOSTILE_MARKDOWN[kind]))

    assert (
        all(mark["type"] in FORMATTING_TYPES - {"text_mention", "custom_emoji", "spoiler"} for mark in marks)
        or kind == "tg-link"
    )
    assert not [mark for mark in marks if str(mark.get("url", "http")).split(":")[0] not in ("http", "https", "tg")]
    assert "1337" not in text


@pytest.mark.parametrize(
    "kind", ["utf-16", "latin-1", "nul", "empty", "blank", "large", "binary", "bom-only", "folder", "missing"]
)
def test_file_that_is_not_text(tmp_path: Path, kind: str) -> None:
    """A file that is not text of a reasonable size is rejected before it is parsed."""
    path = tmp_path / "a.md"
    content = {"utf-16": "Text".encode("utf-16"), "latin-1": "Größe".encode("latin-1"), "nul": b"a\0b", "empty": b"", "blank": b" \n",
               "large": b"a" * (MAX_FILE_BYTES + 1), "binary": bytes(range(256)), "bom-only": b"\xef\xbb\xbf"}  # fmt: skip
    if kind == "folder":
        path.mkdir()
    elif kind in content:
        path.write_bytes(content[kind])

    with pytest.raises(ContentError):
        read_entry(path, "a", "de", strict=False)


@pytest.mark.parametrize("layout", ["built-in", "external"])
@pytest.mark.parametrize("way", ["file", "relative", "folder", "chain", "all", "loop"])
def test_symlink_out_of_the_folder(tmp_path: Path, layout: str, way: str) -> None:
    """A symbolic link out of the knowledge folder reveals nothing of its target."""
    (tmp_path / "secret").mkdir()
    secret = tmp_path / "secret" / "b.md"
    secret.write_text(SECRET)  # valid, so that it would be read if the link were followed
    folder = tmp_path / "knowledge" / ("content/de" if layout == "built-in" else ".")
    folder.mkdir(parents=True)
    (folder / "a.md").write_text(SECRET.replace("Geheim", "Offen"))
    match way:
        case "file":
            (folder / "b.md").symlink_to(secret)
        case "relative":
            (folder / "b.md").symlink_to(os.path.relpath(secret, folder))
        case "folder":
            (folder.parent / "en" if layout == "built-in" else folder / "en").symlink_to(secret.parent)
        case "chain":
            (tmp_path / "link.md").symlink_to(secret)
            (folder / "b.md").symlink_to(tmp_path / "link.md")
        case "loop":
            (folder / "b.md").symlink_to("b.md")
        case "all":  # the folder of all languages
            (tmp_path / "secret" / "fr").mkdir()
            secret.rename(tmp_path / "secret" / "fr" / "b.md")
            content = folder.parent if layout == "built-in" else folder / "content"
            shutil.rmtree(content, ignore_errors=True)
            content.symlink_to(tmp_path / "secret")

    try:
        result = str(tuple(load_knowledge(tmp_path / "knowledge").entries))
    except ContentError as error:
        result = str(error)

    assert "Geheim" not in result


@pytest.mark.parametrize(
    "name", ["contacts.yaml", "crisis.yaml", "intents/a.yaml", "intro/de/01-a.md", "selfcheck/de.yaml"]
)
def test_symlink_for_a_file_other_than_an_entry(tmp_path: Path, name: str) -> None:
    """Files other than entries are not read through a symbolic link out of the folder either."""
    secret = tmp_path / "secret"
    secret.write_text("Geheim: ja")
    folder = tmp_path / "knowledge"
    (folder / "content/de").mkdir(parents=True)
    (folder / "content/de/a.md").write_text("Offen")
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).symlink_to(secret)

    with pytest.raises(ContentError) as caught:
        load_knowledge(folder)

    assert any("leads out" in problem.message and problem.path == folder / name for problem in caught.value.problems)


@pytest.mark.parametrize("name", ["@greeting", "@human", "@manipulation", "@"])
@pytest.mark.parametrize("layout", ["content/de", "."])
def test_an_entry_that_poses_as_an_intent(tmp_path: Path, name: str, layout: str) -> None:
    """No file can replace an intent by taking its name."""
    (tmp_path / layout).mkdir(parents=True, exist_ok=True)
    (tmp_path / layout / f"{name}.md").write_text("evil")

    with pytest.raises(ContentError, match="stands for an intent"):
        load_knowledge(tmp_path)
