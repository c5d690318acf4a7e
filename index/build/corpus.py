"""One pass over the knowledge: texts go to files as they come, numbers stay in memory (some 15 bytes a passage)."""

import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from index.build.progress import Progress
from index.storage import bm25
from index.storage.entry_store import EntryWriter, digest, write_names
from index.storage.inverted_index import PostingsWriter
from index.storage.layout import ASKED, NAMES, PASSAGES, ROW
from index.storage.term_overlap import tokens
from index.text.proper_names import NONE, ProperNames, bare, proper_names
from knowledge.loader import Knowledge
from knowledge.parsing.plain_text import plain
from knowledge.passages import KINDS, Kind, Passage, passages
from knowledge.records.entry import EASY, Layer
from knowledge.records.intents import Intent


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
        side = "q" if KINDS.index(passage.kind) in ASKED else "p"
        self.keys.append(digest(f"{side}:{passage.text}"))

    def rows(self, entries: int) -> NDArray[np.void]:
        """The rows; targets from the number ``entries`` on are intents."""
        rows = np.zeros(len(self.targets), ROW)
        rows["target"], rows["kind"], rows["foreign"] = self.targets, list(self.kinds), list(self.foreign)
        rows["gap"], rows["intent"] = np.isin(rows["target"], list(self.gaps)), rows["target"] >= entries
        return rows


def scan(knowledge: Knowledge, folder: Path, progress: Progress) -> Scanned:
    """Write entries, passages, words and names into a new folder; raises ContentError as the knowledge does."""
    tally, known = _Tally(), _names(knowledge)
    nameless: list[Passage] = []
    (folder / NAMES).write_text(json.dumps(sorted(known), ensure_ascii=False), encoding="utf-8")
    with (folder / PASSAGES).open("w", encoding="utf-8", errors="replace") as file:
        with EntryWriter(folder) as entries, PostingsWriter(folder) as postings:
            writers = _Writers(file, entries, postings, nameless)
            found = _entries(knowledge, known, writers, tally, progress)
            bm25.write(folder / "words.db", found)
        count = len(tally.numbers)
        for intent in knowledge.intents:
            for passage in _phrases(intent):
                _write(passage, file, tally)
        for passage in nameless:  # they stand last: a question is compared with them by itself
            _write(passage, file, tally)
    write_names(folder, list(tally.numbers))
    return Scanned(
        rows=tally.rows(count),
        keys=np.array(tally.keys, "<u8"),
        entries=count,
        languages=tuple(sorted(tally.languages)),
    )


@dataclass(frozen=True, slots=True)
class _Writers:
    passages: TextIO
    entries: EntryWriter
    postings: PostingsWriter
    nameless: list[Passage]  # what is written when all else was; the house alone has them, a few thousand


def _entries(
    knowledge: Knowledge, known: ProperNames, writers: _Writers, tally: _Tally, progress: Progress
) -> Iterator[bm25.Row]:
    """The rows of the word index, while everything else of the entries is written beside."""
    for number, entry in enumerate(knowledge.entries, 1):
        writers.entries.add(entry)
        if entry.lang == EASY:
            continue
        tally.languages.add(entry.lang)
        target = tally.numbers.setdefault(entry.id, len(tally.numbers))
        if entry.layer is Layer.GAP:
            tally.gaps.add(target)
        wording = "\n".join((entry.title, plain(entry.body), *entry.questions))
        writers.postings.add(target, tokens(wording, [entry.lang]))
        found = passages(entry)
        writers.nameless.extend(_bare(found, known))
        for passage in found:
            _write(passage, writers.passages, tally)
            if passage.kind is Kind.TEXT:
                yield entry.id, entry.lang, passage.text, "\n".join(entry.questions)
        progress("reading", number, None)


def _names(knowledge: Knowledge) -> ProperNames:
    """The names in the answering entries of the house; a foreign folder has no questions to take them out of."""
    return (
        proper_names(entry for entry in knowledge.entries if entry.layer is not Layer.GAP and entry.lang != EASY)
        if knowledge.intents
        else NONE
    )


def _bare(found: Sequence[Passage], known: ProperNames) -> Iterator[Passage]:
    """The example questions among these passages without the names, each once."""
    questions = [passage for passage in found if passage.kind is Kind.QUESTION and known]
    texts = dict.fromkeys(bare(passage.text, known) for passage in questions)
    for number, text in enumerate(texts):
        first = questions[0]
        yield Passage(f"{first.entry}/{first.lang}/{Kind.BARE}/{number}", first.entry, first.lang, Kind.BARE, text)


def _write(passage: Passage, file: TextIO, tally: _Tally) -> None:
    file.write(json.dumps({"id": passage.id, "text": passage.text}, ensure_ascii=False) + "\n")
    tally.add(passage)


def _phrases(intent: Intent) -> Iterator[Passage]:
    target = f"@{intent.id}"
    for number, (lang, text) in enumerate(intent.phrases):
        yield Passage(f"{target}/{lang}/{Kind.QUESTION}/{number}", target, lang, Kind.QUESTION, text)
