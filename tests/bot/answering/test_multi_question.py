"""A message with several questions gets an answer for each."""

import shutil
from pathlib import Path

import pytest

from bot.answering.answerer import Answerer, AnswerStatus
from bot.answering.multi_question import answer_each_question
from bot.app.bootstrap import make_answerer
from bot.settings import Settings
from index.build.builder import IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from index.search.live_index import LiveIndex
from knowledge.loader import BUILT_IN, load_knowledge


def test_in_order_and_with_their_questions(answerer: Answerer) -> None:
    """Each answer names its question, in the order in which they were asked."""
    found = answer_each_question(answerer, "Was ist Collective Impact? Wer ist PHINEO?", "de").with_headings()

    assert [answer.entry_id for answer in found] == ["collective-impact", "phineo"]
    assert [answer.plain_text.splitlines()[0] for answer in found] == [
        "Zu Ihrer Frage „Was ist Collective Impact?“",
        "Zu Ihrer Frage „Wer ist PHINEO?“",
    ]


def test_a_single_answer_is_not_headed(answerer: Answerer) -> None:
    """One question is answered as ever, with a greeting before it or without."""
    plain = answer_each_question(answerer, "Was ist Collective Impact?", "de")
    greeted = answer_each_question(answerer, "Guten Tag! Ich habe eine Frage. Was ist Collective Impact?", "de")

    assert plain == greeted
    assert plain.with_headings() == (answerer.answer_question("Was ist Collective Impact?", "de"),)


def test_no_more_than_three(answerer: Answerer) -> None:
    """Of more than three questions three are answered, and the last answer says so."""
    text = "Was ist Collective Impact? Wer ist PHINEO? Was ist GAIN? Was ist Gastromio?"
    found = answer_each_question(answerer, text, "de")

    assert [answer.entry_id for answer in found.answers] == ["collective-impact", "phineo", "gain"]
    assert ["noch mehr gefragt" in answer.plain_text for answer in found.with_headings()] == [False, False, True]


def test_a_later_question_leans_on_the_one_before(answerer: Answerer) -> None:
    """Within one message, too, a question may point back."""
    found = answer_each_question(answerer, "Was macht die Stiftung Bildung? Und wie erreiche ich die?", "de")

    assert [answer.entry_id for answer in found.answers] == ["stiftung-bildung", "stiftung-bildung-kontakt"]
    assert found.answers[1].context_entry_id == "stiftung-bildung"


def test_the_wish_for_a_human_is_answered_once(answerer: Answerer) -> None:
    """However often a human is asked for, the contact comes once."""
    text = "Kann ich mit einem Menschen sprechen? Was ist Collective Impact? Können Sie mich bitte zurückrufen?"
    found = answer_each_question(answerer, text, "de")

    assert [answer.status for answer in found.answers] == [AnswerStatus.CONSULTATION, AnswerStatus.ANSWERED]


def test_small_talk_only_where_nothing_else_is(answerer: Answerer) -> None:
    """A question among small talk is all that is answered; small talk alone gets its reply."""
    mixed = answer_each_question(answerer, "Wie geht es dir? Was ist Collective Impact?", "de")
    alone = answer_each_question(answerer, "Hallo! Danke!", "de")

    assert [answer.entry_id for answer in mixed.answers] == ["collective-impact"]
    assert [answer.status for answer in alone.answers] == [AnswerStatus.SMALLTALK]


def test_two_questions_with_one_answer(answerer: Answerer) -> None:
    """Where one entry answers two questions it is sent once."""
    found = answer_each_question(answerer, "Was ist Collective Impact? Wie ist Collective Impact definiert?", "de")

    assert [answer.entry_id for answer in found.answers] == ["collective-impact"]
    assert found.answers[0].merged_questions == ("Wie ist Collective Impact definiert?",)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Wie wird das Wetter? Was ist Collective Impact?", AnswerStatus.ANSWERED),
        ("Wie wird das Wetter? Wer wird Weltmeister?", AnswerStatus.ABSTAINED),
    ],
)
def test_the_best_of_several(answerer: Answerer, text: str, status: AnswerStatus) -> None:
    """Where only one answer can be shown it is the first that answers."""
    assert answer_each_question(answerer, text, "de").best_answer.status is status


@pytest.fixture
def shrunk(settings: Settings, encoder: OnnxEncoder, tmp_path: Path) -> Answerer:
    """Answers over knowledge from which everything but one entry was taken out."""
    folder = tmp_path / "knowledge"
    folder.mkdir()
    shutil.copy(BUILT_IN / "content" / "de" / "collective-impact.md", folder)
    build_index(
        IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)), tmp_path / "index"
    )
    return make_answerer(settings, LiveIndex(tmp_path / "index", encoder))


def test_entry_that_is_gone_has_no_button(answerer: Answerer, shrunk: Answerer) -> None:
    """Where knowledge changes between an answer and its buttons, those stay away that would lead to nothing."""
    answer = answerer.answer_question("Was ist Collective Impact?", "de")
    assert answer.related_ids

    buttons = [button.data for row in shrunk.build_keyboard(answer) for button in row]

    assert buttons == ["f:1:collective-impact", "f:0:collective-impact", "talk"]


def test_explanation_names_no_entry_that_is_gone(answerer: Answerer, shrunk: Answerer) -> None:
    """The explanation of an answer that leaned on an entry does without it."""
    answer = answerer.answer_question("Und wie erreiche ich die?", "de", last_entry_id="stiftung-bildung")
    assert answer.context_entry_id == "stiftung-bildung"

    assert "Stiftung Bildung" not in shrunk.explain_answer(answer)
