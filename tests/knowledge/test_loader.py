"""Reading whole folders, and rules that apply across files."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.errors import ContentError, GwError
from knowledge.loader import BUILT_IN, Knowledge, load_knowledge
from knowledge.records.contacts import Contact, contact_for, default_contact, read_contacts
from knowledge.records.entry import ExampleQuestions, Layer
from knowledge.validation.rules import check_knowledge, entry_path


def test_built_in_knowledge_follows_the_rules(built_in: Knowledge) -> None:
    """The built-in knowledge follows all rules."""
    assert check_knowledge(built_in) == ()


def test_size_of_the_built_in_knowledge(built_in: Knowledge) -> None:
    """There are at least 180 answering entries and 15 gaps in each of German and English."""
    for lang in ("de", "en"):
        layers = [entry.layer for entry in built_in.entries if entry.lang == lang]

        assert layers.count(Layer.GAP) >= 15
        assert len(layers) - layers.count(Layer.GAP) >= 180


def test_listed_contact() -> None:
    """The default contact is the one on the initiative's page."""
    contact = default_contact(read_contacts(BUILT_IN / "contacts.yaml"))

    assert (contact.name, contact.phone) == ("Jacob Rohm", "+49 30 520 065 411")
    assert contact.email == "jacob.rohm@phineo.org"


def test_rules_across_files(built_in: Knowledge) -> None:
    """A missing translation, a dead link, a repeated question and an overlong title are each reported."""
    first, second, *rest = (entry for entry in built_in.entries if entry.lang == "de")
    broken = (
        replace(first, related=("gibt-es-nicht",), title="x" * 60),
        replace(second, questions=(*second.questions, first.questions[0])),
        *rest,
    )

    messages = "\n".join(map(str, check_knowledge(replace(built_in, entries=broken))))

    for expected in (
        "there is no other entry 'gibt-es-nicht'",
        "60 characters",
        "is also in the entry",
        "missing in",
    ):
        assert expected in messages


def test_questions_that_are_not_answered(built_in: Knowledge) -> None:
    """An entry needs six questions that it does not answer; one that another entry answers is reported."""
    first, second, *rest = (
        entry for entry in built_in.entries if entry.lang == "de" and entry.layer is not Layer.GAP
    )
    broken = (replace(first, not_answered=(second.questions[0].upper(),)), second, *rest)

    messages = "\n".join(map(str, check_knowledge(replace(built_in, entries=broken))))
    not_line = entry_path(built_in, first).read_text("utf-8").splitlines().index("not:") + 1

    assert f"{first.id}.md:{not_line}: not: 1 questions; at least 6 are needed" in messages
    assert f"is an example question of the entry '{second.id}'" in messages
    assert "which is missing" in messages  # the gap of details was left out


def test_example_questions_of_other_languages(built_in: Knowledge) -> None:
    """An unknown entry, a repeated question, a missing one and a language that has texts are each reported."""
    files = (
        ExampleQuestions("tr", {"gibt-es-nicht": ("Ne?",), "backbone": ("Ne?", "Kim?")}),
        ExampleQuestions("de", {}),
    )

    messages = "\n".join(map(str, check_knowledge(replace(built_in, example_questions=files))))

    for expected in (
        "tr.yaml: there is no entry 'gibt-es-nicht'",
        "'ne' is there 2 times",
        "de.yaml: questions in this language belong in the files of the entries",
    ):
        assert expected in messages
    assert messages.count("fewer than 3 questions for") == 1  # what is missing in several languages is one hint
    assert "(ar, es, fr, pl, ru, tr, uk)" in messages


def test_external_folder(tmp_path: Path) -> None:
    """Any folder of Markdown files can be read; ids are paths without the extension."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "eins.md").write_text("Text eins", encoding="utf-8")
    (tmp_path / "sub" / "zwei.md").write_text("Text zwei", encoding="utf-8")

    assert [entry.id for entry in load_knowledge(tmp_path).entries] == ["eins", "sub/zwei"]


def test_all_problems_are_reported(tmp_path: Path) -> None:
    """Every unusable file is reported, not only the first."""
    (tmp_path / "a.md").write_bytes(b"")
    (tmp_path / "b.md").write_bytes(b"\xff")

    with pytest.raises(ContentError) as caught:
        load_knowledge(tmp_path)

    assert [problem.path.name for problem in caught.value.problems] == ["a.md", "b.md"]


@pytest.mark.parametrize("make", [False, True])
def test_missing_or_empty_folder(tmp_path: Path, make: bool) -> None:
    """A missing folder and an empty one are clear errors."""
    folder = tmp_path / "wissen"
    if make:
        folder.mkdir()

    with pytest.raises(GwError, match="no Markdown file" if make else "does not exist"):
        load_knowledge(folder)


def test_contact_for_an_entry() -> None:
    """An entry among a contact's topics has that contact, every other one has the default."""
    default = Contact("a", "A", "Beratung", "1", "a@example.org", default=True)
    other = Contact("b", "B", "Forschung", "2", "b@example.org", topics=("kritik",))

    assert contact_for((default, other), "kritik") is other
    assert contact_for((default, other), "backbone") is default
    assert contact_for((default, other), "") is default


@pytest.mark.parametrize(
    "text",
    [
        "contacts: []",
        "[]",
        "contacts:\n  - id: a",
        "contacts: [{id: a, name: b, role: c, phone: '115', email: e@f.de, default: true, fax: f}]",
    ],
)
def test_invalid_contacts_file(tmp_path: Path, text: str) -> None:
    """A contacts file that is incomplete, empty or has unknown keys is rejected."""
    (tmp_path / "contacts.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(ContentError):
        read_contacts(tmp_path / "contacts.yaml")


def test_deeply_nested_folders(tmp_path: Path) -> None:
    """A file is read at any depth; files and folders are sorted by name."""
    deep = tmp_path
    for _ in range(1_500):
        deep = deep / "a"
        deep.mkdir()
    for path in (deep / "b.md", tmp_path / "a.md", tmp_path / "b.md"):
        path.write_text("Text", encoding="utf-8")

    entry_ids = [entry.id for entry in load_knowledge(tmp_path).entries]
    (deep / "b.md").unlink()
    os.removedirs(deep)  # pytest's own clean-up cannot remove folders this deep

    assert entry_ids == ["a/" * 1_500 + "b", "a", "b"]


def test_path_too_long_for_the_system(tmp_path: Path) -> None:
    """A path longer than the system allows is a clear error."""
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("a" * 200, dir_fd=here)
        below = os.open("a" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)

    with pytest.raises(GwError, match=r"cannot be read \(File name too long\)"):
        load_knowledge(tmp_path)
