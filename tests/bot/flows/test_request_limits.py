"""The limits on requests per person, over a real store."""

from dataclasses import replace

import pytest

from bot.domain.calendar import DAY
from bot.domain.consultation import Details, Form, FormStep, RequestStatus
from bot.domain.effects import CreateRequest
from bot.domain.event import EventKind
from bot.domain.turn import State, Turn
from bot.flows.consultation import review
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from bot.flows.relay import lifecycle, requester
from bot.pipeline.api_calls import build_calls
from bot.store import OutgoingCall
from bot.store.records import MailCall
from tests.conftest import Clock
from tests.support.relay import ADA, CLOSED, DESK, OPEN, REFERENCE, STATE, TAKEN, changed, kept, person, reads

pytestmark = pytest.mark.durability

BEGIN = person(EventKind.COMMAND, "", command="beratung")
FILLED = Form(FormStep.REVIEW, Details("Noch eine"), reviewed=True)


def tomorrow(services: Dialogue) -> Dialogue:
    """Return the same dialogue a day later."""
    return replace(services, now=lambda: Clock()() + DAY)


def add_requests(services: Dialogue, number: int, status: RequestStatus = RequestStatus.OPEN) -> list[str]:
    """Store this many requests that a person has just sent, and return their references."""
    references = [f"{letter * 4}-{letter * 4}" for letter in "BCDEF"[:number]]
    for reference in references:
        request = replace(OPEN, reference=reference, status=status, created=services.now())
        services.store.apply((), [CreateRequest(request)])
    return references


def send(services: Dialogue, state: State) -> Turn:
    assert state.form is not None
    return services.handle(
        state, person(EventKind.BUTTON, f"r:send:{review.consent_digest(state.form)}", callback_id="1")
    )


def test_fourth_open_request_is_not_begun(services: Dialogue) -> None:
    """With three open requests no further one can be begun; the person is told alternatives and can withdraw any."""
    references = add_requests(services, 3)

    turn = services.handle(STATE, BEGIN)

    withdrawals = [f"h:withdraw:{reference}" for reference in reversed(references)]
    reads(turn, (None, "Sie haben schon 3 offene Anfragen", withdrawals), ("toast", "", []))
    reads(turn, (None, "Jacob Rohm", withdrawals), ("toast", "", []))
    assert (turn.state, turn.effects) == (STATE, ())


def test_request_can_be_sent_once_another_is_closed(services: Dialogue) -> None:
    """After withdrawing one of three open requests, a person can begin another."""
    *_, last = add_requests(services, 3)
    services.store.apply(
        (), services.handle(STATE, person(EventKind.BUTTON, f"h:withdraw:{last}:yes", callback_id="1")).effects
    )

    assert services.handle(STATE, BEGIN).state.form is not None


def test_filled_form_is_kept_after_the_refusal(services: Dialogue) -> None:
    """A form that cannot be sent because of the limit is paused and kept for later."""
    add_requests(services, 3)

    refused = send(services, replace(STATE, form=FILLED))

    assert refused.effects == ()
    assert refused.state.form == replace(FILLED, paused=True)
    reads(refused, (None, "hebe ich auf: /beratung", refused_buttons(refused)), ("toast", "", []))


def refused_buttons(turn: Turn) -> list[str]:
    return [button.data for row in getattr(turn.messages[0], "keyboard", ()) for button in row]


def test_sixth_request_of_a_day_is_refused(services: Dialogue) -> None:
    """A person can send five requests a day, even if they withdraw them, and another the next day."""
    add_requests(services, 5, RequestStatus.CLOSED)
    state = replace(STATE, form=FILLED)

    refused = send(services, state)
    accepted = send(tomorrow(services), state)

    reads(refused, (None, "morgen nehme ich gern wieder eine an", []), ("toast", "", []))
    assert refused.effects == ()
    assert isinstance(accepted.effects[0], CreateRequest)


def close_and_reopen(services: Dialogue, number: int) -> list[OutgoingCall]:
    """Call a request solved and reopen it in turns, and return the resulting calls."""
    calls: list[OutgoingCall] = []
    for tap in range(number):
        action = "reopen" if tap % 2 else "done"
        turn = services.handle(STATE, person(EventKind.BUTTON, f"h:{action}:{REFERENCE}", callback_id="1"))
        calls += build_calls(turn.messages, person(EventKind.BUTTON), DESK)
        services.store.apply((), turn.effects)
    return calls


def test_closing_and_reopening_is_limited(services: Dialogue) -> None:
    """However often a person closes and reopens a request, the advisers get only a few messages."""
    kept(services, TAKEN)

    calls = close_and_reopen(services, 200)

    assert (
        len([call for call in calls if not isinstance(call, MailCall) and call.chat_id == DESK]) == 14
    )  # 4 closings and 3 reopenings, each two
    assert services.store.requests.requests_by_user(ADA)[0].status is RequestStatus.CLOSED


def test_fourth_reopening_of_a_day_is_refused(services: Dialogue) -> None:
    """After three reopenings in a day, a request stays closed and an alternative is named; the next day it works."""
    kept(services, replace(CLOSED, reopened=(1.0, services.now() - 2, services.now() - 1)))
    services.store.apply((), [CreateRequest(replace(CLOSED, reference="BBBB-BBBB", reopened=(services.now(),)))])

    refused = requester.handle_requester_callback(
        TurnContext(services, STATE, person(EventKind.BUTTON)), f"reopen:{REFERENCE}"
    )
    next_day = tomorrow(services)
    reopened = requester.handle_requester_callback(
        TurnContext(next_day, STATE, person(EventKind.BUTTON)), f"reopen:{REFERENCE}"
    )

    reads(refused, (None, "heute schon dreimal wieder geöffnet", []), ("toast", "", []))
    reads(refused, (None, "Jacob Rohm", []), ("toast", "", []))
    assert refused is not None
    assert refused.effects == ()
    assert changed(reopened).reopened == (next_day.now(),)


def test_reopening_by_an_adviser_is_not_limited(services: Dialogue) -> None:
    """Reopening by an adviser is not limited and does not count."""
    kept(services, replace(CLOSED, reopened=(services.now(),) * 3))

    turn = lifecycle.reopen_request(
        TurnContext(services, STATE, person()), services.store.requests.requests_by_user(ADA)[0]
    )

    assert changed(turn).status is RequestStatus.OPEN
    assert changed(turn).reopened == (services.now(),) * 3


def test_closed_request_is_not_reopened_over_the_limit(services: Dialogue) -> None:
    """With three open requests, a closed one cannot be reopened."""
    kept(services, CLOSED)
    add_requests(services, 3)

    turn = requester.handle_requester_callback(
        TurnContext(services, STATE, person(EventKind.BUTTON)), f"reopen:{REFERENCE}"
    )

    assert turn is not None
    assert turn.effects == ()
    assert "Sie haben schon 3 offene Anfragen" in getattr(turn.messages[0], "html", "")
