"""Follow-ups: a message after an answer is read in its context, or on its own."""

import json
from typing import Any

import pytest

from bot.answering.answerer import Answer, Answerer, AnswerStatus
from tests.support.paths import FOLLOW_UPS


def answer_after(answerer: Answerer, first: str, message: str, lang: str = "de") -> Answer:
    """Ask a first question, then return the answer to the message after it."""
    return answerer.answer_question(message, lang, recent_ids=[answerer.answer_question(first, lang).entry_id])


def option_ids(answer: Answer) -> list[str]:
    return [option.id for option in answer.result.options]


def is_correct(case: dict[str, Any], answer: Answer) -> bool:
    """Whether an expected entry is shown or offered; if no entry is expected, whether the status is as expected."""
    if case["entries"]:
        return not {answer.entry_id, *answer.result.shown_ids}.isdisjoint(case["entries"])
    return bool(answer.status == case["expect"])


def test_most_second_messages_are_answered_correctly(answerer: Answerer) -> None:
    """Follow-ups and independent messages are mostly answered correctly, the latter seldom in context."""
    cases = [json.loads(line) for line in FOLLOW_UPS.read_text(encoding="utf-8").splitlines()]
    answers = [answer_after(answerer, case["first"], case["message"], case["lang"]) for case in cases]
    correct = {
        leans: [is_correct(*pair) for pair in zip(cases, answers, strict=True) if pair[0]["leans"] is leans]
        for leans in (True, False)
    }
    needlessly_in_context = [
        case["id"]
        for case, answer in zip(cases, answers, strict=True)
        if answer.context_entry_id and not case["leans"]
    ]

    assert sum(correct[True]) / len(correct[True]) >= 0.8
    assert sum(correct[False]) / len(correct[False]) >= 0.86
    assert len(needlessly_in_context) <= 5


def test_answer_to_follow_up_names_its_context(answerer: Answerer) -> None:
    """The answer to a follow-up starts with the title of the entry it refers to."""
    answer = answer_after(answerer, "Was ist Collective Impact?", "und wer hat das erfunden?")

    assert answer.plain_text.startswith("Bezogen auf: Collective Impact\n")
    assert answer.entry_id == "ursprung-des-begriffs"


def test_request_for_more_offers_related_entries(answerer: Answerer) -> None:
    """A request for more is answered with the related entries as options."""
    answer = answer_after(answerer, "What is StriveTogether?", "tell me more", "en")

    assert answer.status is AnswerStatus.CLARIFY
    assert answer.result.options == answerer.answer_question("What is StriveTogether?", "en").result.related


def test_message_with_its_own_subject_ignores_context(answerer: Answerer) -> None:
    """A message that names its own subject is answered as if nothing had been asked before."""
    answer = answer_after(answerer, "Was geschah in Bocholt?", "Was ist Collective Impact?")

    assert answer == answerer.answer_question("Was ist Collective Impact?", "de")


@pytest.mark.parametrize("last", ["", "no-such-entry"])
def test_follow_up_without_context_is_read_on_its_own(answerer: Answerer, last: str) -> None:
    """A follow-up is read on its own if there is no previous answer or its entry no longer exists."""
    assert answerer.answer_question("Mehr dazu", "de", recent_ids=[last]).context_entry_id == ""


def test_detail_of_the_entry_just_shown_is_quoted(answerer: Answerer) -> None:
    """If the entry just shown is the best match again, its nearest sentence is quoted, and others are offered."""
    answer = answer_after(answerer, "Was ist in Medicine Hat passiert?", "Wie groß ist der Ort denn?")

    assert answer.context_entry_id == "medicine-hat"
    assert "medicine-hat" not in option_ids(answer)
    assert answer.result.detail is not None
    assert "60.000" in answer.result.detail.text
    assert answer.plain_text.startswith("Dazu steht in „Medicine Hat“:\n\nMedicine Hat in Kanada, eine Stadt mit")
    assert "<b>Medicine Hat in Kanada" in answer.html


