"""The rate limit of a user's questions and taps."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from bot.domain.consultation import Details, Form, FormStep
from bot.domain.effects import CreateRequest, ErasePerson
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, EditMessage, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.consultation.review import consent_digest
from bot.flows.dialogue import Dialogue
from bot.flows.questions import MAX_QUESTIONS, MAX_TAPS
from prompts.render import format_label, render_template

QUESTION = Event(
    1, EventKind.TEXT, 7, 7, 1, text="Was ist Gemeinsam Wirken?", language_code="de", sent_at=1_000_000.0
)


def ask(dialogue: Dialogue, events: Iterable[Event], state: State | None = None) -> list[Turn]:
    """Handle one user's messages one after another, and return the turns."""
    turns = list[Turn]()
    for number, event in enumerate(events):
        before = turns[-1].state if turns else state or State()
        turns.append(dialogue.handle(before, replace(event, update_id=number, message_id=number)))
    return turns


def texts(turns: Iterable[Turn]) -> list[str]:
    """Return the texts of all messages, in order."""
    return [message.html for turn in turns for message in turn.messages if isinstance(message, SendMessage)]


@pytest.mark.parametrize("lang", ["de", "en", "de-leicht"])
def test_too_many_questions_get_one_notice(dialogue: Dialogue, lang: str) -> None:
    """Beyond fifteen questions in a minute, the user is told once in their language, and further ones are ignored."""
    replies = [texts([turn]) for turn in ask(dialogue, [QUESTION] * (MAX_QUESTIONS + 10), State(lang=lang))]

    assert all(len(reply) == 1 and reply != [render_template("burst", lang)] for reply in replies[:MAX_QUESTIONS])
    assert replies[MAX_QUESTIONS] == [render_template("burst", lang)]
    assert replies[MAX_QUESTIONS + 1 :] == [[]] * 9


def test_questions_are_answered_again_after_a_minute(dialogue: Dialogue) -> None:
    """A minute after the first question, questions are answered again."""
    turns = ask(dialogue, [QUESTION] * (MAX_QUESTIONS + 1))

    (later,) = ask(dialogue, [replace(QUESTION, sent_at=QUESTION.sent_at + 60)], turns[-1].state)

    assert later.decisions


def test_queued_questions_of_hours_are_all_answered(dialogue: Dialogue) -> None:
    """Questions written over hours while the bot was down are all answered, however fast they are processed."""
    turns = ask(
        dialogue, [replace(QUESTION, sent_at=1_000_000.0 + 300 * number) for number in range(MAX_QUESTIONS + 5)]
    )

    assert all(turn.decisions for turn in turns)


def test_commands_and_buttons_are_not_limited(dialogue: Dialogue) -> None:
    """Commands and buttons work even after too many questions."""
    last = ask(dialogue, [QUESTION] * (MAX_QUESTIONS + 5))[-1].state
    delete = replace(QUESTION, kind=EventKind.COMMAND, command="loeschen", text="")
    tap = replace(QUESTION, kind=EventKind.BUTTON, text="talk", callback_id="1", sent_at=0.0)

    turns = [ask(dialogue, [event], last)[0] for event in (delete, tap)]

    assert "löschen" in texts(turns[:1])[0]
    assert turns[1].state.form is not None


def test_request_for_advice_is_not_limited(dialogue: Dialogue) -> None:
    """A request for advice can be written even after too many questions."""
    last = ask(dialogue, [QUESTION] * (MAX_QUESTIONS + 5))[-1].state
    begun = ask(dialogue, [replace(QUESTION, kind=EventKind.BUTTON, text="talk", callback_id="1")], last)[0].state
    assert begun.form is not None

    turns = ask(dialogue, [replace(QUESTION, text="Wir suchen Rat für unser Bündnis.")], begun)

    assert turns[0].state.form is not None
    assert turns[0].state.form.details.concern == "Wir suchen Rat für unser Bündnis."
    assert turns[0].state.form.at is not FormStep.CONCERN


