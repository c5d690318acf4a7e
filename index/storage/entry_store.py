"""Read and write the entries, passages and target names of an index folder.

Entries stay on disk and are looked up one at a time. They are read with pread rather than mapped, because touched
pages of a mapped file count as memory of the process.
"""

import contextlib
import hashlib
import json
import os
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import cached_property, lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from index.storage.layout import ENTRIES_FILE, ENTRY_OFFSETS_FILE, PASSAGES_FILE, TARGET_ENDS_FILE, TARGETS_FILE
from knowledge.records.entry import Entry, Layer

ENTRY_CACHE_SIZE = 512  # parsed entries in memory; answering a question needs a handful


def hash_text(text: str) -> int:
    """Return a 64-bit hash of a text. A million texts contain a collision with a probability of 1 in 37 million."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")


class EntryWriter(AbstractContextManager["EntryWriter"]):
    """Append entries to a file, to be used with ``with``; the table of their offsets is written at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: BinaryIO = (folder / ENTRIES_FILE).open("wb")
        self._locations = array("Q")  # hash of the id, offset, length

    def add_entry(self, entry: Entry, sentences: Sequence[str]) -> None:
        """Append one entry, with those of its sentences that are passages of their own."""
        data = asdict(entry) | {"sentences": sentences}
        line = (json.dumps(data, ensure_ascii=False) + "\n").encode("utf-8", "replace")
        self._locations.extend((hash_text(entry.id), self._file.tell(), len(line)))
        self._file.write(line)

    def __exit__(self, *_: object) -> None:
        self._file.close()
        locations = np.array(self._locations, "<u8").reshape(-1, 3)
        np.save(self._folder / ENTRY_OFFSETS_FILE, locations[np.argsort(locations[:, 0], kind="stable")])


class EntryStore:
    """A read-only mapping from an entry id to the entry in each of its languages, in stored order; thread-safe."""

    def __init__(self, count: int, read_lines: Callable[[str], Iterable[str | bytes]]) -> None:
        """``read_lines`` returns the JSON lines of an id; lines of other ids are ignored."""
        self._count = count
        self._load_versions = lru_cache(ENTRY_CACHE_SIZE)(partial(_load_versions, read_lines))

    @classmethod
    def open_folder(cls, folder: Path) -> "EntryStore":
        """Open the entries of an index folder."""
        locations = np.load(folder / ENTRY_OFFSETS_FILE)
        file = os.open(folder / ENTRIES_FILE, os.O_RDONLY)
        read_lines = partial(_read_lines, file, locations[:, 0].copy(), locations[:, 1:].copy())
        store = cls(len(np.unique(locations[:, 0])), read_lines)
        weakref.finalize(store, os.close, file)
        return store

    def __len__(self) -> int:
        return self._count

    def __contains__(self, entry_id: str) -> bool:
        return bool(self._load_versions(entry_id))

    def __getitem__(self, entry_id: str) -> dict[str, Entry]:
        """Return an entry by language; raises KeyError for an unknown id."""
        if versions := self._load_versions(entry_id):
            return {lang: entry for lang, (entry, _) in versions.items()}
        raise KeyError(entry_id)

    def get_sentences(self, entry_id: str) -> dict[str, Sequence[str]]:
        """Return by language the sentences of an entry that are passages of their own."""
        return {lang: sentences for lang, (_, sentences) in self._load_versions(entry_id).items()}


def _read_lines(file: int, keys: NDArray[np.uint64], locations: NDArray[np.uint64], entry_id: str) -> list[bytes]:
    key = np.uint64(hash_text(entry_id))
    first, last = np.searchsorted(keys, key), np.searchsorted(keys, key, side="right")
    return [os.pread(file, size, start) for start, size in locations[first:last].tolist()]


def _load_versions(
    read_lines: Callable[[str], Iterable[str | bytes]], entry_id: str
) -> dict[str, tuple[Entry, Sequence[str]]]:
    versions = map(_parse_version, read_lines(entry_id))
    return {entry.lang: (entry, sentences) for entry, sentences in versions if entry.id == entry_id}


def _parse_version(line: str | bytes) -> tuple[Entry, Sequence[str]]:
    data = json.loads(line)
    sentences = data.pop("sentences", ())  # an older index lacks them
    keys = ("audience", "related", "questions", "not_answered")
    tuple_fields = {key: tuple(data.get(key, ())) for key in keys}  # an older index lacks the last
    return Entry(**{**data, **tuple_fields, "layer": Layer(data["layer"])}), sentences


def write_target_names(folder: Path, names: Sequence[str]) -> None:
    """Write the names of the targets, by number."""
    ends = np.zeros(len(names) + 1, "<i8")
    with (folder / TARGETS_FILE).open("wb") as file:
        for number, name in enumerate(names, 1):
            file.write(name.encode("utf-8", "replace"))
            ends[number] = file.tell()
    np.save(folder / TARGET_ENDS_FILE, ends)


class TargetNames:
    """The names of the targets by number. As Python strings, a million of them would take three times the memory."""

    def __init__(self, folder: Path) -> None:
        self._text = (folder / TARGETS_FILE).read_bytes()
        self._ends = memoryview(np.load(folder / TARGET_ENDS_FILE))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> str:
        return self._text[self._ends[number] : self._ends[number + 1]].decode()

    def find_number(self, name: str) -> int:
        """Return the number of a target; the first call reads all names. Raises KeyError for an unknown one."""
        return self._numbers[name]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {self[number]: number for number in range(len(self))}


def format_passage(passage_id: str, text: str) -> str:
    """Return the JSON line of a passage."""
    return json.dumps({"id": passage_id, "text": text}, ensure_ascii=False) + "\n"


def parse_passage(line: str | bytes) -> tuple[str, str]:
    """Return the id and the text of a line."""
    passage = json.loads(line)
    return str(passage["id"]), str(passage["text"])


def read_passages(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the id and the text of every passage of an index folder, by row."""
    with (folder / PASSAGES_FILE).open(encoding="utf-8") as file:
        yield from map(parse_passage, file)


def read_passage_text(folder: Path, row: int) -> str:
    """Return the text of one row, or "" if the folder no longer exists; raises IndexError for an unknown row."""
    with contextlib.suppress(FileNotFoundError), (folder / PASSAGES_FILE).open(encoding="utf-8") as file:
        for line in islice(file, row, row + 1):
            return parse_passage(line)[1]
    if not folder.is_dir():
        return ""
    raise IndexError(row)
