"""Two turns: a question, and a message that is a follow-up to its answer or not."""

import json
from typing import Any

import pytest

from bot.answering.answerer import Answer, Answerer, AnswerStatus
from tests.support.paths import FOLLOW_UPS


def answer_after(answerer: Answerer, first: str, message: str, lang: str = "de") -> Answer:
    """Answer a message that follows the answer to a question."""
    return answerer.answer_question(message, lang, last_entry_id=answerer.answer_question(first, lang).entry_id)


def option_ids(answer: Answer) -> list[str]:
    return [option.id for option in answer.result.options]


def is_right(case: dict[str, Any], answer: Answer) -> bool:
    """Whether an expected entry is shown or offered; without any, whether the status is the expected one."""
    if case["entries"]:
        return not {answer.entry_id, *option_ids(answer)}.isdisjoint(case["entries"])
    return bool(answer.status == case["expect"])


def test_share_of_right_answers(answerer: Answerer) -> None:
    """At least this share of the second messages is answered rightly, hardly any in a context it does not need."""
    cases = [json.loads(line) for line in FOLLOW_UPS.read_text(encoding="utf-8").splitlines()]
    answers = [answer_after(answerer, case["first"], case["message"], case["lang"]) for case in cases]
    right = {
        leans: [is_right(case, answer) for case, answer in zip(cases, answers, strict=True) if case["leans"] is leans]
        for leans in (True, False)
    }
    needlessly_in_context = [
        case["id"]
        for case, answer in zip(cases, answers, strict=True)
        if answer.context_entry_id and not case["leans"]
    ]

    assert sum(right[True]) / len(right[True]) >= 0.8
    assert sum(right[False]) / len(right[False]) >= 0.93
    assert len(needlessly_in_context) <= 1


def test_answer_names_its_context(answerer: Answerer) -> None:
    """An answer to a follow-up starts with the title that the message was read together with."""
    answer = answer_after(answerer, "Was ist Gemeinsam Wirken?", "und wie fangen wir damit an?")

    assert answer.plain_text.startswith("Bezogen auf: Was Gemeinsam Wirken ist\n")
    assert answer.entry_id == "wie-beginnt-gemeinsam-wirken"


def test_more_offers_what_is_related(answerer: Answerer) -> None:
    """A request for more offers the related entries."""
    answer = answer_after(answerer, "What is StriveTogether?", "tell me more", "en")

    assert answer.status is AnswerStatus.CLARIFY
    assert answer.result.options == answerer.answer_question("What is StriveTogether?", "en").result.related


def test_own_subject_is_read_by_itself(answerer: Answerer) -> None:
    """A message with its own subject is answered as if it were the first."""
    answer = answer_after(answerer, "Was geschah in Bocholt?", "Was ist Collective Impact?")

    assert answer == answerer.answer_question("Was ist Collective Impact?", "de")


@pytest.mark.parametrize("last", ["", "no-such-entry"])
def test_no_context(answerer: Answerer, last: str) -> None:
    """Without an answer before it, or if its entry is gone, a follow-up is read by itself."""
    assert answerer.answer_question("Mehr dazu", "de", last_entry_id=last).context_entry_id == ""


def test_no_entry_twice_in_a_row(answerer: Answerer) -> None:
    """If the entry just shown is the nearest again, others are offered instead of the same text."""
    answer = answer_after(answerer, "Was ist ein Backbone?", "wer kann das sein?")

    assert answer.context_entry_id == "backbone"
    assert "backbone" not in option_ids(answer)
    assert "Mehr als in der Antwort davor" in answer.plain_text
