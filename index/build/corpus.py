"""One pass over the knowledge: texts go to files as they come, numbers stay in memory (some 15 bytes a passage)."""

import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from index.build.progress import ProgressCallback
from index.storage import bm25
from index.storage.entry_store import EntryWriter, hash_text, write_target_names
from index.storage.inverted_index import InvertedIndexWriter
from index.storage.layout import NAMES_FILE, PASSAGES_FILE, QUESTION_KINDS, ROW_DTYPE
from index.storage.term_overlap import hash_tokens
from index.text.proper_names import NO_NAMES, ProperNames, extract_proper_names, mask_names
from knowledge.loader import Knowledge
from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.passages import KINDS, Passage, PassageKind, extract_passages
from knowledge.records.entry import LEICHTE_SPRACHE, Layer
from knowledge.records.intents import Intent


@dataclass(frozen=True, slots=True)
class CorpusStats:
    """What is known after the pass. One row and one key a passage; equal keys are equal texts to embed."""

    rows: NDArray[np.void]
    text_keys: NDArray[np.uint64]
    entry_count: int
    languages: tuple[str, ...]


@dataclass(slots=True)
class _RowBuilder:
    target_numbers: dict[str, int] = field(default_factory=dict)  # target -> its number
    gap_targets: set[int] = field(default_factory=set)
    languages: set[str] = field(default_factory=set)
    row_targets: "array[int]" = field(default_factory=lambda: array("i"))
    row_kinds: bytearray = field(default_factory=bytearray)
    in_other_language: bytearray = field(default_factory=bytearray)
    text_keys: "array[int]" = field(default_factory=lambda: array("Q"))

    def add_passage(self, passage: Passage) -> None:
        self.row_targets.append(self.target_numbers.setdefault(passage.entry, len(self.target_numbers)))
        self.row_kinds.append(KINDS.index(passage.kind))
        self.in_other_language.append(passage.lang not in self.languages)
        key_prefix = "q" if KINDS.index(passage.kind) in QUESTION_KINDS else "p"
        self.text_keys.append(hash_text(f"{key_prefix}:{passage.text}"))

    def build_rows(self, entry_count: int) -> NDArray[np.void]:
        """The rows; targets from the number ``entries`` on are intents."""
        rows = np.zeros(len(self.row_targets), ROW_DTYPE)
        rows["target"], rows["kind"], rows["foreign"] = (
            self.row_targets,
            list(self.row_kinds),
            list(self.in_other_language),
        )
        rows["gap"], rows["intent"] = np.isin(rows["target"], list(self.gap_targets)), rows["target"] >= entry_count
        return rows


def write_corpus(knowledge: Knowledge, folder: Path, progress: ProgressCallback) -> CorpusStats:
    """Write entries, passages, words and names into a new folder; raises ContentError as the knowledge does."""
    row_builder, names = _RowBuilder(), _collect_proper_names(knowledge)
    masked_questions: list[Passage] = []
    (folder / NAMES_FILE).write_text(json.dumps(sorted(names), ensure_ascii=False), encoding="utf-8")
    with (folder / PASSAGES_FILE).open("w", encoding="utf-8", errors="replace") as file:
        with EntryWriter(folder) as entries, InvertedIndexWriter(folder) as postings:
            writers = _CorpusWriters(file, entries, postings, masked_questions)
            word_rows = _write_entries(knowledge, names, writers, row_builder, progress)
            bm25.write_word_index(folder / "words.db", word_rows)
        entry_count = len(row_builder.target_numbers)
        for intent in knowledge.intents:
            for passage in _intent_passages(intent):
                _write_passage(passage, file, row_builder)
        for passage in masked_questions:  # they stand last: a question is compared with them by itself
            _write_passage(passage, file, row_builder)
    write_target_names(folder, list(row_builder.target_numbers))
    return CorpusStats(
        rows=row_builder.build_rows(entry_count),
        text_keys=np.array(row_builder.text_keys, "<u8"),
        entry_count=entry_count,
        languages=tuple(sorted(row_builder.languages)),
    )


@dataclass(frozen=True, slots=True)
class _CorpusWriters:
    passages: TextIO
    entries: EntryWriter
    postings: InvertedIndexWriter
    masked_questions: list[Passage]  # what is written when all else was; the house alone has them, a few thousand


def _write_entries(
    knowledge: Knowledge,
    names: ProperNames,
    writers: _CorpusWriters,
    row_builder: _RowBuilder,
    progress: ProgressCallback,
) -> Iterator[bm25.WordRow]:
    """The rows of the word index, while everything else of the entries is written beside."""
    for number, entry in enumerate(knowledge.entries, 1):
        writers.entries.add_entry(entry)
        if entry.lang == LEICHTE_SPRACHE:
            continue
        row_builder.languages.add(entry.lang)
        target = row_builder.target_numbers.setdefault(entry.id, len(row_builder.target_numbers))
        if entry.layer is Layer.GAP:
            row_builder.gap_targets.add(target)
        wording = "\n".join((entry.title, markdown_to_plain(entry.body), *entry.questions))
        writers.postings.add_text(target, hash_tokens(wording, [entry.lang]))
        entry_passages = extract_passages(entry)
        writers.masked_questions.extend(_mask_questions(entry_passages, names))
        for passage in entry_passages:
            _write_passage(passage, writers.passages, row_builder)
            if passage.kind is PassageKind.TEXT:
                yield entry.id, entry.lang, passage.text, "\n".join(entry.questions)
        progress("reading", number, None)


def _collect_proper_names(knowledge: Knowledge) -> ProperNames:
    """The names in the answering entries of the house; a foreign folder has no questions to take them out of."""
    return (
        extract_proper_names(
            entry for entry in knowledge.entries if entry.layer is not Layer.GAP and entry.lang != LEICHTE_SPRACHE
        )
        if knowledge.intents
        else NO_NAMES
    )


def _mask_questions(entry_passages: Sequence[Passage], names: ProperNames) -> Iterator[Passage]:
    """The example questions among these passages without the names, each once."""
    questions = [passage for passage in entry_passages if passage.kind is PassageKind.QUESTION and names]
    texts = dict.fromkeys(mask_names(passage.text, names) for passage in questions)
    for number, text in enumerate(texts):
        first = questions[0]
        yield Passage(
            f"{first.entry}/{first.lang}/{PassageKind.MASKED}/{number}",
            first.entry,
            first.lang,
            PassageKind.MASKED,
            text,
        )


def _write_passage(passage: Passage, file: TextIO, row_builder: _RowBuilder) -> None:
    file.write(json.dumps({"id": passage.id, "text": passage.text}, ensure_ascii=False) + "\n")
    row_builder.add_passage(passage)


def _intent_passages(intent: Intent) -> Iterator[Passage]:
    target = f"@{intent.id}"
    for number, (lang, text) in enumerate(intent.phrases):
        yield Passage(f"{target}/{lang}/{PassageKind.QUESTION}/{number}", target, lang, PassageKind.QUESTION, text)
