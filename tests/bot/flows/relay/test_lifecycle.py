"""After a request is closed: rating, comment and reopening, over a real store."""

from dataclasses import replace

import pytest

from bot.domain.consultation import Party, RequestStatus
from bot.domain.effects import AppendTranscript, UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import RelayMessage
from bot.domain.turn import State, Turn
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from bot.flows.relay import requester
from tests.support.relay import (
    ADA,
    BEA,
    CLOSED,
    EVE,
    REFERENCE,
    STATE,
    changed,
    kept,
    kinds,
    person,
    reads,
    tap,
    told,
)

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
    ("text", "state", "is_kept"),
    [
        ("Danke euch!", STATE, True),
        ("vielen Dank, das hat sehr geholfen", STATE, True),
        ("Danke, und was kostet das?", STATE, False),
        ("Danke euch!", replace(STATE, minute=CLOSED.closed + 60), False),  # for an answer of the bot
    ],
)
def test_thanks_after_the_end_is_a_comment(services: Dialogue, text: str, state: State, is_kept: bool) -> None:
    """Thanks right after the end of a request reach the advisers, without a rating; those for an answer do not."""
    services = replace(services, now=lambda: CLOSED.closed + 120)
    kept(services, CLOSED)

    turn = services.handle(state, person(text=text))

    assert comments(turn) == ([text] if is_kept else [])
    assert ("Ihren Dank gebe ich" in str(turn.messages)) is is_kept


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


@pytest.mark.parametrize("by_adviser", [True, False])
@pytest.mark.parametrize("talked", [True, False])
@pytest.mark.parametrize("has_owner", [True, False])
def test_reopened_request_keeps_its_adviser(
    services: Dialogue, by_adviser: bool, talked: bool, has_owner: bool
) -> None:
    """Who had a request has it again and is told so; nothing is promised, and a conversation of both goes on."""
    owner = {"taken_by": BEA, "adviser": "Bea"} if has_owner else {}
    kept(services, replace(CLOSED, promised=5.0, **owner))  # type: ignore[arg-type]
    if talked:
        services.store.apply((), [AppendTranscript(REFERENCE, Party.ADVISER, "Gern.")])
    data = f"reopen:{REFERENCE}"

    turn = services.handle(
        STATE,
        tap(f"q:{data}", name="Cem", user=EVE)
        if by_adviser
        else person(EventKind.BUTTON, f"h:{data}", callback_id="1"),
    )

    updated = changed(turn)
    status = RequestStatus.TAKEN if has_owner else RequestStatus.OPEN
    assert (updated.status, updated.taken_by, updated.promised) == (status, BEA * has_owner, 5.0)
    assert updated.talking is (talked or not by_adviser)
    by = "Cem hat sie geöffnet" if by_adviser else "möchte noch etwas"
    owner_words = f'Zuständig bleibt <a href="tg://user?id={BEA}">Bea</a>' if has_owner else "Noch hat niemand"
    end = [f"h:end:{REFERENCE}"] if updated.talking else []
    reads(
        turn,
        (ADA, "Bea kümmert sich weiter darum" if has_owner else "ist wieder offen", end),
        ("card", REFERENCE, []),
        ("desk", f"{by}. {owner_words}", []),
        ("toast", "", []),
    )
    assert "Antwort bis" not in told(turn)[0][1]
