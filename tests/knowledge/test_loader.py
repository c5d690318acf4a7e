"""Reading whole folders, and the rules across files."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.errors import ContentError, GwError
from knowledge.loader import BUILT_IN, Knowledge, load_knowledge
from knowledge.records.contacts import Contact, contact_for, default_contact, read_contacts
from knowledge.records.entry import Layer
from knowledge.validation.rules import check_knowledge


@pytest.fixture(scope="module")
def house() -> Knowledge:
    """The built-in knowledge."""
    return load_knowledge(BUILT_IN)


def test_house_is_in_order(house: Knowledge) -> None:
    """The built-in knowledge follows all rules."""
    assert check_knowledge(house) == ()


def test_house_has_what_was_promised(house: Knowledge) -> None:
    """At least 70 answering entries and 15 gaps, each in German and English."""
    for lang in ("de", "en"):
        layers = [entry.layer for entry in house.entries if entry.lang == lang]

        assert layers.count(Layer.GAP) >= 15
        assert layers.count(Layer.PAGE) + layers.count(Layer.LITERATURE) >= 70


def test_listed_contact() -> None:
    """The listed contact is the one on the initiative's page."""
    contact = default_contact(read_contacts(BUILT_IN / "contacts.yaml"))

    assert (contact.name, contact.phone) == ("Jacob Rohm", "+49 30 520 065 411")
    assert contact.email == "jacob.rohm@phineo.org"


def test_rules_across_files(house: Knowledge) -> None:
    """A missing translation, a dead link, a repeated question and an overlong title are each named."""
    first, second, *rest = (entry for entry in house.entries if entry.lang == "de")
    broken = (
        replace(first, related=("gibt-es-nicht",), title="x" * 60),
        replace(second, questions=(*second.questions, first.questions[0])),
        *rest,
    )

    messages = "\n".join(map(str, check_knowledge(replace(house, entries=broken))))

    for expected in (
        "there is no other entry 'gibt-es-nicht'",
        "60 characters",
        "is also in the entry",
        "missing in",
    ):
        assert expected in messages


def test_foreign_folder(tmp_path: Path) -> None:
    """Any folder of Markdown files can be read; ids are paths without the ending."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "eins.md").write_text("Text eins", encoding="utf-8")
    (tmp_path / "sub" / "zwei.md").write_text("Text zwei", encoding="utf-8")

    assert [entry.id for entry in load_knowledge(tmp_path).entries] == ["eins", "sub/zwei"]


def test_all_problems_at_once(tmp_path: Path) -> None:
    """Every unusable file is named, not only the first."""
    (tmp_path / "a.md").write_bytes(b"")
    (tmp_path / "b.md").write_bytes(b"\xff")

    with pytest.raises(ContentError) as caught:
        load_knowledge(tmp_path)

    assert [problem.path.name for problem in caught.value.problems] == ["a.md", "b.md"]


@pytest.mark.parametrize("make", [False, True])
def test_no_folder_or_nothing_in_it(tmp_path: Path, make: bool) -> None:
    """A missing and an empty folder are clear errors."""
    folder = tmp_path / "wissen"
    if make:
        folder.mkdir()

    with pytest.raises(GwError, match="no Markdown file" if make else "does not exist"):
        load_knowledge(folder)


def test_contact_for_a_subject() -> None:
    """An entry among a contact's topics leads to that contact, every other one to the default."""
    listed = Contact("a", "A", "Beratung", "1", "a@example.org", default=True)
    other = Contact("b", "B", "Forschung", "2", "b@example.org", topics=("kritik",))

    assert contact_for((listed, other), "kritik") is other
    assert contact_for((listed, other), "backbone") is listed
    assert contact_for((listed, other), "") is listed


@pytest.mark.parametrize(
    "text",
    [
        "contacts: []",
        "[]",
        "contacts:\n  - id: a",
        "contacts: [{id: a, name: b, role: c, phone: '115', email: e@f.de, default: true, fax: f}]",
    ],
)
def test_contacts_of_another_form(tmp_path: Path, text: str) -> None:
    """A contacts file that is incomplete, empty or has unknown keys is rejected."""
    (tmp_path / "contacts.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(ContentError):
        read_contacts(tmp_path / "contacts.yaml")


def test_folders_in_one_another(tmp_path: Path) -> None:
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


def test_a_folder_too_deep_for_the_system(tmp_path: Path) -> None:
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
