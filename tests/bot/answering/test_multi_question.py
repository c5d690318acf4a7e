"""A message with several questions gets an answer to each."""

import shutil
from pathlib import Path

import pytest

from bot.answering.answerer import Answerer, AnswerStatus
from bot.answering.multi_question import answer_each_question
from bot.app.bootstrap import make_answerer
from bot.flows.answer_keyboard import build_answer_keyboard
from bot.settings import Settings
from index.build.builder import IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from index.search.live_index import LiveIndex
from knowledge.loader import BUILT_IN, load_knowledge


def test_answers_name_their_questions_in_order(answerer: Answerer) -> None:
    """Each answer names its question, and answers come in the order of the questions."""
    answers = answer_each_question(answerer, "Was ist Collective Impact? Wer ist PHINEO?", "de").with_headings()

    assert [answer.entry_id for answer in answers] == ["collective-impact", "phineo"]
    assert [answer.plain_text.splitlines()[0] for answer in answers] == [
        "Zu Ihrer Frage „Was ist Collective Impact?“",
        "Zu Ihrer Frage „Wer ist PHINEO?“",
    ]


def test_single_answer_has_no_heading(answerer: Answerer) -> None:
    """A single question, with or without a greeting before it, is answered without a heading."""
    plain = answer_each_question(answerer, "Was ist Collective Impact?", "de")
    greeted = answer_each_question(answerer, "Guten Tag! Ich habe eine Frage. Was ist Collective Impact?", "de")

    assert plain == greeted
    assert plain.with_headings() == (answerer.answer_question("Was ist Collective Impact?", "de"),)


def test_at_most_three_questions_are_answered(answerer: Answerer) -> None:
    """Only the first three questions are answered, and the last answer says so."""
    text = "Was ist Collective Impact? Wer ist PHINEO? Was ist GAIN? Was ist Gastromio?"
    answers = answer_each_question(answerer, text, "de")

    assert [answer.entry_id for answer in answers.answers] == ["collective-impact", "phineo", "gain"]
    assert ["noch mehr gefragt" in answer.plain_text for answer in answers.with_headings()] == [False, False, True]


def test_question_may_refer_to_the_one_before(answerer: Answerer) -> None:
    """A question may refer to the one before it in the same message."""
    answers = answer_each_question(answerer, "Was macht die Stiftung Bildung? Und wie erreiche ich die?", "de")

    assert [answer.entry_id for answer in answers.answers] == ["stiftung-bildung", "stiftung-bildung-kontakt"]
    assert answers.answers[1].context_entry_id == "stiftung-bildung"


def test_question_does_not_refer_to_a_choice(answerer: Answerer) -> None:
    """Nobody has seen yet what is offered for the question before."""
    answers = answer_each_question(answerer, "Was ist eine Vision und was kostet das?", "de").answers

    assert answers[0].status is AnswerStatus.CLARIFY
    assert answers[1].context_entry_id == ""


def test_request_for_a_human_is_answered_once(answerer: Answerer) -> None:
    """However often a message asks for a human, the contact is shown once."""
    text = "Kann ich mit einem Menschen sprechen? Was ist Collective Impact? Können Sie mich bitte zurückrufen?"
    answers = answer_each_question(answerer, text, "de")

    assert [answer.status for answer in answers.answers] == [AnswerStatus.CONSULTATION, AnswerStatus.ANSWERED]


def test_small_talk_is_answered_only_on_its_own(answerer: Answerer) -> None:
    """Small talk next to a question is ignored; on its own it gets one reply."""
    mixed = answer_each_question(answerer, "Wie geht es dir? Was ist Collective Impact?", "de")
    alone = answer_each_question(answerer, "Hallo! Danke!", "de")

    assert [answer.entry_id for answer in mixed.answers] == ["collective-impact"]
    assert [answer.status for answer in alone.answers] == [AnswerStatus.SMALLTALK]


def test_entry_answering_two_questions_is_sent_once(answerer: Answerer) -> None:
    """An entry that answers two questions is sent once."""
    answers = answer_each_question(answerer, "Was ist Collective Impact? Wie ist Collective Impact definiert?", "de")

    assert [answer.entry_id for answer in answers.answers] == ["collective-impact"]
    assert answers.answers[0].merged_questions == ("Wie ist Collective Impact definiert?",)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Wie wird das Wetter? Was ist Collective Impact?", AnswerStatus.ANSWERED),
        ("Wie wird das Wetter? Wer wird Weltmeister?", AnswerStatus.ABSTAINED),
    ],
)
def test_best_answer_is_the_first_with_an_entry(answerer: Answerer, text: str, status: AnswerStatus) -> None:
    """If only one answer can be shown, it is the first one that has an entry, if any."""
    assert answer_each_question(answerer, text, "de").best_answer.status is status


@pytest.fixture
def smaller_answerer(settings: Settings, encoder: OnnxEncoder, tmp_path: Path) -> Answerer:
    """An answerer whose knowledge base has a single entry."""
    folder = tmp_path / "knowledge"
    folder.mkdir()
    shutil.copy(BUILT_IN / "content" / "de" / "collective-impact.md", folder)
    build_index(
        IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)), tmp_path / "index"
    )
    return make_answerer(settings, LiveIndex(tmp_path / "index", encoder))


def test_answer_offers_only_existing_entries(smaller_answerer: Answerer) -> None:
    """Related entries that the index does not contain are not offered."""
    answer = smaller_answerer.show_entry("collective-impact", "de")

    assert answer is not None
    assert answer.result.related == ()
    assert [button.data for row in build_answer_keyboard(answer) for button in row] == [
        "f:1:collective-impact",
        "f:0:collective-impact",
        "talk",
        "m:1:de::collective-impact",
    ]


def test_follow_up_to_a_removed_entry(answerer: Answerer, smaller_answerer: Answerer) -> None:
    """A follow-up is read in the context of the last entry, or on its own if the index no longer has that entry."""
    question, last_entry_id = "Und wie erreiche ich die?", "stiftung-bildung"
    answer, later = (
        each.answer_question(question, "de", recent_ids=[last_entry_id]) for each in (answerer, smaller_answerer)
    )

    assert answer.context_entry_id == last_entry_id
    assert "Stiftung Bildung" in answerer.explain_answer(answer)
    assert later.context_entry_id == ""
    assert "Stiftung Bildung" not in smaller_answerer.explain_answer(later)
