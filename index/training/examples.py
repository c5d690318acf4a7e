"""The texts that an encoder is adapted to, each with the class that it belongs to in the index. Pure."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.loader import Knowledge
from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.passages import PassageKind, extract_passages
from knowledge.records.entry import DETAILS_GAP, LEICHTE_SPRACHE, Layer

PASSAGE_KINDS = (PassageKind.TEXT, PassageKind.SENTENCE)


@dataclass(frozen=True, slots=True)
class ExampleQuestion:
    """A question and its class: the entry, gap or intent that it belongs to, by its name in the index."""

    text: str
    lang: str
    target: str


def list_questions(knowledge: Knowledge) -> list[ExampleQuestion]:
    """Return all example questions and phrases in a stable order, each text once.

    A question under ``not`` belongs to the gap of details, as in the index.
    """
    distinct: dict[str, ExampleQuestion] = {}
    for example in _iterate_questions(knowledge):
        distinct.setdefault(example.text, example)
    return list(distinct.values())


def list_passages(knowledge: Knowledge) -> list[str]:
    """Return the distinct texts and sentences of all searched entries in a stable order."""
    searched = (entry for entry in knowledge.entries if entry.lang != LEICHTE_SPRACHE)
    passages = (passage for entry in searched for passage in extract_passages(entry))
    return list(dict.fromkeys(passage.text for passage in passages if passage.kind in PASSAGE_KINDS))


def list_entry_texts(knowledge: Knowledge) -> dict[str, str]:
    """Return the texts of the entries that answer something, by id; in German where there is one."""
    texts: dict[str, str] = {}
    for entry in sorted(knowledge.entries, key=lambda entry: entry.lang != "de"):
        if entry.layer is not Layer.GAP and entry.lang != LEICHTE_SPRACHE:
            texts.setdefault(entry.id, f"{entry.title}. {markdown_to_plain(entry.body)}")
    return texts


def hash_examples(examples: Sequence[ExampleQuestion], passages: Sequence[str]) -> str:
    """Return the SHA-256 of everything that is trained on, in hexadecimal."""
    lines = [*(f"{example.lang}\t{example.target}\t{example.text}" for example in examples), *passages]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _iterate_questions(knowledge: Knowledge) -> Iterator[ExampleQuestion]:
    for entry in knowledge.entries:
        if entry.lang == LEICHTE_SPRACHE:
            continue
        for passage in extract_passages(entry):
            if passage.kind is PassageKind.QUESTION:
                yield ExampleQuestion(passage.text, entry.lang, entry.id)
        for text in entry.not_answered:
            yield ExampleQuestion(text, entry.lang, DETAILS_GAP)
    for file in knowledge.example_questions:
        for entry_id, texts in file.by_entry.items():
            for text in texts:
                yield ExampleQuestion(text, file.lang, entry_id)
    for intent in knowledge.intents:
        for lang, text in intent.phrases:
            yield ExampleQuestion(text, lang, f"@{intent.id}")