def test_edits_count_towards_the_limit(dialogue: Dialogue) -> None:
    """Edits of a question count towards the limit, and those beyond it get no reply."""
    turns = ask(dialogue, [QUESTION, *[replace(QUESTION, kind=EventKind.EDITED)] * (MAX_QUESTIONS + 3)])

    assert all(turn.decisions for turn in turns[:MAX_QUESTIONS])
    assert not any(turn.decisions or turn.messages for turn in turns[MAX_QUESTIONS:])


def test_state_stays_small(dialogue: Dialogue) -> None:
    """However much a user sends, only one number and one time are stored."""
    last = ask(dialogue, [QUESTION] * (MAX_QUESTIONS + 200))[-1].state

    assert (last.asked, last.minute) == (MAX_QUESTIONS + 2, QUESTION.sent_at)


TAP = replace(QUESTION, kind=EventKind.BUTTON, callback_id="1", sent_at=0.0)


def tap(dialogue: Dialogue, data: str, count: int, state: State) -> list[Turn]:
    return ask(dialogue, [replace(TAP, text=data)] * count, state)


@pytest.fixture
def at_fixed_time(dialogue: Dialogue) -> Dialogue:
    """The dialogue with a clock that stands still."""
    return replace(dialogue, now=lambda: 1_000_000.0)


@pytest.mark.parametrize("lang", ["de", "en", "de-leicht"])
def test_too_many_taps_have_no_effect(at_fixed_time: Dialogue, lang: str) -> None:
    """Beyond sixty taps in a minute, a tap gets only a toast, and nothing is queued or changed."""
    turns = tap(at_fixed_time, "i:2", MAX_TAPS + 140, State(lang=lang))

    assert all(
        any(isinstance(message, SendMessage | EditMessage) for message in turn.messages) for turn in turns[:MAX_TAPS]
    )
    assert {turn.messages for turn in turns[MAX_TAPS:]} == {(AnswerCallback(format_label("taps", lang)),)}
    assert turns[-1].state == turns[MAX_TAPS - 1].state


def test_buttons_work_again_after_a_minute(at_fixed_time: Dialogue) -> None:
    """A minute after the first tap, buttons work again."""
    last = tap(at_fixed_time, "i:2", MAX_TAPS + 1, State())[-1].state

    turns = tap(replace(at_fixed_time, now=lambda: 1_000_060.0), "i:3", 1, last)

    assert isinstance(turns[0].messages[0], SendMessage | EditMessage)


def test_form_survives_too_many_taps(at_fixed_time: Dialogue) -> None:
    """After too many taps, a filled-in form is kept, and can be sent a minute later."""
    form = Form(FormStep.REVIEW, Details("Wir suchen Rat."), reviewed=True)
    last = tap(at_fixed_time, "i:2", MAX_TAPS + 1, State(form=form))[-1].state
    send = f"r:send:{consent_digest(form)}"
    (refused,) = tap(at_fixed_time, send, 1, last)
    assert refused.state == last
    assert refused.effects == ()

    (sent,) = tap(replace(at_fixed_time, now=lambda: 1_000_060.0), send, 1, refused.state)

    assert any(isinstance(effect, CreateRequest) for effect in sent.effects)


def test_taps_without_messages_do_not_count(at_fixed_time: Dialogue) -> None:
    """Ratings and outdated buttons, which only get a toast, do not count towards the limit."""
    for data in ("f:1:backbone", "evil"):
        turns = tap(at_fixed_time, data, MAX_TAPS + 5, State())

        assert all(turn.messages == turns[0].messages for turn in turns)
        assert turns[-1].state == State()


def test_data_can_always_be_deleted(at_fixed_time: Dialogue) -> None:
    """Even after too many taps, users can have their data deleted."""
    last = tap(at_fixed_time, "i:2", MAX_TAPS + 1, State())[-1].state

    (turn,) = tap(at_fixed_time, "d:yes", 1, last)

    assert turn.effects == (ErasePerson(),)
    assert turn.state == State(lang=last.lang)
