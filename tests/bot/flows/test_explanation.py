"""The button "Warum diese Antwort?"."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bot.answering.answerer import Answerer
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.dialogue import Dialogue
from bot.store import Store
from bot.store.sqlite.database import SqliteDatabase
from index.evaluation.dataset import LABELLED_QUESTIONS, read_labelled_questions
from prompts.telegram_html import html_to_plain
from tests.conftest import Clock

EVENT = Event(1, EventKind.TEXT, chat_id=10, user_id=20, message_id=5, language_code="de", name="Ada")


@pytest.fixture
def dialogue(dialogue: Dialogue, answerer: Answerer) -> Dialogue:
    """The dialogue over the real knowledge base."""
    return replace(dialogue, answerer=answerer)


def ask(dialogue: Dialogue, text: str, state: State | None = None, message_id: int = 5) -> Turn:
    return dialogue.handle(state or State(), replace(EVENT, text=text, message_id=message_id))


def buttons(turn: Turn) -> list[str]:
    """Return the data of the buttons that explain an answer, also of those behind "Mehr"."""
    keyboards = [message.keyboard for message in turn.messages if isinstance(message, SendMessage)]
    callbacks = [button.data for keyboard in keyboards for row in keyboard for button in row]
    folded = [re.fullmatch(r"m:1:[^:]+:(-?\d+)\.(\d+):.+", data) for data in callbacks]
    return [data for data in callbacks if data.startswith("w:")] + [
        f"w:{parts[1]}:{parts[2]}" for parts in folded if parts
    ]


def tap(dialogue: Dialogue, turn: Turn, data: str) -> Turn:
    return dialogue.handle(
        turn.state, replace(EVENT, kind=EventKind.BUTTON, text=data, message_id=6, callback_id="1")
    )


def explain(dialogue: Dialogue, turn: Turn, data: str = "") -> str:
    first, last = tap(dialogue, turn, data or buttons(turn)[-1]).messages
    assert isinstance(first, SendMessage)
    assert last == AnswerCallback()
    assert first.reply_to == 6
    return html_to_plain(first.html)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "Was ist Collective Impact?",
            ["recht sicher", "Antworten treffen zu", "Collective, Impact", "„Was ist Collective Impact?“"],
        ),
        ("Was kostet eine Beratung?", ["„Preise und Kosten der Beratung“", "meine Quellen sagen nichts dazu"]),
        ("Erzähl mir einen Witz", ["nicht zu meinem Thema", "passt mir zu wenig zu Ihrer Frage"]),
        ("What are the five conditions?", ["Why this answer?", "fairly sure", "five, conditions"]),
        ("Що таке Collective Impact?", ["recht sicher", "Collective, Impact"]),
    ],
)
def test_every_answer_can_be_explained(dialogue: Dialogue, question: str, expected: list[str]) -> None:
    """The explanation says how certain the bot is, based on which words and examples, or why it did not answer."""
    text = explain(dialogue, ask(dialogue, question))

    assert [part for part in expected if part not in text] == []


def test_choice_can_be_explained(dialogue: Dialogue) -> None:
    """The explanation of a choice says that several topics match."""
    questions = (line.question for line in read_labelled_questions(LABELLED_QUESTIONS) if line.kind == "unanswerable")
    turns = (ask(dialogue, question) for question in questions)
    turn = next(turn for turn in turns if "Ich bin nicht sicher, was Sie meinen" in str(turn.messages[0]))

    assert "Mehrere Themen passen" in explain(dialogue, turn, "w:5:0")  # with three topics, there is no button


def test_explanation_names_the_context(dialogue: Dialogue) -> None:
    """The explanation of a follow-up names the entry in whose context it was read."""
    first = ask(dialogue, "Was macht die Stiftung Bildung?")
    second = ask(dialogue, "Und wie erreiche ich die?", first.state, 7)

    assert "auf „Stiftung Bildung“ bezogen" in explain(dialogue, second)


def test_each_answer_has_its_own_explanation(dialogue: Dialogue) -> None:
    """Each answer to a message with two questions has its own explanation."""
    turn = ask(dialogue, "Was ist GAIN? Wer ist PHINEO?")
    first, second = buttons(turn)

    assert "„Was ist GAIN?“" in explain(dialogue, turn, first)
    assert "PHINEO" in explain(dialogue, turn, second)


def test_older_answers_are_not_explained(dialogue: Dialogue) -> None:
    """Only the answer to the latest question can be explained, and an older button says so."""
    first = ask(dialogue, "Was ist Collective Impact?")
    second = ask(dialogue, "Wer ist PHINEO?", first.state, 7)

    late = tap(dialogue, second, buttons(first)[0])

    assert late.messages == (AnswerCallback("Erklären kann ich nur die Antwort auf Ihre letzte Frage."),)


def test_explanation_works_after_a_restart(dialogue: Dialogue, tmp_path: Path) -> None:
    """Everything that an explanation needs is stored, so it works after a restart."""
    turn = ask(dialogue, "Was ist Collective Impact?")
    store = Store(SqliteDatabase(tmp_path / "kept.db", Clock()))
    store.inbox.add_updates([(1, "10", "{}")])
    store.finish_update(1, EVENT, turn.state, (), ())
    store.close()

    reopened = Store(SqliteDatabase(tmp_path / "kept.db", Clock()))
    state = reopened.users.load_state(EVENT.state_key)
    reopened.close()

    assert state == turn.state
    assert "recht sicher" in explain(dialogue, replace(turn, state=state))


@pytest.mark.parametrize("text", ["Danke!", "Ich möchte mit einem Menschen sprechen", "Was ist GAIN? " + "x " * 300])
def test_no_button_without_an_explanation(dialogue: Dialogue, text: str) -> None:
    """There is no explanation for small talk, for the contact, and for messages too long to be stored."""
    assert buttons(ask(dialogue, text)) == []


@pytest.mark.parametrize("data", ["w:", "w:5", "w:x:0", "w:5:9", "w:5:-1", "w:99999999999999999999:0"])
def test_forged_data_gets_a_toast(dialogue: Dialogue, data: str) -> None:
    """Forged button data is answered with a toast."""
    turn = tap(dialogue, ask(dialogue, "Was ist GAIN?"), data)

    assert [type(message) for message in turn.messages] == [AnswerCallback]


def test_data_fits_in_a_button(dialogue: Dialogue) -> None:
    """The button's data never exceeds Telegram's limit of 64 bytes."""
    turn = ask(dialogue, "Was ist GAIN?", message_id=-(2**63))

    assert all(len(data.encode()) <= 64 for data in buttons(turn))
