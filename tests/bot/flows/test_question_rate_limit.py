"""Somebody who asks very much at once."""

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


def asked(dialogue: Dialogue, events: Iterable[Event], state: State | None = None) -> list[Turn]:
    """The turns of one person's messages, one after the other."""
    turns = list[Turn]()
    for number, event in enumerate(events):
        before = turns[-1].state if turns else state or State()
        turns.append(dialogue.handle(before, replace(event, update_id=number, message_id=number)))
    return turns


def texts(turns: Iterable[Turn]) -> list[str]:
    """All that was said, in order."""
    return [message.html for turn in turns for message in turn.messages if isinstance(message, SendMessage)]


@pytest.mark.parametrize("lang", ["de", "en", "de-leicht"])
def test_one_word_of_patience(dialogue: Dialogue, lang: str) -> None:
    """A person's questions are answered in order; of those beyond fifteen in a minute one is answered kindly, in the
    person's language, and the others not at all."""
    said = [texts([turn]) for turn in asked(dialogue, [QUESTION] * (MAX_QUESTIONS + 10), State(lang=lang))]

    assert all(len(one) == 1 and one != [render_template("burst", lang)] for one in said[:MAX_QUESTIONS])
    assert said[MAX_QUESTIONS] == [render_template("burst", lang)]
    assert said[MAX_QUESTIONS + 1 :] == [[]] * 9


def test_next_minute_is_answered(dialogue: Dialogue) -> None:
    """A minute after the first question the person is answered again."""
    turns = asked(dialogue, [QUESTION] * (MAX_QUESTIONS + 1))

    (later,) = asked(dialogue, [replace(QUESTION, sent_at=QUESTION.sent_at + 60)], turns[-1].state)

    assert later.decisions


def test_questions_of_hours_are_no_burst(dialogue: Dialogue) -> None:
    """What was written over hours while the bot was away is all answered, however fast it is worked off."""
    turns = asked(
        dialogue, [replace(QUESTION, sent_at=1_000_000.0 + 300 * number) for number in range(MAX_QUESTIONS + 5)]
    )

    assert all(turn.decisions for turn in turns)


def test_commands_and_buttons_are_never_held_up(dialogue: Dialogue) -> None:
    """In the middle of a burst commands and buttons work as ever."""
    last = asked(dialogue, [QUESTION] * (MAX_QUESTIONS + 5))[-1].state
    delete = replace(QUESTION, kind=EventKind.COMMAND, command="loeschen", text="")
    tap = replace(QUESTION, kind=EventKind.BUTTON, text="talk", callback_id="1", sent_at=0.0)

    turns = [asked(dialogue, [event], last)[0] for event in (delete, tap)]

    assert "löschen" in texts(turns[:1])[0]
    assert turns[1].state.form is not None


def test_request_for_advice_is_never_held_up(dialogue: Dialogue) -> None:
    """Who writes a request for advice in the middle of a burst loses no word of it."""
    last = asked(dialogue, [QUESTION] * (MAX_QUESTIONS + 5))[-1].state
    begun = asked(dialogue, [replace(QUESTION, kind=EventKind.BUTTON, text="talk", callback_id="1")], last)[0].state
    assert begun.form is not None

    turns = asked(dialogue, [replace(QUESTION, text="Wir suchen Rat für unser Bündnis.")], begun)

    assert turns[0].state.form is not None
    assert turns[0].state.form.details.concern == "Wir suchen Rat für unser Bündnis."
    assert turns[0].state.form.at is not FormStep.CONCERN


def test_edits_count_too(dialogue: Dialogue) -> None:
    """Editing a question again and again is no way around, and is not answered by words of its own."""
    turns = asked(dialogue, [QUESTION, *[replace(QUESTION, kind=EventKind.EDITED)] * (MAX_QUESTIONS + 3)])

    assert all(turn.decisions for turn in turns[:MAX_QUESTIONS])
    assert not any(turn.decisions or turn.messages for turn in turns[MAX_QUESTIONS:])


def test_state_stays_small(dialogue: Dialogue) -> None:
    """However much a person sends, what is remembered of it is one number and one time."""
    last = asked(dialogue, [QUESTION] * (MAX_QUESTIONS + 200))[-1].state

    assert (last.asked, last.minute) == (MAX_QUESTIONS + 2, QUESTION.sent_at)


TAP = replace(QUESTION, kind=EventKind.BUTTON, callback_id="1", sent_at=0.0)


def tapped(dialogue: Dialogue, data: str, count: int, state: State) -> list[Turn]:
    return asked(dialogue, [replace(TAP, text=data)] * count, state)


@pytest.fixture
def still(dialogue: Dialogue) -> Dialogue:
    """The conversation while the clock stands still."""
    return replace(dialogue, now=lambda: 1_000_000.0)


@pytest.mark.parametrize("lang", ["de", "en", "de-leicht"])
def test_too_many_taps_bring_nothing(still: Dialogue, lang: str) -> None:
    """Beyond sixty taps in a minute a person is told so on the button, nothing is queued, and nothing changes."""
    turns = tapped(still, "i:2", MAX_TAPS + 140, State(lang=lang))

    assert all(
        any(isinstance(message, SendMessage | EditMessage) for message in turn.messages) for turn in turns[:MAX_TAPS]
    )
    assert {turn.messages for turn in turns[MAX_TAPS:]} == {(AnswerCallback(format_label("taps", lang)),)}
    assert turns[-1].state == turns[MAX_TAPS - 1].state


def test_taps_count_anew_after_a_minute(still: Dialogue) -> None:
    """A minute after the first of them the buttons work again."""
    last = tapped(still, "i:2", MAX_TAPS + 1, State())[-1].state

    turns = tapped(replace(still, now=lambda: 1_000_060.0), "i:3", 1, last)

    assert isinstance(turns[0].messages[0], SendMessage | EditMessage)


def test_request_is_sent_after_too_many_taps(still: Dialogue) -> None:
    """Who has tapped too much loses nothing of a request: what was told stays, and is sent a minute later."""
    form = Form(FormStep.REVIEW, Details("Wir suchen Rat."), reviewed=True)
    last = tapped(still, "i:2", MAX_TAPS + 1, State(form=form))[-1].state
    send = f"r:send:{consent_digest(form)}"
    (held,) = tapped(still, send, 1, last)
    assert held.state == last
    assert held.effects == ()

    (sent,) = tapped(replace(still, now=lambda: 1_000_060.0), send, 1, held.state)

    assert any(isinstance(effect, CreateRequest) for effect in sent.effects)


def test_taps_that_bring_nothing_do_not_count(still: Dialogue) -> None:
    """Thumbs, and buttons that no longer count, are answered on the button alone, as many as there are."""
    for data in ("f:1:backbone", "evil"):
        turns = tapped(still, data, MAX_TAPS + 5, State())

        assert all(turn.messages == turns[0].messages for turn in turns)
        assert turns[-1].state == State()


def test_data_can_always_be_deleted(still: Dialogue) -> None:
    """No number of taps keeps anybody from having their data deleted."""
    last = tapped(still, "i:2", MAX_TAPS + 1, State())[-1].state

    (turn,) = tapped(still, "d:yes", 1, last)

    assert turn.effects == (ErasePerson(),)
    assert turn.state == State(lang=last.lang)
