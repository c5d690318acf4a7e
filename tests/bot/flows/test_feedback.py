"""Thumbs, what was wrong with an answer, and the consent to save a question."""

from dataclasses import replace

import pytest

from bot.domain.effects import FLAWS, SaveFeedback, SaveQuestion
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, EditKeyboard, EditMessage, Keyboard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.answer_keyboard import build_answer_keyboard
from bot.flows.callback_data import FLAW_CALLBACK
from bot.flows.dialogue import Dialogue
from bot.flows.feedback import DECLINED, QUESTION_CONSENT_VERSION
from knowledge.records.entry import Entry, Layer
from tests.support.fake_answerer import answer_with

ASKED = State(last_question="Was ist ein Backbone?", last_entry="backbone", last_message=4)
NEAR = (Entry("vision", "de", "Vision", "", Layer.PAGE),)
RELATED = replace(answer_with("backbone"), result=replace(answer_with("backbone").result, related=NEAR))
FIRST = build_answer_keyboard(RELATED, "4.0")
TAP = Event(
    1, EventKind.BUTTON, chat_id=20, user_id=20, message_id=5, callback_id="1", language_code="de", keyboard=FIRST
)


def tap(dialogue: Dialogue, data: str, state: State = ASKED, keyboard: Keyboard = FIRST) -> Turn:
    return dialogue.handle(state, replace(TAP, text=data, keyboard=keyboard))


def keyboard_after(turn: Turn) -> Keyboard:
    return next(message.keyboard for message in turn.messages if isinstance(message, EditKeyboard))


def toast(turn: Turn) -> str:
    return next(message.text for message in turn.messages if isinstance(message, AnswerCallback))


def texts(turn: Turn) -> list[str]:
    return [message.html for message in turn.messages if isinstance(message, SendMessage | EditMessage)]


def labels(keyboard: Keyboard) -> list[list[str]]:
    return [[button.label for button in row] for row in keyboard]


def test_thumb_up_is_marked(dialogue: Dialogue) -> None:
    """A thumb up is stored and marked on its button; a second tap changes nothing."""
    turn = tap(dialogue, "f:1:backbone")
    again = tap(dialogue, "f:1:backbone", turn.state, keyboard_after(turn))

    assert labels(keyboard_after(turn)) == [["👍 ✓", "👎", "👤 Beratung"], ["Mehr"]]
    assert turn.effects == (SaveFeedback("backbone", 1),)
    assert (again.effects, [type(message) for message in again.messages]) == ((), [AnswerCallback])


def test_thumb_down_asks_for_the_flaw(dialogue: Dialogue) -> None:
    """A thumb down is stored at once; then one tap says what was wrong, which leaves the marked thumb."""
    down = tap(dialogue, "f:0:backbone")
    asking = keyboard_after(down)
    said = tap(dialogue, "n:outdated:backbone", down.state, asking)

    assert (down.effects, toast(down), texts(down)) == (
        (SaveFeedback("backbone", 0),),
        "Danke! Woran lag es? Tippen Sie es unten an.",
        [],
    )
    assert labels(asking) == [
        ["👍", "👎 ✓", "👤 Beratung"],
        ["Unvollständig", "Unverständlich"],
        ["Falsch", "Veraltet", "Anderes"],
        ["Mehr"],
    ]
    assert said.effects == (SaveFeedback("backbone", 0, "outdated"),)
    assert labels(keyboard_after(said)) == [["👍", "👎 ✓", "👤 Beratung"], ["Mehr"]]
    assert toast(said) == "Danke, das hilft uns weiter!"


def test_thumb_can_be_changed(dialogue: Dialogue) -> None:
    """A thumb up after one down takes its place, and no flaw is asked for any more."""
    down = tap(dialogue, "f:0:backbone")
    up = tap(dialogue, "f:1:backbone", down.state, keyboard_after(down))

    assert labels(keyboard_after(up)) == [["👍 ✓", "👎", "👤 Beratung"], ["Mehr"]]
    assert up.effects == (SaveFeedback("backbone", 1),)


def test_second_thumb_down_keeps_the_flaw(dialogue: Dialogue) -> None:
    """A second tap on the thumb down asks for the flaw again, and keeps the one that is stored until then."""
    down = tap(dialogue, "f:0:backbone")
    said = tap(dialogue, "n:wrong:backbone", down.state, keyboard_after(down))
    again = tap(dialogue, "f:0:backbone", said.state, keyboard_after(said))

    assert again.effects == ()
    assert FLAW_CALLBACK in str(keyboard_after(again))


