"""Editing messages that were typed into a form, while it is filled in, while it is paused, and after it is sent."""

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


def write(dialogue: Dialogue, state: State, text: str, message: int) -> Turn:
    return dialogue.handle(state, replace(EVENT, text=text, message_id=message))


def edit(dialogue: Dialogue, state: State, text: str, message: int) -> Turn:
    return dialogue.handle(state, replace(EVENT, kind=EventKind.EDITED, text=text, message_id=message))


def tap(dialogue: Dialogue, state: State, data: str) -> Turn:
    return dialogue.handle(state, replace(EVENT, kind=EventKind.BUTTON, text=data, callback_id="1", message_id=50))


def fill_in(dialogue: Dialogue, texts: Sequence[str] = TEXTS) -> State:
    """Return the state after these texts were typed into the form, in messages 11, 12 and so on."""
    state = tap(dialogue, State(), "talk").state
    for message, text in enumerate(texts, CONCERN):
        state = write(dialogue, state, text, message).state
    return state


def form_of(turn: Turn) -> Form:
    assert turn.state.form is not None
    return turn.state.form


def shown_text(turn: Turn) -> str:
    return "\n".join(message.html for message in turn.messages if isinstance(message, SendMessage | EditMessage))


CHANGES = {
    CONCERN: ("concern", "Wir suchen Geld."), ORGANISATION: ("organisation", "Brücken gGmbH"),
    KIND: ("kind", "Stiftung"), PLACE: ("place", "Plön"), REACH: ("address", "ada@kiel.de"),
    TIMES: ("times", "freitags"),
}  # fmt: skip


@pytest.mark.parametrize("message", CHANGES)
def test_edit_corrects_the_summary(dialogue: Dialogue, message: int) -> None:
    """Editing any message of the form corrects the line that it answered and shows the new summary."""
    field, text = CHANGES[message]
    before = fill_in(dialogue)
    assert before.form is not None
    turn = edit(dialogue, before, text, message)

    after = form_of(turn)
    assert getattr(after.details, field) == ("foundation" if field == "kind" else text)
    assert after.at is FormStep.REVIEW
    assert (text in shown_text(turn), format_label("form_edited", "de") in shown_text(turn)) == (True, True)


def test_consent_to_an_outdated_summary_sends_nothing(dialogue: Dialogue) -> None:
    """The button of a summary that was shown before a correction sends nothing."""
    state = fill_in(dialogue)
    before = f"r:send:{consent_digest(form_of(Turn(state)))}"
    turn = tap(dialogue, edit(dialogue, state, "Wir suchen Geld.", CONCERN).state, before)

    assert (turn.effects, form_of(turn).at) == ((), FormStep.REVIEW)


def test_edit_in_the_middle_asks_the_current_question_again(dialogue: Dialogue) -> None:
    """An edit of an earlier message corrects its line, and the current question is asked again."""
    turn = edit(dialogue, fill_in(dialogue, TEXTS[:3]), "Wir suchen Geld.", CONCERN)

    assert (form_of(turn).at, form_of(turn).details.concern) == (FormStep.PLACE, "Wir suchen Geld.")
    assert format_label("form_edited", "de") in shown_text(turn)


def test_edit_of_a_rejected_answer_counts(dialogue: Dialogue) -> None:
    """A rejected phone number that is corrected by an edit counts as the answer."""
    state = fill_in(dialogue, TEXTS[:4])
    state = write(dialogue, state, "0431", REACH).state
    assert form_of(Turn(state)).at is FormStep.CHANNEL

    assert form_of(edit(dialogue, state, "0431 987654", REACH)).details.address == "+49 431 987654"


def test_edit_fills_in_a_skipped_line(dialogue: Dialogue) -> None:
    """A line that was skipped with a word can be filled in by an edit, and the other way round."""
    state = fill_in(dialogue, (*TEXTS[:3], "überspringen"))
    turn = edit(dialogue, state, "Kiel", PLACE)
    assert form_of(turn).details.place == "Kiel"

    assert form_of(edit(dialogue, turn.state, "überspringen", PLACE)).details.place == ""


