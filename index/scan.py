"""One pass over the knowledge: texts go to files as they come, numbers stay in memory (some 15 bytes a passage)."""

import json
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from index import lexical
from index.entries import EntryWriter, digest, write_names
from knowledge.chunk import Kind, Passage, passages
from knowledge.entry import Layer
from knowledge.folder import Knowledge
from knowledge.intents import Intent

PASSAGES = "passages.jsonl"
ROW = np.dtype([("target", "<i4"), ("kind", "u1"), ("gap", "u1"), ("intent", "u1"), ("foreign", "u1")])
KINDS = tuple(Kind)
Progress = Callable[[str, int, int | None], None]  # what is being done, how many of it, of how many if that is known


@dataclass(frozen=True, slots=True)
class Scanned:
    """What is known after the pass. One row and one key a passage; equal keys are equal texts to embed."""

    rows: NDArray[np.void]
    keys: NDArray[np.uint64]
    entries: int
    languages: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    numbers: dict[str, int] = field(default_factory=dict)  # target -> its number
    gaps: set[int] = field(default_factory=set)
    languages: set[str] = field(default_factory=set)
    targets: "array[int]" = field(default_factory=lambda: array("i"))
    kinds: bytearray = field(default_factory=bytearray)
    foreign: bytearray = field(default_factory=bytearray)
    keys: "array[int]" = field(default_factory=lambda: array("Q"))

    def add(self, passage: Passage) -> None:
        self.targets.append(self.numbers.setdefault(passage.entry, len(self.numbers)))
        self.kinds.append(KINDS.index(passage.kind))
        self.foreign.append(passage.lang not in self.languages)
        side = "q" if passage.kind is Kind.QUESTION else "p"
        self.keys.append(digest(f"{side}:{passage.text}"))

    def rows(self, entries: int) -> NDArray[np.void]:
        """The rows; targets from the number ``entries`` on are intents."""
        rows = np.zeros(len(self.targets), ROW)
        rows["target"], rows["kind"], rows["foreign"] = self.targets, list(self.kinds), list(self.foreign)
        rows["gap"], rows["intent"] = np.isin(rows["target"], list(self.gaps)), rows["target"] >= entries
        return rows


def scan(knowledge: Knowledge, folder: Path, progress: Progress) -> Scanned:
    """Write entries, passages, words and names into a new folder; raises ContentError as the knowledge does."""
    tally = _Tally()
    with (folder / PASSAGES).open("w", encoding="utf-8", errors="replace") as file:
        with EntryWriter(folder) as writer:
            lexical.write(folder / "words.db", _entries(knowledge, writer, file, tally, progress))
        entries = len(tally.numbers)
        for intent in knowledge.intents:
            for passage in _phrases(intent):
                _write(passage, file, tally)
    write_names(folder, list(tally.numbers))
    return Scanned(
        rows=tally.rows(entries),
        keys=np.array(tally.keys, "<u8"),
        entries=entries,
        languages=tuple(sorted(tally.languages)),
    )


def _entries(
    knowledge: Knowledge, writer: EntryWriter, file: TextIO, tally: _Tally, progress: Progress
) -> Iterator[lexical.Row]:
    """The rows of the word index, while everything else of the entries is written beside."""
    for number, entry in enumerate(knowledge.entries, 1):
        writer.add(entry)
        tally.languages.add(entry.lang)
        tally.numbers.setdefault(entry.id, len(tally.numbers))
        if entry.layer is Layer.GAP:
            tally.gaps.add(tally.numbers[entry.id])
        for passage in passages(entry):
            _write(passage, file, tally)
            if passage.kind is Kind.TEXT:
                yield entry.id, entry.lang, passage.text, "\n".join(entry.questions)
        progress("reading", number, None)


def _write(passage: Passage, file: TextIO, tally: _Tally) -> None:
    file.write(json.dumps({"id": passage.id, "text": passage.text}, ensure_ascii=False) + "\n")
    tally.add(passage)


def _phrases(intent: Intent) -> Iterator[Passage]:
    target = f"@{intent.id}"
    for number, (lang, text) in enumerate(intent.phrases):
        yield Passage(f"{target}/{lang}/{Kind.QUESTION}/{number}", target, lang, Kind.QUESTION, text)
