"""How much one person may ask of the advisers, over a real store."""

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


def tomorrow(parts: Dialogue) -> Dialogue:
    """The same a day later."""
    return replace(parts, now=lambda: Clock()() + DAY)


def sent(parts: Dialogue, number: int, status: RequestStatus = RequestStatus.OPEN) -> list[str]:
    """So many requests of a person, sent just now; their references."""
    references = [f"{letter * 4}-{letter * 4}" for letter in "BCDEF"[:number]]
    for reference in references:
        request = replace(OPEN, reference=reference, status=status, created=parts.now())
        parts.store.apply((), [CreateRequest(request)])
    return references


def send(parts: Dialogue, state: State) -> Turn:
    assert state.form is not None
    return parts.handle(
        state, person(EventKind.BUTTON, f"r:send:{review.consent_digest(state.form)}", callback_id="1")
    )


def test_fourth_open_request_is_not_begun(parts: Dialogue) -> None:
    """The person is told which are open and what they can do instead; each can be withdrawn at once."""
    references = sent(parts, 3)

    turn = parts.handle(STATE, BEGIN)

    withdrawals = [f"h:withdraw:{reference}" for reference in reversed(references)]
    reads(turn, (None, "Sie haben schon 3 offene Anfragen", withdrawals), ("toast", "", []))
    reads(turn, (None, "Jacob Rohm", withdrawals), ("toast", "", []))
    assert (turn.state, turn.effects) == (STATE, ())


def test_request_can_be_sent_once_another_is_closed(parts: Dialogue) -> None:
    """A person who withdraws one of three may begin another."""
    *_, last = sent(parts, 3)
    parts.store.apply(
        (), parts.handle(STATE, person(EventKind.BUTTON, f"h:withdraw:{last}", callback_id="1")).effects
    )

    assert parts.handle(STATE, BEGIN).state.form is not None


def test_filled_form_outlives_the_refusal(parts: Dialogue) -> None:
    """A form that was filled in meanwhile is not sent, and is kept for later; questions are answered meanwhile."""
    sent(parts, 3)

    refused = send(parts, replace(STATE, form=FILLED))

    assert refused.effects == ()
    assert refused.state.form == replace(FILLED, paused=True)
    reads(refused, (None, "hebe ich auf: /beratung", refused_buttons(refused)), ("toast", "", []))


def refused_buttons(turn: Turn) -> list[str]:
    return [button.data for row in getattr(turn.messages[0], "keyboard", ()) for button in row]


def test_sixth_request_of_a_day_is_refused(parts: Dialogue) -> None:
    """However soon each is withdrawn, five a day are enough; the day after the next one goes out."""
    sent(parts, 5, RequestStatus.CLOSED)
    state = replace(STATE, form=FILLED)

    refused = send(parts, state)
    taken = send(tomorrow(parts), state)

    reads(refused, (None, "morgen nehme ich gern wieder eine an", []), ("toast", "", []))
    assert refused.effects == ()
    assert isinstance(taken.effects[0], CreateRequest)


def taps(parts: Dialogue, number: int) -> list[OutgoingCall]:
    """The calls that a person brings about who withdraws their request and opens it again in turns."""
    calls: list[OutgoingCall] = []
    for tap in range(number):
        action = "reopen" if tap % 2 else "withdraw"
        turn = parts.handle(STATE, person(EventKind.BUTTON, f"h:{action}:{REFERENCE}", callback_id="1"))
        calls += build_calls(turn.messages, person(EventKind.BUTTON), DESK)
        parts.store.apply((), turn.effects)
    return calls


def test_withdrawing_and_opening_again_has_an_end(parts: Dialogue) -> None:
    """Whoever does both in turns brings the advisers a few messages, however often they tap."""
    kept(parts, TAKEN)

    calls = taps(parts, 200)

    assert (
        len([call for call in calls if not isinstance(call, MailCall) and call.chat_id == DESK]) == 14
    )  # 4 withdrawals and 3 reopenings, each two
    assert parts.store.requests.requests_by_user(ADA)[0].status is RequestStatus.CLOSED


def test_fourth_opening_of_a_day_is_refused(parts: Dialogue) -> None:
    """The person is told so, with a way that remains; nothing changes, and a day later it can be opened again."""
    kept(parts, replace(CLOSED, reopened=(1.0, parts.now() - 2, parts.now() - 1)))
    parts.store.apply((), [CreateRequest(replace(CLOSED, reference="BBBB-BBBB", reopened=(parts.now(),)))])

    refused = requester.handle_requester_callback(
        TurnContext(parts, STATE, person(EventKind.BUTTON)), f"reopen:{REFERENCE}"
    )
    next_day = tomorrow(parts)
    opened = requester.handle_requester_callback(
        TurnContext(next_day, STATE, person(EventKind.BUTTON)), f"reopen:{REFERENCE}"
    )

    reads(refused, (None, "heute schon dreimal wieder geöffnet", []), ("toast", "", []))
    reads(refused, (None, "Jacob Rohm", []), ("toast", "", []))
    assert refused is not None
    assert refused.effects == ()
    assert changed(opened).reopened == (next_day.now(),)


def test_adviser_opens_again_as_often_as_they_like(parts: Dialogue) -> None:
    """The limit is the person's; what an adviser opens does not count."""
    kept(parts, replace(CLOSED, reopened=(parts.now(),) * 3))

    turn = lifecycle.reopen_request(
        TurnContext(parts, STATE, person()), parts.store.requests.requests_by_user(ADA)[0]
    )

    assert changed(turn).status is RequestStatus.OPEN
    assert changed(turn).reopened == (parts.now(),) * 3


def test_fourth_open_request_is_not_opened_again(parts: Dialogue) -> None:
    """Where three are open, a closed one stays closed."""
    kept(parts, CLOSED)
    sent(parts, 3)

    turn = requester.handle_requester_callback(
        TurnContext(parts, STATE, person(EventKind.BUTTON)), f"reopen:{REFERENCE}"
    )

    assert turn is not None
    assert turn.effects == ()
    assert "Sie haben schon 3 offene Anfragen" in getattr(turn.messages[0], "html", "")
