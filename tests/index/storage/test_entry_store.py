"""Entries and names on disk."""

from pathlib import Path

import pytest

from index.storage.entry_store import EntryStore, EntryWriter, TargetNames, write_target_names
from knowledge.records.entry import Entry, Layer

GERMAN = Entry(
    "vision", "de", "Vision", "Größe „und“ Kraft\n\nzwei", Layer.PAGE, audience=("npo",), questions=("Wozu?",)
)
ENGLISH = Entry("vision", "en", "Vision", "Strength", Layer.PAGE)
OTHER = Entry("ordner/große datei", "de", "Datei", "Text")


@pytest.fixture
def entries(tmp_path: Path) -> EntryStore:
    """Two entries, one of them in two languages that are not written next to each other."""
    with EntryWriter(tmp_path) as writer:
        for entry, sentences in ((GERMAN, ["Größe „und“ Kraft", "zwei"]), (OTHER, []), (ENGLISH, [])):
            writer.add_entry(entry, sentences)
    return EntryStore.open_folder(tmp_path)


def test_entries_are_read_back_unchanged(entries: EntryStore) -> None:
    """An entry is found by its id, in each of its languages, in the order in which they were written."""
    assert list(entries["vision"].items()) == [("de", GERMAN), ("en", ENGLISH)]
    assert entries["ordner/große datei"] == {"de": OTHER}
    assert len(entries) == 2
    assert entries.get_sentences("vision") == {"de": ["Größe „und“ Kraft", "zwei"], "en": []}


def test_unknown_entry(entries: EntryStore) -> None:
    """An id that does not exist is not found."""
    assert "vision" in entries
    assert "visio" not in entries
    with pytest.raises(KeyError, match="visio"):
        entries["visio"]


def test_names_by_number(tmp_path: Path) -> None:
    """Names are read back by their number, whatever characters they contain."""
    names = ["vision", "ordner/große\ndatei", "@gruß"]

    write_target_names(tmp_path, names)

    assert [TargetNames(tmp_path)[number] for number in range(len(TargetNames(tmp_path)))] == names
