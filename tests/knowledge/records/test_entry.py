"""An entry is read completely, and every mistake is reported with its line."""

import time
from pathlib import Path

import pytest

from knowledge.errors import ContentError
from knowledge.parsing.text_file import MAX_FILE_BYTES
from knowledge.records.entry import Layer, read_entry

VALID = """---
title: Backbone
layer: literature
source: "SSIR 2012"
audience: [npo, kommune]
related: [fuenf-bedingungen]
questions:
  - Was ist ein Backbone?
---
Eine Stelle, die koordiniert.
"""


def write_entry(folder: Path, text: str | bytes) -> Path:
    path = folder / "backbone.md"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def problem_of(folder: Path, text: str | bytes, *, strict: bool = True) -> str:
    with pytest.raises(ContentError) as caught:
        read_entry(write_entry(folder, text), "backbone", "de", strict=strict)
    return str(caught.value).removeprefix(str(folder / "backbone.md"))


def test_complete_entry(tmp_path: Path) -> None:
    """Every field of a complete entry is read."""
    entry = read_entry(write_entry(tmp_path, VALID), "backbone", "de", strict=True)

    assert (entry.title, entry.layer, entry.source) == ("Backbone", Layer.LITERATURE, "SSIR 2012")
    assert entry.questions == ("Was ist ein Backbone?",)
    assert entry.body == "Eine Stelle, die koordiniert."


def test_windows_file(tmp_path: Path) -> None:
    """A file with a byte-order mark and Windows line endings is read like any other."""
    plain = read_entry(write_entry(tmp_path, VALID), "backbone", "de", strict=True)
    windows = b"\xef\xbb\xbf" + VALID.replace("\n", "\r\n").encode()

    assert read_entry(write_entry(tmp_path, windows), "backbone", "de", strict=True) == plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ":1: the file is empty"),
        (VALID.replace("layer:", "layr:"), ":3: unknown key 'layr'"),
        (VALID.replace("literature", "rumour"), ":3: unknown layer 'rumour'"),
        (VALID.replace("[npo, kommune]", "[npo, gemeinde]"), ":5: unknown audience 'gemeinde'"),
        (VALID.replace("[npo, kommune]", "npo"), ":5: 'audience' must be a list"),
        (VALID.replace("title: Backbone", "title: [a]"), ":2: 'title' must be text"),
        (VALID.replace("title: Backbone", "title: A\ntitle: B"), ":3: the key 'title' is used a second time"),
        (VALID.replace('source: "SSIR 2012"\n', ""), ":1: the key 'source' is missing"),
        (VALID.replace('"SSIR 2012"', '"SSIR'), ":4: a quotation mark begins here"),
        (VALID.replace("Eine Stelle, die koordiniert.", ""), "the text below the front matter is empty"),
        (VALID.replace("title", "url: javascript:x\ntitle"), "is not a complete address"),
        ("no front matter", ":1: the front matter between two lines '---' is missing"),
        ("---\ntitle: x\n", ":1: the front matter between two lines '---' is missing or not closed"),
        (b"---\ntitle: x\n---\n\xff\xfe", ":4: not UTF-8"),
        (VALID.replace("koordiniert", "koor\0diniert"), ":10: a NUL character"),
        (b"a" * (MAX_FILE_BYTES + 1), "bytes are too many"),
    ],
)
def test_mistake_is_reported_with_its_line(tmp_path: Path, text: str | bytes, expected: str) -> None:
    """Each kind of unusable file is rejected with the line and the reason."""
    assert expected in problem_of(tmp_path, text)


def test_external_file_needs_no_front_matter(tmp_path: Path) -> None:
    """Without ``strict``, a bare Markdown file is an entry titled by its heading."""
    entry = read_entry(write_entry(tmp_path, "# Hausordnung\n\nRuhe ab 22 Uhr."), "backbone", "de", strict=False)

    assert (entry.title, entry.layer, entry.source) == ("Hausordnung", Layer.DOCUMENT, "backbone.md")


def test_external_file_may_have_other_keys(tmp_path: Path) -> None:
    """Without ``strict``, unknown keys are ignored, but broken YAML is still an error."""
    entry = read_entry(write_entry(tmp_path, "---\ntitle: A\ndate: 2026\n---\nText"), "backbone", "de", strict=False)

    assert entry.title == "A"
    assert "not valid YAML" in problem_of(tmp_path, "---\ntitle: A\n- b\n---\nText", strict=False)


def test_heading_full_of_spaces(tmp_path: Path) -> None:
    """A heading full of spaces is read in linear time."""
    path = write_entry(tmp_path, f"# a{' ' * 60_000}b # \n\nText")
    started = time.process_time()

    entry = read_entry(path, "a", "de", strict=False)

    assert (len(entry.title), entry.title[-1]) == (60_002, "b")
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("heading", "title"),
    [("## Eins ##", "Eins"), ("#\u0020\u00a0Zwei", "\u00a0Zwei"), ("# #", "backbone"), ("# C# ", "C")],
)
def test_title_from_the_heading(tmp_path: Path, heading: str, title: str) -> None:
    """Without front matter, the title is the first heading without its markers, or the file name if that is empty."""
    assert read_entry(write_entry(tmp_path, f"{heading}\n\nText"), "a", "de", strict=False).title == title
