"""The button "Warum diese Antwort?"."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.answering.answerer import Answerer
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.dialogue import Dialogue
from bot.store import SqliteDatabase, Store
from index.evaluation.dataset import LABELLED_QUESTIONS, read_labelled_questions
from prompts.telegram_html import html_to_plain
from tests.conftest import Clock

EVENT = Event(1, EventKind.TEXT, chat_id=10, user_id=20, message_id=5, language_code="de", name="Ada")


@pytest.fixture
def dialogue(dialogue: Dialogue, answerer: Answerer) -> Dialogue:
    """The conversation over the real knowledge."""
    return replace(dialogue, answerer=answerer)


def asked(dialogue: Dialogue, text: str, state: State | None = None, message_id: int = 5) -> Turn:
    return dialogue.handle(state or State(), replace(EVENT, text=text, message_id=message_id))


def buttons(turn: Turn) -> list[str]:
    says = [message for message in turn.messages if isinstance(message, SendMessage)]
    return [button.data for say in says for row in say.keyboard for button in row if button.data.startswith("w:")]


def tapped(dialogue: Dialogue, turn: Turn, data: str) -> Turn:
    return dialogue.handle(
        turn.state, replace(EVENT, kind=EventKind.BUTTON, text=data, message_id=6, callback_id="1")
    )


def explained(dialogue: Dialogue, turn: Turn, data: str = "") -> str:
    first, last = tapped(dialogue, turn, data or buttons(turn)[-1]).messages
    assert isinstance(first, SendMessage)
    assert last == AnswerCallback()
    assert first.reply_to == 6
    return html_to_plain(first.html)


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (
            "Was ist Collective Impact?",
            ["recht sicher", "Antworten treffen zu", "Collective, Impact", "„Was ist Collective Impact?“"],
        ),
        ("Was kostet eine Beratung?", ["„Preise und Kosten der Beratung“", "meine Quellen sagen nichts dazu"]),
        ("Erzähl mir einen Witz", ["nicht zu meinem Thema", "zu weit von Ihrer Frage entfernt"]),
        ("What are the five conditions?", ["Why this answer?", "fairly sure", "five, conditions"]),
        ("Що таке Collective Impact?", ["recht sicher", "Collective, Impact"]),
    ],
)
def test_every_answer_explains_itself(dialogue: Dialogue, question: str, says: list[str]) -> None:
    """The explanation says how sure the bot is, by which words and examples, or why it did not answer."""
    text = explained(dialogue, asked(dialogue, question))

    assert [part for part in says if part not in text] == []


def test_a_choice_explains_itself(dialogue: Dialogue) -> None:
    """A choice says that several topics fit, and how often the nearest would be right."""
    questions = (line.question for line in read_labelled_questions(LABELLED_QUESTIONS) if line.kind == "unanswerable")
    turns = (asked(dialogue, question) for question in questions)
    turn = next(turn for turn in turns if "Ich bin nicht sicher, was Sie meinen" in str(turn.messages[0]))

    assert "Mehrere Themen passen" in explained(dialogue, turn)


def test_explanation_names_the_context(dialogue: Dialogue) -> None:
    """The explanation of a follow-up names the entry that it was read together with."""
    first = asked(dialogue, "Was macht die Stiftung Bildung?")
    second = asked(dialogue, "Und wie erreiche ich die?", first.state, 7)

    assert "auf „Stiftung Bildung“ bezogen" in explained(dialogue, second)


def test_each_of_several_answers_has_its_own(dialogue: Dialogue) -> None:
    """Two answers to one message have one explanation each."""
    turn = asked(dialogue, "Was ist GAIN? Wer ist PHINEO?")
    first, second = buttons(turn)

    assert "„Was ist GAIN?“" in explained(dialogue, turn, first)
    assert "PHINEO" in explained(dialogue, turn, second)


def test_older_answers_are_not_explained(dialogue: Dialogue) -> None:
    """Only the latest question is stored, and an older button says so."""
    first = asked(dialogue, "Was ist Collective Impact?")
    second = asked(dialogue, "Wer ist PHINEO?", first.state, 7)

    late = tapped(dialogue, second, buttons(first)[0])

    assert late.messages == (AnswerCallback("Erklären kann ich nur die Antwort auf Ihre letzte Frage."),)


def test_explanation_after_a_restart(dialogue: Dialogue, tmp_path: Path) -> None:
    """What the explanation needs is in the store."""
    turn = asked(dialogue, "Was ist Collective Impact?")
    with_update = Store(SqliteDatabase(tmp_path / "kept.db", Clock()))
    with_update.inbox.add_updates([(1, "10", "{}")])
    with_update.finish_update(1, EVENT, turn.state, (), ())
    with_update.close()

    opened = Store(SqliteDatabase(tmp_path / "kept.db", Clock()))
    state = opened.users.load_state(EVENT.state_key)
    opened.close()

    assert state == turn.state
    assert "recht sicher" in explained(dialogue, replace(turn, state=state))


@pytest.mark.parametrize("text", ["Danke!", "Ich möchte mit einem Menschen sprechen", "Was ist GAIN? " + "x " * 300])
def test_no_button_if_nothing_can_be_explained(dialogue: Dialogue, text: str) -> None:
    """Small talk and the contact need no explanation, and too little of a long message is stored."""
    assert buttons(asked(dialogue, text)) == []


@pytest.mark.parametrize("data", ["w:", "w:5", "w:x:0", "w:5:9", "w:5:-1", "w:99999999999999999999:0"])
def test_forged_data(dialogue: Dialogue, data: str) -> None:
    """Data that no button carries is answered with a toast."""
    turn = tapped(dialogue, asked(dialogue, "Was ist GAIN?"), data)

    assert [type(message) for message in turn.messages] == [AnswerCallback]


def test_the_data_fits_a_button(dialogue: Dialogue) -> None:
    """Telegram takes 64 bytes."""
    turn = asked(dialogue, "Was ist GAIN?", message_id=-(2**63))

    assert all(len(data.encode()) <= 64 for data in buttons(turn))
