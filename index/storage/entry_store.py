"""The entries and the names of the targets of an index folder: on disk, looked up one by one.

The files are read, not mapped: a mapped file counts as the process's memory as far as it was touched.
"""

import hashlib
import json
import os
import weakref
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from knowledge.records.entry import Entry, Layer

FILES = ("entries.jsonl", "entries.npy")
KEPT = 512  # entries in memory; the answers to a question need a handful


def digest(text: str) -> int:
    """64 bits that stand for a text: two of a million texts share them once in 37 million folders."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")


class EntryWriter:
    """Writes entries one after the other, and at the end where each of them stands; use it with `with`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: BinaryIO = (folder / FILES[0]).open("wb")
        self._places = array("Q")  # key of the id, start, size

    def add(self, entry: Entry) -> None:
        """Append one entry."""
        line = (json.dumps(asdict(entry), ensure_ascii=False) + "\n").encode("utf-8", "replace")
        self._places.extend((digest(entry.id), self._file.tell(), len(line)))
        self._file.write(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        places = np.array(self._places, "<u8").reshape(-1, 3)
        np.save(self._folder / FILES[1], places[np.argsort(places[:, 0], kind="stable")])


class Entries:
    """Entries by id, and by language in the order in which they were written. Safe to use from several threads."""

    def __init__(self, count: int, lines: Callable[[str], Iterable[str | bytes]]) -> None:
        """``lines`` gives what was written of an id, and maybe of others."""
        self._count = count
        self._by_id: Callable[[str], dict[str, Entry]] = lru_cache(KEPT)(partial(_entries, lines))

    @classmethod
    def open(cls, folder: Path) -> "Entries":
        """The entries of an index folder."""
        places = np.load(folder / FILES[1])
        file = os.open(folder / FILES[0], os.O_RDONLY)
        read = partial(_read, file, places[:, 0].copy(), places[:, 1:].copy())
        found = cls(len(np.unique(places[:, 0])), read)
        weakref.finalize(found, os.close, file)
        return found

    def __len__(self) -> int:
        return self._count

    def __contains__(self, entry_id: str) -> bool:
        return bool(self._by_id(entry_id))

    def __getitem__(self, entry_id: str) -> dict[str, Entry]:
        """An entry by language; raises KeyError for an unknown id."""
        if found := self._by_id(entry_id):
            return found
        raise KeyError(entry_id)


def _read(file: int, keys: NDArray[np.uint64], places: NDArray[np.uint64], entry_id: str) -> list[bytes]:
    key = np.uint64(digest(entry_id))
    first, last = np.searchsorted(keys, key), np.searchsorted(keys, key, side="right")
    return [os.pread(file, size, start) for start, size in places[first:last].tolist()]


def _entries(lines: Callable[[str], Iterable[str | bytes]], entry_id: str) -> dict[str, Entry]:
    found = (_entry(json.loads(line)) for line in lines(entry_id))
    return {entry.lang: entry for entry in found if entry.id == entry_id}


def _entry(data: dict[str, Any]) -> Entry:
    lists = {key: tuple(data[key]) for key in ("audience", "related", "questions")}
    return Entry(**{**data, **lists, "layer": Layer(data["layer"])})


def write_names(folder: Path, names: Sequence[str]) -> None:
    """Write the targets' names, in order."""
    ends = np.zeros(len(names) + 1, "<i8")
    with (folder / "targets.txt").open("wb") as file:
        for number, name in enumerate(names, 1):
            file.write(name.encode("utf-8", "replace"))
            ends[number] = file.tell()
    np.save(folder / "targets.npy", ends)


class Names:
    """Names by number. A million of them as Python strings would take three times the memory."""

    def __init__(self, folder: Path) -> None:
        self._text = (folder / "targets.txt").read_bytes()
        self._ends = memoryview(np.load(folder / "targets.npy"))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> str:
        return self._text[self._ends[number] : self._ends[number + 1]].decode()
