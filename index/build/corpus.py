"""Write the texts of a knowledge base into an index folder, in one pass.

Texts go to files as they are read; only numbers stay in memory, about 16 bytes per passage.
"""

import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.storage import layout
from index.storage.bm25 import WordIndexWriter
from index.storage.entry_store import EntryWriter, format_passage, hash_text, write_target_names
from index.storage.inverted_index import InvertedIndexWriter
from index.storage.term_overlap import hash_tokens
from index.text.proper_names import NO_NAMES, ProperNames, extract_proper_names, mask_names
from knowledge.loader import Knowledge
from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.passages import KINDS, Passage, PassageKind, extract_passages
from knowledge.records.entry import DETAILS_GAP, LEICHTE_SPRACHE, Entry, Layer
from knowledge.records.intents import Intent

ProgressCallback = Callable[[str, int, int | None], None]  # activity, items done, items in total if known


def ignore_progress(activity: str, done: int, total: int | None) -> None:
    """Do nothing; the default callback."""


@dataclass(frozen=True, slots=True)
class CorpusStats:
    """What the later steps of a build need of the corpus.

    Attributes:
        rows: ROW_DTYPE (rows,).
        text_keys: (rows,); equal keys are equal texts to encode.
    """

    rows: NDArray[np.void]
    text_keys: NDArray[np.uint64]
    entry_count: int
    languages: tuple[str, ...]


def write_corpus(knowledge: Knowledge, folder: Path, progress: ProgressCallback) -> CorpusStats:
    """Write all files of a new version except vectors and manifest; raises ContentError if an entry is unusable."""
    names = _collect_proper_names(knowledge)
    languages: set[str] = set()
    masked_questions: list[Passage] = []  # a few thousand, and only in the built-in knowledge base
    not_answered: list[Passage] = []  # likewise
    with (
        EntryWriter(folder) as entries,
        _PassageWriter(folder) as passages,
        InvertedIndexWriter(folder) as postings,
        WordIndexWriter(folder / layout.WORDS_FILE) as words,
    ):
        for number, entry in enumerate(knowledge.entries, 1):
            if entry.lang == LEICHTE_SPRACHE:
                entries.add_entry(entry, ())
                continue
            languages.add(entry.lang)
            target = passages.number_target(entry.id, is_gap=entry.layer is Layer.GAP)
            wording = "\n".join((entry.title, markdown_to_plain(entry.body), *entry.questions))
            postings.add_text(target, hash_tokens(wording, [entry.lang]))
            entry_passages = extract_passages(entry)
            sentences = [passage.text for passage in entry_passages if passage.kind is PassageKind.SENTENCE]
            entries.add_entry(entry, sentences)
            for passage in entry_passages:
                passages.add_passage(passage)
                if passage.kind is PassageKind.TEXT:
                    words.add_row(entry.id, entry.lang, passage.text, "\n".join(entry.questions))
            masked_questions.extend(_mask_questions(entry_passages, names))
            not_answered.extend(_not_answered_passages(entry))
            progress("reading", number, None)
        entry_count = len(passages.target_numbers)
        further_questions = list(_foreign_question_passages(knowledge))
        if DETAILS_GAP in passages.target_numbers:
            further_questions += not_answered
        for passage in further_questions:
            passages.add_passage(passage, is_foreign=passage.lang not in languages)
        masked_questions.extend(_mask_questions(further_questions, names))
        for intent in knowledge.intents:
            for passage in _intent_passages(intent):
                passages.add_passage(passage, is_foreign=passage.lang not in languages)
        for passage in masked_questions:  # last, because queries are compared with them separately
            passages.add_passage(passage)
    rows, text_keys = passages.build_rows(entry_count), np.array(passages.text_keys, "<u8")
    np.save(folder / layout.ROWS_FILE, rows)
    np.save(folder / layout.KEYS_FILE, text_keys)
    write_target_names(folder, list(passages.target_numbers))
    intents = {intent.id: intent.reply for intent in knowledge.intents}
    (folder / layout.INTENTS_FILE).write_text(json.dumps(intents), encoding="utf-8")
    (folder / layout.NAMES_FILE).write_text(json.dumps(sorted(names), ensure_ascii=False), encoding="utf-8")
    return CorpusStats(rows, text_keys, entry_count, tuple(sorted(languages)))


