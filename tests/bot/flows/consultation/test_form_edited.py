"""Corrections: what was typed into a form is edited while it is filled in, set aside, or sent."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.domain.consultation import ContactChannel, Form, FormStep
from bot.domain.event import Event, EventKind
from bot.domain.message import EditMessage, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.consultation.review import consent_digest
from bot.flows.dialogue import Dialogue
from prompts.render import format_label, render_template
from tests.support.fake_answerer import FakeAnswerer, answer_with

EVENT = Event(1, EventKind.TEXT, chat_id=10, user_id=10, message_id=0, language_code="de", name="Ada")
CONCERN, ORGANISATION, KIND, PLACE, REACH, TIMES = range(11, 17)  # ids of the messages
TEXTS = ("Wir suchen Rat.", "Brücken e. V.", "Verein", "Kiel", "0431 987654", "dienstags")


def said(dialogue: Dialogue, state: State, text: str, message: int) -> Turn:
    return dialogue.handle(state, replace(EVENT, text=text, message_id=message))


def edited(dialogue: Dialogue, state: State, text: str, message: int) -> Turn:
    return dialogue.handle(state, replace(EVENT, kind=EventKind.EDITED, text=text, message_id=message))


def tapped(dialogue: Dialogue, state: State, data: str) -> Turn:
    return dialogue.handle(state, replace(EVENT, kind=EventKind.BUTTON, text=data, callback_id="1", message_id=50))


def filling(dialogue: Dialogue, texts: Sequence[str] = TEXTS) -> State:
    """The state of somebody who has typed this into the form, in messages 11, 12 and so on."""
    state = tapped(dialogue, State(), "talk").state
    for message, text in enumerate(texts, CONCERN):
        state = said(dialogue, state, text, message).state
    return state


def form_of(turn: Turn) -> Form:
    assert turn.state.form is not None
    return turn.state.form


def told(turn: Turn) -> str:
    return "\n".join(message.html for message in turn.messages if isinstance(message, SendMessage | EditMessage))


CHANGES = {
    CONCERN: ("concern", "Wir suchen Geld."), ORGANISATION: ("organisation", "Brücken gGmbH"),
    KIND: ("kind", "Stiftung"), PLACE: ("place", "Plön"), REACH: ("address", "ada@kiel.de"),
    TIMES: ("times", "freitags"),
}  # fmt: skip


@pytest.mark.parametrize("message", CHANGES)
def test_edit_corrects_the_summary(dialogue: Dialogue, message: int) -> None:
    """Whichever message is corrected, the line that it answered changes, and the new summary is shown."""
    field, text = CHANGES[message]
    before = filling(dialogue)
    assert before.form is not None
    turn = edited(dialogue, before, text, message)

    after = form_of(turn)
    assert getattr(after.details, field) == ("foundation" if field == "kind" else text)
    assert after.at is FormStep.REVIEW
    assert (text in told(turn), format_label("form_edited", "de") in told(turn)) == (True, True)


def test_consent_to_what_stood_there_before_is_none(dialogue: Dialogue) -> None:
    """The button of the summary that was shown before the correction sends nothing."""
    state = filling(dialogue)
    before = f"r:send:{consent_digest(form_of(Turn(state)))}"
    turn = tapped(dialogue, edited(dialogue, state, "Wir suchen Geld.", CONCERN).state, before)

    assert (turn.effects, form_of(turn).at) == ((), FormStep.REVIEW)


def test_edit_in_the_middle_asks_the_same_again(dialogue: Dialogue) -> None:
    """An earlier line is corrected while a later one is asked for."""
    turn = edited(dialogue, filling(dialogue, TEXTS[:3]), "Wir suchen Geld.", CONCERN)

    assert (form_of(turn).at, form_of(turn).details.concern) == (FormStep.PLACE, "Wir suchen Geld.")
    assert format_label("form_edited", "de") in told(turn)


def test_edit_of_what_was_not_taken_answers(dialogue: Dialogue) -> None:
    """A mistyped number that is mended by an edit is the answer, as if it were typed anew."""
    state = filling(dialogue, TEXTS[:4])
    state = said(dialogue, state, "0431", REACH).state
    assert form_of(Turn(state)).at is FormStep.CHANNEL

    assert form_of(edited(dialogue, state, "0431 987654", REACH)).details.address == "+49 431 987654"


def test_word_that_skipped_becomes_an_answer(dialogue: Dialogue) -> None:
    """Who has left out a line by a word may write it there after all, and the other way round."""
    state = filling(dialogue, (*TEXTS[:3], "überspringen"))
    turn = edited(dialogue, state, "Kiel", PLACE)
    assert form_of(turn).details.place == "Kiel"

    assert form_of(edited(dialogue, turn.state, "überspringen", PLACE)).details.place == ""


@pytest.mark.parametrize(("message", "text"), [(CONCERN, "x" * 2_001), (KIND, "Katze"), (REACH, "gar nicht")])
def test_edit_that_fits_nowhere_changes_nothing_and_says_so(dialogue: Dialogue, message: int, text: str) -> None:
    """What cannot be the answer leaves what was there."""
    state = filling(dialogue)
    turn = edited(dialogue, state, text, message)

    assert form_of(turn).details == form_of(Turn(state)).details
    assert format_label("form_not_edited", "de") in told(turn)


def test_other_way_to_be_reached_asks_for_its_address(dialogue: Dialogue) -> None:
    """A way that needs an address leads to it, and then back to the summary."""
    turn = edited(dialogue, filling(dialogue), "per E-Mail", REACH)
    assert (form_of(turn).at, form_of(turn).details.reach) == (FormStep.ADDRESS, ContactChannel.EMAIL)

    assert form_of(said(dialogue, turn.state, "ada@kiel.de", 20)).at is FormStep.REVIEW


def test_address_of_another_way_is_no_longer_asked_for(dialogue: Dialogue) -> None:
    """An address that was typed before another way was chosen is not brought back by its edit."""
    state = filling(dialogue, (*TEXTS[:4], "Telefon"))
    state = said(dialogue, state, "0431 987654", 20).state
    for data in ("r:back:times", "r:back:address", "r:reach:here"):
        state = tapped(dialogue, state, data).state

    turn = edited(dialogue, state, "0431 987655", 20)

    assert (form_of(turn).details.reach, form_of(turn).details.address) == (ContactChannel.TELEGRAM, "")


@pytest.mark.parametrize("paused", [True, False])
def test_edit_of_a_question_is_answered_whatever_form_is_there(dialogue: Dialogue, paused: bool) -> None:
    """A question from before the form, or in the middle of it, has its answer corrected; the form stays as it is."""
    answers = [answer_with("backbone"), answer_with("collective-impact")]
    dialogue = replace(dialogue, answerer=FakeAnswerer(answers))
    asked = said(dialogue, State(), "Was ist ein Backbone?", 5).state
    form = Form(FormStep.PLACE, paused=paused)
    turn = edited(dialogue, replace(asked, form=form), "Was ist Collective Impact?", 5)

    (change,) = turn.messages
    assert isinstance(change, EditMessage)
    assert (change.question_id, turn.state.form, turn.state.last_entry) == (5, form, "collective-impact")


def test_edit_goes_into_a_form_set_aside(dialogue: Dialogue) -> None:
    """Who corrects the form goes on with it."""
    state = filling(dialogue)
    assert state.form is not None
    turn = edited(dialogue, replace(state, form=replace(state.form, paused=True)), "Plön", PLACE)

    assert (form_of(turn).details.place, form_of(turn).paused) == ("Plön", False)


@pytest.mark.parametrize("command", ["hilfe", "beratung", "unbekannt"])
def test_edited_command_is_no_question(dialogue: Dialogue, command: str) -> None:
    """Only the command that asks is asked again."""
    event = replace(EVENT, kind=EventKind.EDITED, command=command, text="Was ist ein Backbone?", message_id=5)
    asking = replace(event, command="question")

    assert dialogue.handle(State(), event) == Turn(State())
    assert dialogue.handle(State(), asking).decisions


@pytest.mark.parametrize("lang", ["de", "en", "de-leicht"])
@pytest.mark.parametrize("advised", [True, False])
def test_edit_after_sending_is_told_how_it_reaches_anybody(
    dialogue: Dialogue, parts: Dialogue, lang: str, advised: bool
) -> None:
    """A request stays as it was agreed to. Who edits what they typed for it is told so, and how to add to it."""
    talks = parts if advised else dialogue
    state = filling(talks)
    sent = said(talks, replace(state, lang=lang), "ja", 20)
    assert sent.effects
    talks.store.apply((), sent.effects)
    (request,) = talks.store.requests.all_requests()

    turn = edited(talks, sent.state, "Wir suchen Geld.", CONCERN)

    values = {"number": request.reference, "desk": advised, "contact": talks.contact}
    assert turn == Turn(
        sent.state, (SendMessage(render_template("request_edited", lang, **values), reference=request.reference),)
    )


def test_edit_after_the_request_is_gone_is_a_question(parts: Dialogue) -> None:
    """Nothing is said about a request that was deleted."""
    sent = said(parts, filling(parts), "ja", 20)

    assert edited(parts, sent.state, "Was ist ein Backbone?", CONCERN).decisions