def test_nearest_subject_is_shown_at_once(answerer: Answerer) -> None:
    """A subject that is likelier than all others together is shown, with words that it may not be meant."""
    answer = answer_after(answerer, "Was kann eine Stiftung tun?", "wen fragt man da zuerst")

    assert answer.status is AnswerStatus.CLARIFY
    assert answer.plain_text.startswith("Ich bin nicht ganz sicher, ob Sie das meinen:\n\nDie ersten Schritte")
    assert answer.result.subject_id == "erste-schritte"


def test_message_with_a_subject_of_its_own_names_no_context(answerer: Answerer) -> None:
    """What names its subject and points back to nothing is not headed by that of the answer before."""
    answer = answer_after(answerer, "Was ist StriveTogether?", "Zahlen?")

    assert answer.context_entry_id == "strivetogether"
    assert "Bezogen auf" not in answer.plain_text


def test_detail_of_the_entry_before_is_quoted(answerer: Answerer) -> None:
    """A detail that stands rather in the entry before the last is quoted from there."""
    recent_ids = ["jugendliche-beteiligen", "brueckensteine"]

    answer = answerer.answer_question("Haben die sich verabschiedet?", "de", recent_ids=recent_ids)

    assert answer.result.already_shown
    assert answer.context_entry_id == "brueckensteine"


def test_in_leichte_sprache_nothing_is_quoted(answerer: Answerer) -> None:
    """Texts in Leichte Sprache are not indexed, so there is no sentence to quote."""
    first = answerer.answer_question("Was ist ein Backbone?", chosen_lang="de-leicht")

    answer = answerer.answer_question("wofür ist das gut?", "", "de-leicht", [first.entry_id])

    assert answer.result.already_shown
    assert answer.result.detail is None
    assert "Das finde ich leider nicht im Text „Die Verbindungs-Stelle (Backbone)“." in answer.plain_text


@pytest.mark.parametrize(
    "message",
    [
        "Themenwechsel: Was ist eine gemeinsame Agenda?",
        "noch was ganz anderes: was ist eine gemeinsame agenda",
        "Und jetzt was anderes, was ist eine gemeinsame Agenda?",
    ],
)
def test_announced_subject_ends_the_context(answerer: Answerer, message: str) -> None:
    """Whoever announces another subject is answered as if nothing had been asked before."""
    answer = answer_after(answerer, "Was geschah in Bocholt?", message)

    assert (answer.entry_id, answer.context_entry_id) == ("gemeinsame-agenda", "")


def test_what_is_not_known_of_a_place_is_told_in_general(answerer: Answerer) -> None:
    """The general answer says that it is not about the place, and its explanation how the message was understood."""
    answer = answer_after(answerer, "Was geschah in Medicine Hat?", "wer hat das bezahlt")

    assert answer.plain_text.startswith(
        "Zu „Medicine Hat“ weiß ich das leider nicht. Allgemein gilt:\n\nWoher das Geld"
    )
    assert "„Wer hat das bezahlt?“" in answerer.explain_answer(answer)


def test_a_question_about_others_is_no_doubt(answerer: Answerer) -> None:
    """ "Was haben die davon?" asks about those that the answer names, though it sounds like distrust of the bot."""
    answer = answer_after(answerer, "Wie gewinnen wir Unternehmen?", "was haben die davon")

    assert answer.entry_id == "nutzen-fuer-partner"


def test_named_topic(answerer: Answerer) -> None:
    """A sentence names one of some topics if nothing else is asked in it."""
    offered = ("beispiel-schule-beruf", "duisburg")

    assert [
        entry and entry.id
        for text in ("erzähl mal wie das in Duisburg war", "Was kostet das in Duisburg?", "ja")
        if (entry := answerer.named_entry(text, offered, "de")) or True
    ] == ["duisburg", None, None]
