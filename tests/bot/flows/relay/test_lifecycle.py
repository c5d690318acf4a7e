"""After a request is closed: rating, comment and reopening, over a real store."""

from dataclasses import replace

import pytest

from bot.domain.effects import UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import RelayMessage, SendMessage
from bot.domain.turn import Turn
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from bot.flows.relay import requester
from tests.support.relay import ADA, CLOSED, REFERENCE, STATE, changed, kept, kinds, person, reads

pytestmark = pytest.mark.durability

RATED = replace(STATE, rated=REFERENCE)
LATER = "Gemeinsame Wirkungsmessung erklären"


def comments(turn: Turn) -> list[str]:
    return [effect.request.comment for effect in turn.effects if isinstance(effect, UpdateRequest)]


def test_message_after_a_rating_is_the_comment(services: Dialogue) -> None:
    """The requester's next message after a rating is stored as the comment, and they are thanked."""
    kept(services, CLOSED)

    turn = services.handle(RATED, person(text="Sehr hilfreich"))

    reads(turn, (None, "Danke für Ihre Rückmeldung", []), ("card", REFERENCE, []))
    assert (comments(turn), turn.state.rated) == (["Sehr hilfreich"], "")


@pytest.mark.parametrize(
    "meanwhile",
    [
        person(text="Was ist ein Backbone?"),
        person(EventKind.COMMAND, "", command="einfuehrung"),
        person(EventKind.BUTTON, "i:2", callback_id="1"),
    ],
)
def test_message_after_something_else_is_no_comment(services: Dialogue, meanwhile: Event) -> None:
    """After a question, a command or a button, the next message is not a comment, and no adviser receives it."""
    kept(services, CLOSED)
    state = services.handle(RATED, meanwhile).state

    turn = services.handle(state, person(text=LATER, message=10))

    assert comments(turn) == []
    assert state.rated == ""


def test_changed_rating_still_awaits_the_comment(services: Dialogue) -> None:
    """Tapping another rating replaces the first, and the comment is still awaited."""
    kept(services, CLOSED)

    turn = services.handle(RATED, person(EventKind.BUTTON, f"h:rate:{REFERENCE}:2", callback_id="1"))

    assert (changed(turn).rating, turn.state.rated) == (2, REFERENCE)


def test_requester_who_reopens_writes_to_the_advisers(services: Dialogue) -> None:
    """After reopening, the requester's messages reach the advisers without a reply, until they return to the bot."""
    kept(services, CLOSED)
    reopened = requester.handle_requester_callback(
        TurnContext(services, STATE, person(EventKind.BUTTON)), f"reopen:{REFERENCE}"
    )
    services.store.apply((), [UpdateRequest(changed(reopened))])

    message = services.handle(STATE, person(text="Eines noch zu dem Termin"))

    reads(
        reopened,
        (ADA, "Was Sie hier schreiben, geht an das Beratungsteam", [f"h:end:{REFERENCE}"]),
        ("card", REFERENCE, []), ("desk", "ist wieder offen", []), ("toast", "", []),
    )  # fmt: skip
    assert kinds(message) == [RelayMessage]


@pytest.mark.parametrize(("days", "promises"), [(2, True), (0, False)])
def test_reopening_promises_a_date_only_if_dates_are_promised(services: Dialogue, days: int, promises: bool) -> None:
    """A reopened request gets a new date; if the settings promise none, none is stored and none is named."""
    kept(services, CLOSED)
    reopened = requester.handle_requester_callback(
        TurnContext(replace(services, answer_days=days), STATE, person(EventKind.BUTTON)), f"reopen:{REFERENCE}"
    )
    assert reopened is not None
    texts = [message.html for message in reopened.messages if isinstance(message, SendMessage)]

    assert bool(changed(reopened).promised) is promises
    assert any("Rechnen Sie mit einer Antwort" in text for text in texts) is promises
