"""Requests for a human in many words, and sentences that only sound like one."""

import json

import pytest

from bot.answering.answerer import Answerer, AnswerStatus
from bot.answering.multi_question import answer_each_question
from tests.support.paths import WISHES


def is_wish(answerer: Answerer, text: str, lang: str) -> bool:
    return any(
        answer.status is AnswerStatus.CONSULTATION for answer in answer_each_question(answerer, text, lang).answers
    )


@pytest.mark.parametrize(("wish", "least"), [(True, 0.9), (False, 0.83)])
def test_share_of_recognised_requests(answerer: Answerer, wish: bool, least: float) -> None:
    """At least this share of requests is recognised, and of other sentences is not taken for one."""
    cases = [json.loads(line) for line in WISHES.read_text(encoding="utf-8").splitlines()]
    judged = [is_wish(answerer, case["text"], case["lang"]) is wish for case in cases if case["wish"] is wish]

    assert len(judged) == 30
    assert sum(judged) / len(judged) >= least


@pytest.mark.parametrize(
    "text",
    [
        "Das hilft mir nicht, kann ich bitte mit jemandem sprechen?",
        "Wir sind eine Kommune mit 20.000 Einwohnern und würden das gern mit einem Menschen durchgehen",
    ],
)
def test_request_within_a_longer_sentence(answerer: Answerer, text: str) -> None:
    """A request is recognised anywhere in a sentence."""
    assert is_wish(answerer, text, "de")


@pytest.mark.parametrize("text", ["Was kostet eine Beratung?", "Wer bietet Beratung an?"])
def test_question_about_advice_is_no_request(answerer: Answerer, text: str) -> None:
    """A question about advice is answered."""
    assert not is_wish(answerer, text, "de")
