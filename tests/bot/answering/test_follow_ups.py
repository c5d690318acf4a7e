"""Two turns: a question, and a message that leans on its answer or does not."""

import json
from typing import Any

import pytest

from bot.answering.answerer import Answer, Answerer, AnswerStatus
from tests.support.paths import FOLLOW_UPS


def second(answerer: Answerer, first: str, message: str, lang: str = "de") -> Answer:
    """The answer to a message after the answer to a question."""
    return answerer.answer_question(message, lang, last_entry_id=answerer.answer_question(first, lang).entry_id)


def is_right(case: dict[str, Any], answer: Answer) -> bool:
    """Whether one of the expected entries is shown or offered, or else the expected status is reached."""
    if case["entries"]:
        return not {answer.entry_id, *answer.option_ids}.isdisjoint(case["entries"])
    return bool(answer.status == case["expect"])


def test_floor_under_followups(answerer: Answerer) -> None:
    """At least this share of the second messages is answered rightly, and hardly one with its own subject is bent."""
    cases = [json.loads(line) for line in FOLLOW_UPS.read_text(encoding="utf-8").splitlines()]
    answers = [second(answerer, case["first"], case["message"], case["lang"]) for case in cases]
    right = {
        leans: [is_right(case, answer) for case, answer in zip(cases, answers, strict=True) if case["leans"] is leans]
        for leans in (True, False)
    }
    bent = [
        case["id"]
        for case, answer in zip(cases, answers, strict=True)
        if answer.context_entry_id and not case["leans"]
    ]

    assert sum(right[True]) / len(right[True]) >= 0.8
    assert sum(right[False]) / len(right[False]) >= 0.93
    assert len(bent) <= 1


def test_the_reply_says_what_it_refers_to(answerer: Answerer) -> None:
    """An answer that was found through the one before begins with that one's title."""
    answer = second(answerer, "Was ist Gemeinsam Wirken?", "und wie fangen wir damit an?")

    assert answer.plain_text.startswith("Bezogen auf: Was Gemeinsam Wirken ist\n")
    assert answer.entry_id == "wie-beginnt-gemeinsam-wirken"


def test_more_offers_what_is_related(answerer: Answerer) -> None:
    """Who asks for more may choose among the related entries."""
    answer = second(answerer, "What is StriveTogether?", "tell me more", "en")

    assert answer.status is AnswerStatus.CLARIFY
    assert answer.result.options == answerer.answer_question("What is StriveTogether?", "en").result.related


def test_own_subject_is_not_bent(answerer: Answerer) -> None:
    """A message with its own subject is answered as if nothing had been said before."""
    answer = second(answerer, "Was geschah in Bocholt?", "Was ist Collective Impact?")

    assert answer == answerer.answer_question("Was ist Collective Impact?", "de")


@pytest.mark.parametrize("last", ["", "no-such-entry"])
def test_nothing_to_lean_on(answerer: Answerer, last: str) -> None:
    """Without an answer before it, or after its entry is gone, a leaning message is read alone."""
    assert answerer.answer_question("Mehr dazu", "de", last_entry_id=last).context_entry_id == ""


def test_nothing_is_told_twice(answerer: Answerer) -> None:
    """Where the entry just shown is the nearest again, others are offered instead of the same text."""
    answer = second(answerer, "Was ist ein Backbone?", "wer kann das sein?")

    assert answer.context_entry_id == "backbone"
    assert "backbone" not in answer.option_ids
    assert "Mehr als in der Antwort davor" in answer.plain_text
