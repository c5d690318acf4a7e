"""Recognising requests for a human, and sentences that only sound like one."""

import json

import pytest

from bot.answering.answerer import Answerer, AnswerStatus
from bot.answering.multi_question import answer_each_question
from tests.support.paths import WISHES


def asks_for_human(answerer: Answerer, text: str, lang: str) -> bool:
    return any(
        answer.status is AnswerStatus.CONSULTATION for answer in answer_each_question(answerer, text, lang).answers
    )


@pytest.mark.parametrize(("wish", "minimum"), [(True, 0.9), (False, 0.83)])
def test_share_of_recognised_requests(answerer: Answerer, wish: bool, minimum: float) -> None:
    """Most requests for a human are recognised, and few other sentences are mistaken for one."""
    cases = [json.loads(line) for line in WISHES.read_text(encoding="utf-8").splitlines()]
    correct = [asks_for_human(answerer, case["text"], case["lang"]) is wish for case in cases if case["wish"] is wish]

    assert len(correct) == 30
    assert sum(correct) / len(correct) >= minimum


@pytest.mark.parametrize(
    "text",
    [
        "Das hilft mir nicht, kann ich bitte mit jemandem sprechen?",
        "Wir sind eine Kommune mit 20.000 Einwohnern und würden das gern mit einem Menschen durchgehen",
    ],
)
def test_request_is_recognised_within_a_longer_sentence(answerer: Answerer, text: str) -> None:
    """A request is recognised anywhere in a sentence."""
    assert asks_for_human(answerer, text, "de")


@pytest.mark.parametrize("text", ["Was kostet eine Beratung?", "Wie läuft eine Beratung ab?"])
def test_question_about_advice_is_not_a_request(answerer: Answerer, text: str) -> None:
    """A question about advice is not taken for a request for a human."""
    assert not asks_for_human(answerer, text, "de")


def test_topics_are_offered_where_it_may_have_been_a_question(answerer: Answerer) -> None:
    """What is taken for a wish for a human but may be a question gets topics, too; a plain wish gets none."""
    texts = [json.loads(line)["text"] for line in WISHES.read_text(encoding="utf-8").splitlines()]
    answers = [answerer.answer_question(text, "de", chosen_lang="de") for text in texts]
    with_topics = {
        bool(answer.result.related): "Oder meinen Sie eines der Themen" in answer.html
        for answer in answers
        if answer.status is AnswerStatus.CONSULTATION
    }

    assert with_topics == {True: True, False: False}