class _PassageWriter(AbstractContextManager["_PassageWriter"]):
    """Append passages to a file, to be used with ``with``, and collect a row and a text key for each of them."""

    def __init__(self, folder: Path) -> None:
        self.target_numbers: dict[str, int] = {}
        self.text_keys = array("Q")
        self._gap_targets: set[int] = set()
        self._rows = bytearray()  # records of ROW_DTYPE
        self._file = (folder / layout.PASSAGES_FILE).open("w", encoding="utf-8", errors="replace")

    def number_target(self, name: str, *, is_gap: bool = False) -> int:
        number = self.target_numbers.setdefault(name, len(self.target_numbers))
        if is_gap:
            self._gap_targets.add(number)
        return number

    def add_passage(self, passage: Passage, *, is_foreign: bool = False) -> None:
        self._file.write(format_passage(passage.id, passage.text))
        kind = KINDS.index(passage.kind)
        target = self.number_target(passage.entry)
        self._rows += np.array((target, kind, 0, 0, is_foreign), layout.ROW_DTYPE).tobytes()
        self.text_keys.append(hash_text(f"{'q' if kind in layout.QUESTION_KINDS else 'p'}:{passage.text}"))

    def build_rows(self, entry_count: int) -> NDArray[np.void]:
        rows = np.frombuffer(self._rows, layout.ROW_DTYPE).copy()
        rows["gap"] = np.isin(rows["target"], list(self._gap_targets))
        rows["intent"] = rows["target"] >= entry_count
        return rows

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _collect_proper_names(knowledge: Knowledge) -> ProperNames:
    """Return the names in the answering entries; none for an external folder, which has no example questions."""
    if not knowledge.intents:
        return NO_NAMES
    searched = (entry for entry in knowledge.entries if entry.lang != LEICHTE_SPRACHE)
    return extract_proper_names(entry for entry in searched if entry.layer is not Layer.GAP)


def _mask_questions(passages: Sequence[Passage], names: ProperNames) -> Iterator[Passage]:
    """Yield the example questions among these passages with the names masked, equal ones of an entry once."""
    questions = [passage for passage in passages if passage.kind is PassageKind.QUESTION and names]
    masked = {(question.entry, mask_names(question.text, names)): question for question in reversed(questions)}
    for (_, text), question in reversed(masked.items()):
        passage_id = question.id.replace(f"/{PassageKind.QUESTION}/", f"/{PassageKind.MASKED}/")
        yield replace(question, id=passage_id, kind=PassageKind.MASKED, text=text)


def _not_answered_passages(entry: Entry) -> Iterator[Passage]:
    """Yield the questions that an entry does not answer as those of the gap that says so."""
    for number, text in enumerate(entry.not_answered):
        passage_id = f"{entry.id}/{entry.lang}/{PassageKind.QUESTION}/not-{number}"
        yield Passage(passage_id, DETAILS_GAP, entry.lang, PassageKind.QUESTION, text)


def _foreign_question_passages(knowledge: Knowledge) -> Iterator[Passage]:
    for file in knowledge.example_questions:
        for entry_id, texts in file.by_entry.items():
            for number, text in enumerate(texts):
                passage_id = f"{entry_id}/{file.lang}/{PassageKind.QUESTION}/{number}"
                yield Passage(passage_id, entry_id, file.lang, PassageKind.QUESTION, text)


def _intent_passages(intent: Intent) -> Iterator[Passage]:
    target = f"@{intent.id}"
    for number, (lang, text) in enumerate(intent.phrases):
        yield Passage(f"{target}/{lang}/{PassageKind.QUESTION}/{number}", target, lang, PassageKind.QUESTION, text)
