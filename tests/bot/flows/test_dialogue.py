"""The dialogue as a pure function of state and event, without Telegram."""

from dataclasses import replace

import pytest

from bot.answering.answerer import Answerer
from bot.domain.consultation import Form
from bot.domain.effects import ErasePerson
from bot.domain.event import Event, EventKind
from bot.domain.message import EditMessage, SendMessage
from bot.domain.turn import State
from bot.flows import intro
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from knowledge.loader import BUILT_IN
from knowledge.records.intro import read_steps
from prompts.render import render_template

EVENT = Event(1, EventKind.TEXT, chat_id=10, user_id=20, message_id=5, language_code="de", name="Ada")
STEPS = read_steps(BUILT_IN / "intro")


@pytest.fixture
def answering(dialogue: Dialogue, answerer: Answerer) -> Dialogue:
    """The dialogue over the real knowledge base."""
    return replace(dialogue, answerer=answerer)


def shown_text(turn: object) -> str:
    return "\n".join(
        message.html for message in getattr(turn, "messages", ()) if isinstance(message, SendMessage | EditMessage)
    )


@pytest.mark.parametrize(("number", "shown"), [(-3, 1), (0, 1), (4, 4), (999, 9)])
def test_introduction_stays_within_its_steps(dialogue: Dialogue, number: int, shown: int) -> None:
    """Whatever step number is requested, an existing step is shown and remembered."""
    turn = intro.show_step(TurnContext(dialogue, State(), EVENT), number)

    assert turn.state.step == shown
    assert f"Schritt {shown} von 9" in shown_text(turn)


def test_introduction_changes_the_tapped_message(dialogue: Dialogue) -> None:
    """A tap on a button of the introduction changes the message that it belongs to."""
    turn = intro.show_step(TurnContext(dialogue, State(), replace(EVENT, kind=EventKind.BUTTON, text="i:2")), 2)

    assert isinstance(turn.messages[0], EditMessage)
    assert turn.messages[0].message_id == EVENT.message_id


def test_deletion_forgets_all_but_the_language(dialogue: Dialogue) -> None:
    """Once confirmed, deletion erases everything, but the user is still addressed in their language."""
    before = State(lang="en", last_question="secret", step=4)
    turn = dialogue.handle(before, replace(EVENT, kind=EventKind.BUTTON, text="d:yes", callback_id="1"))

    assert turn.effects == (ErasePerson(),)
    assert turn.state == State(lang="en")


def test_same_state_and_event_give_the_same_turn(dialogue: Dialogue) -> None:
    """A turn depends only on state, event and time."""
    event, dialogue = replace(EVENT, text="Was ist ein Backbone?"), replace(dialogue, now=lambda: 5.0)

    assert dialogue.handle(State(), event) == dialogue.handle(State(), event)


def test_follow_up_is_read_in_context(answering: Dialogue) -> None:
    """The entry just shown is remembered, and a follow-up is read in its context."""
    first = answering.handle(State(), replace(EVENT, text="Was macht die Stiftung Bildung?"))
    second = answering.handle(first.state, replace(EVENT, text="Und wie erreiche ich die?", message_id=6))

    assert "Bezogen auf: Stiftung Bildung" in shown_text(second)
    assert second.state.last_entry == "stiftung-bildung-kontakt"


def test_edited_follow_up_keeps_its_context(answering: Dialogue) -> None:
    """An edited follow-up is read in the context of the same answer as before, not of its own."""
    first = answering.handle(State(), replace(EVENT, text="Was macht die Stiftung Bildung?"))
    second = answering.handle(first.state, replace(EVENT, text="und wie ereiche ich di", message_id=6))
    edit = replace(EVENT, kind=EventKind.EDITED, text="Und wie erreiche ich die?", message_id=6)

    assert "Bezogen auf: Stiftung Bildung\n" not in shown_text(first)
    assert "Bezogen auf: Stiftung Bildung<" in shown_text(answering.handle(second.state, edit))


def test_several_questions_get_a_message_each(answering: Dialogue) -> None:
    """Each of several answers has its own buttons, and only the first is replaced when the question is edited."""
    event = replace(EVENT, text="Was ist Collective Impact? Wer ist PHINEO?")
    turn = answering.handle(State(), event)
    edit = answering.handle(turn.state, replace(event, kind=EventKind.EDITED))

    first, second = turn.messages
    assert isinstance(first, SendMessage)
    assert isinstance(second, SendMessage)
    assert (first.question_id, second.question_id) == (EVENT.message_id, None)
    assert first.keyboard != second.keyboard
    assert turn.state.last_entry == "phineo"
    (edited,) = edit.messages
    assert isinstance(edited, EditMessage)
    assert (edited.html, edited.keyboard) == (first.html, first.keyboard)


@pytest.mark.parametrize(
    "data", ["talk", "go:talk", "p:data", "p:delete", "d:yes", "d:no", "r:resume:", "k:start", "t:pdf"]
)
def test_private_buttons_do_nothing_in_a_group(dialogue: Dialogue, data: str) -> None:
    """A tap on a private button in a group only refers to the private chat; nothing is shown, changed or deleted."""
    state = State(last_question="secret", form=Form())
    tap = replace(EVENT, kind=EventKind.BUTTON, text=data, callback_id="1", private=False)
    turn = dialogue.handle(state, tap)

    assert (turn.effects, turn.state.last_question) == ((), "secret")
    assert turn.messages[0] == SendMessage(render_template("private_only", "de"))