def test_consent_is_asked_once(dialogue: Dialogue) -> None:
    """Whether the question may be saved is asked after the first flaw, and never again, answered or not."""
    first = tap(dialogue, "n:wrong:backbone")
    second = tap(dialogue, "n:wrong:backbone", first.state)
    elsewhere = dialogue.handle(first.state, replace(TAP, message_id=9, text="n:unclear:backbone"))

    assert ASKED.last_question in texts(first)[0]
    assert texts(second) == texts(elsewhere) == []


@pytest.mark.parametrize("state", [replace(ASKED, improve=DECLINED), replace(ASKED, last_entry="vision"), State()])
def test_consent_is_not_asked(dialogue: Dialogue, state: State) -> None:
    """Who declined, or has asked something else since, is not asked, and the flaw counts all the same."""
    turn = tap(dialogue, "n:other:backbone", state)

    assert (texts(turn), turn.effects) == ([], (SaveFeedback("backbone", 0, "other"),))


def test_given_consent_saves_the_question_at_once(dialogue: Dialogue) -> None:
    """After consent, a thumb down saves the question, says so, and asks for the flaw; the same one again does not."""
    state = replace(ASKED, improve=QUESTION_CONSENT_VERSION)
    turn = tap(dialogue, "f:0:backbone", state)
    again = tap(dialogue, "f:0:backbone", turn.state, keyboard_after(turn))

    saved = SaveQuestion(ASKED.last_question, "backbone", QUESTION_CONSENT_VERSION)
    assert turn.effects == (SaveFeedback("backbone", 0), saved)
    assert "hebe ich die Frage auf" in toast(turn)
    assert FLAW_CALLBACK in str(keyboard_after(turn))
    assert again.effects == ()


def test_thumb_up_withdraws_the_waiting_question(dialogue: Dialogue) -> None:
    """If the person changes to a thumb up, the question for consent that waits for this answer goes."""
    asked = tap(dialogue, "n:wrong:backbone")
    question = next(message for message in asked.messages if isinstance(message, SendMessage))
    up = tap(dialogue, "f:1:backbone", asked.state)
    declined = dialogue.handle(asked.state, replace(TAP, message_id=6, text="v:no"))
    up_after_no = tap(dialogue, "f:1:backbone", declined.state)

    edit = next(message for message in up.messages if isinstance(message, EditMessage))
    assert (question.question_id, edit.question_id, edit.keyboard) == (TAP.message_id, TAP.message_id, ())
    assert "hebe ich nicht auf" in edit.html
    assert texts(up_after_no) == []


def test_thumbs_in_a_group_only_count(dialogue: Dialogue) -> None:
    """In a group, where all see the same buttons, a thumb is stored without a mark or a question."""
    turn = dialogue.handle(ASKED, replace(TAP, private=False, text="f:0:backbone"))
    flaw = dialogue.handle(ASKED, replace(TAP, private=False, text="n:wrong:backbone"))

    assert (turn.effects, [type(message) for message in turn.messages]) == (
        (SaveFeedback("backbone", 0),),
        [AnswerCallback],
    )
    assert flaw.effects == ()


def test_language_of_the_answer(dialogue: Dialogue) -> None:
    """What is asked about an English answer is asked in English, whatever the person's Telegram speaks."""
    english = build_answer_keyboard(replace(RELATED, lang="en"), "4.0")
    turn = tap(dialogue, "f:0:backbone", keyboard=english)

    assert "Hard to follow" in str(keyboard_after(turn))
    assert toast(turn).startswith("Thanks")


@pytest.mark.parametrize("data", ["n:", "n:evil:backbone", "f:2:backbone"])
def test_forged_flaw(dialogue: Dialogue, data: str) -> None:
    """Forged data store nothing."""
    turn = tap(dialogue, data)

    assert (turn.effects, [type(message) for message in turn.messages]) == ((), [AnswerCallback])


def test_every_flaw_is_offered(dialogue: Dialogue) -> None:
    """Each flaw that the store knows has a button."""
    offered = str(keyboard_after(tap(dialogue, "f:0:backbone")))

    assert all(f"{FLAW_CALLBACK}{flaw}:backbone" in offered for flaw in FLAWS)
