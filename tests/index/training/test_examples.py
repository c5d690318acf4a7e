"""What the encoder is adapted to."""

from dataclasses import replace

import pytest

from index.evaluation.dataset import LABELLED_QUESTIONS, SEALED_QUESTIONS, read_labelled_questions
from index.training.command import adapt_bundled_encoder
from index.training.examples import hash_examples, list_passages, list_questions
from knowledge.errors import GwError
from knowledge.loader import BUILT_IN, Knowledge
from knowledge.records.entry import DETAILS_GAP


def test_questions_have_the_classes_of_the_index(built_in: Knowledge) -> None:
    """Each question belongs to its entry, a missing detail to the gap of details, and a phrase to its intent."""
    examples = {example.text: example for example in list_questions(built_in)}
    entry = next(entry for entry in built_in.entries if entry.lang == "de" and entry.not_answered)
    intent = next(intent for intent in built_in.intents if intent.id == "background")

    assert examples[entry.questions[0]].target == entry.id
    assert examples[entry.not_answered[0]].target == DETAILS_GAP
    assert examples[intent.phrases[0][1]].target == "@background"
    assert {example.lang for example in examples.values()} == {"de", "en", "tr", "uk", "ru", "ar", "fr", "es", "pl"}


def test_judged_questions_are_not_trained_on(built_in: Knowledge) -> None:
    """No question that the bot is judged by is among those that it is adapted to."""
    trained = {example.text.casefold() for example in list_questions(built_in)}
    labelled = [*read_labelled_questions(LABELLED_QUESTIONS), *read_labelled_questions(SEALED_QUESTIONS)]
    judged = {item.question.casefold() for item in labelled if item.split != "calibration" and not item.history}

    assert len(trained) > 25_000
    assert not trained & judged


def test_hash_follows_the_data(built_in: Knowledge) -> None:
    """The hash in the card changes with any question or passage."""
    questions, passages = list_questions(built_in), list_passages(built_in)
    first, *others = questions

    assert hash_examples(questions, passages) != hash_examples([replace(first, lang="xx"), *others], passages)
    assert hash_examples(questions, passages) != hash_examples(questions, passages[1:])


def test_folder_without_questions(built_in: Knowledge) -> None:
    """There is nothing to adapt to in a folder of plain Markdown files."""
    entries = tuple(replace(entry, questions=(), title="", not_answered=()) for entry in built_in.entries)[:1]

    with pytest.raises(GwError, match="no example questions"):
        adapt_bundled_encoder(Knowledge(BUILT_IN, entries), [], BUILT_IN, None, print)