@pytest.mark.parametrize(("message", "text"), [(CONCERN, "x" * 2_001), (KIND, "Katze"), (REACH, "gar nicht")])
def test_invalid_edit_changes_nothing(dialogue: Dialogue, message: int, text: str) -> None:
    """An edit that is not a valid answer leaves the line unchanged, and the bot says so."""
    state = fill_in(dialogue)
    turn = edit(dialogue, state, text, message)

    assert form_of(turn).details == form_of(Turn(state)).details
    assert format_label("form_not_edited", "de") in shown_text(turn)


def test_other_contact_channel_asks_for_its_address(dialogue: Dialogue) -> None:
    """If an edit selects a contact channel that needs an address, that is asked for before the summary."""
    turn = edit(dialogue, fill_in(dialogue), "per E-Mail", REACH)
    assert (form_of(turn).at, form_of(turn).details.reach) == (FormStep.ADDRESS, ContactChannel.EMAIL)

    assert form_of(write(dialogue, turn.state, "ada@kiel.de", 20)).at is FormStep.REVIEW


def test_edit_of_an_unused_address_changes_nothing(dialogue: Dialogue) -> None:
    """Editing an address that was typed before another contact channel was chosen does not bring it back."""
    state = fill_in(dialogue, (*TEXTS[:4], "Telefon"))
    state = write(dialogue, state, "0431 987654", 20).state
    for data in ("r:back:times", "r:back:address", "r:reach:here"):
        state = tap(dialogue, state, data).state

    turn = edit(dialogue, state, "0431 987655", 20)

    assert (form_of(turn).details.reach, form_of(turn).details.address) == (ContactChannel.TELEGRAM, "")


@pytest.mark.parametrize("paused", [True, False])
def test_edited_question_is_answered_and_form_unchanged(dialogue: Dialogue, paused: bool) -> None:
    """If a question is edited while there is a form, its answer is replaced and the form is unchanged."""
    answers = [answer_with("backbone"), answer_with("collective-impact")]
    dialogue = replace(dialogue, answerer=FakeAnswerer(answers))
    before = write(dialogue, State(), "Was ist ein Backbone?", 5).state
    form = Form(FormStep.PLACE, paused=paused)
    turn = edit(dialogue, replace(before, form=form), "Was ist Collective Impact?", 5)

    (message,) = turn.messages
    assert isinstance(message, EditMessage)
    assert (message.question_id, turn.state.form, turn.state.last_entry) == (5, form, "collective-impact")


def test_edit_resumes_a_paused_form(dialogue: Dialogue) -> None:
    """Editing an answer of a paused form corrects it and resumes the form."""
    state = fill_in(dialogue)
    assert state.form is not None
    turn = edit(dialogue, replace(state, form=replace(state.form, paused=True)), "Plön", PLACE)

    assert (form_of(turn).details.place, form_of(turn).paused) == ("Plön", False)


@pytest.mark.parametrize("command", ["hilfe", "beratung", "unbekannt"])
def test_edited_command_is_ignored(dialogue: Dialogue, command: str) -> None:
    """Editing a command does nothing, except for the question command, which is answered again."""
    event = replace(EVENT, kind=EventKind.EDITED, command=command, text="Was ist ein Backbone?", message_id=5)
    asking = replace(event, command="question")

    assert dialogue.handle(State(), event) == Turn(State())
    assert dialogue.handle(State(), asking).decisions


@pytest.mark.parametrize("lang", ["de", "en", "de-leicht"])
@pytest.mark.parametrize("has_advisers", [True, False])
def test_edit_after_sending_explains_how_to_add(
    dialogue: Dialogue, services: Dialogue, lang: str, has_advisers: bool
) -> None:
    """Editing an answer of a sent form leaves the request unchanged and says how to add to it."""
    flow = services if has_advisers else dialogue
    state = fill_in(flow)
    sent = write(flow, replace(state, lang=lang), "ja", 20)
    assert sent.effects
    flow.store.apply((), sent.effects)
    (request,) = flow.store.requests.all_requests()

    turn = edit(flow, sent.state, "Wir suchen Geld.", CONCERN)

    values = {"number": request.reference, "desk": has_advisers, "contact": flow.contact}
    assert turn == Turn(
        sent.state, (SendMessage(render_template("request_edited", lang, **values), reference=request.reference),)
    )


def test_edit_after_deletion_is_a_question(services: Dialogue) -> None:
    """Once the request is deleted, editing an answer of its form counts as a question."""
    sent = write(services, fill_in(services), "ja", 20)

    assert edit(services, sent.state, "Was ist ein Backbone?", CONCERN).decisions
