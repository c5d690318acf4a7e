"""What advisers write goes to the person, and what did not arrive is told: every way there is, over a real store."""

import pytest

from bot.consultation import Request, Side, Status
from bot.effects import ChangeRequest, Forget, NewRequest, Said
from bot.flows import desk
from bot.flows.dialogue import Dialogue
from bot.flows.undelivered import undelivered
from bot.model import Copy, Event, Kind, Rewrite, Say, Update
from bot.store import Outgoing
from bot.store.protocol import CARD, MAIL
from tests.bot.relay import (
    ADA,
    BEA,
    CLOSED,
    DESK,
    OPEN,
    REFERENCE,
    STATE,
    TALKING,
    adviser,
    changed,
    kept,
    kinds,
)


def test_adviser_writes(parts: Dialogue) -> None:
    """Who answers an open request takes it, and the conversation is opened; then only copies go."""
    kept(parts, OPEN)
    first = desk.message(parts, STATE, adviser())
    parts.store.act((), [ChangeRequest(changed(first))])
    second = desk.message(parts, STATE, adviser(Kind.OTHER, "", what="document", reply_to=88))

    assert kinds(first) == [Say, Copy, Update]
    fresh = changed(first)
    assert (fresh.status, fresh.taken_by, fresh.adviser, fresh.talking) == (Status.TAKEN, BEA, "Bea", True)
    assert (fresh.turn, fresh.since) == (Side.PERSON, parts.now())
    assert kinds(second) == [Copy]
    assert second is not None
    assert second.messages[0] == Copy(REFERENCE, ADA, replies=(DESK, 88))
    assert second.effects[1] == Said(REFERENCE, Side.ADVISER, "[document]")


@pytest.mark.parametrize(
    ("request_", "event", "expected"),
    [
        (OPEN, adviser(Kind.BUTTON), None),
        (OPEN, adviser(text="// nur für uns"), []),
        (CLOSED, adviser(), [Say]),
        (TALKING, adviser(Kind.EDITED, message=88), [Rewrite]),
        (TALKING, adviser(Kind.EDITED, message=89), []),
        (TALKING, adviser(Kind.EDITED, "// doch nicht", message=88), []),
        (TALKING, adviser(Kind.EDITED, message=88, thread=0), [Rewrite]),
        (TALKING, adviser(thread=0, reply_to=88), [Copy]),
        (OPEN, adviser(thread=0), None),
        (OPEN, adviser(thread=0, reply_to=66), [Say]),
        (OPEN, adviser(thread=0, reply_to=66, addressed=False), None),
        (OPEN, adviser(text="// Notiz", thread=0, reply_to=66), None),
        (OPEN, adviser(Kind.EDITED, thread=0, reply_to=66), None),
        (OPEN, adviser(thread=8), None),
    ],
)
def test_messages_of_advisers(parts: Dialogue, request_: Request, event: Event, expected: list[type] | None) -> None:
    """What belongs to a request goes to its person; notes stay; what belongs to none is said to belong to none."""
    kept(parts, request_)

    turn = desk.message(parts, STATE, event)

    assert (None if turn is None else kinds(turn)) == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (adviser(), [Say]),
        (adviser(text="// Notiz"), []),
        (adviser(Kind.EDITED), []),
        (adviser(thread=0, reply_to=88), [Say]),
        (adviser(thread=8), None),
    ],
)
def test_adviser_writes_about_a_deleted_request(parts: Dialogue, event: Event, expected: list[type] | None) -> None:
    """Who writes about a request that was deleted is told that nobody gets it."""
    kept(parts, TALKING)
    parts.store.posted(REFERENCE, (DESK, 88))
    parts.store.add_updates([(5, str(ADA), "{}")])
    parts.store.finish(5, Event(5, Kind.BUTTON, ADA, ADA, 9), None, (), [Forget()])

    turn = desk.message(parts, STATE, event)

    assert (None if turn is None else kinds(turn)) == expected


@pytest.mark.parametrize(
    ("outgoing", "to_advisers"),
    [
        (Outgoing(ADA, "sendMessage", {}), None),
        (Outgoing(ADA, "sendMessage", {}, request="BBBB-BBBB"), None),
        (Outgoing(0, MAIL, {}, request=REFERENCE), True),
        (Outgoing(DESK, CARD, {}, request=REFERENCE), None),
        (Outgoing(ADA, "copyMessage", {}, request=REFERENCE), True),
        (Outgoing(DESK, "copyMessage", {}, request=REFERENCE), False),
    ],
)
def test_what_did_not_arrive_is_told(parts: Dialogue, outgoing: Outgoing, to_advisers: bool | None) -> None:
    """The side that wrote is told; nobody is where the request itself is there, or there is none."""
    kept(parts, TALKING)

    told = undelivered(parts, outgoing, "Forbidden: bot was blocked by the user")

    assert [one.desk for one in told] == ([] if to_advisers is None else [to_advisers])
    assert [one.chat_id for one in told if not one.desk] == ([ADA] if to_advisers is False else [])


def test_card_that_never_arrived_is_told(parts: Dialogue) -> None:
    """Where the advisers never got a request, its person is told."""
    kept(parts, OPEN)
    parts.store.put_thread(REFERENCE, None)

    (told,) = undelivered(parts, Outgoing(DESK, CARD, {}, request=REFERENCE), "Bad Request: chat not found")

    assert told.chat_id == ADA


def test_mail_that_failed_without_advisers(dialogue: Dialogue) -> None:
    """Where a mail was the only way and failed for good, the person is told."""
    dialogue.store.act((), [NewRequest(OPEN)])

    (told,) = undelivered(dialogue, Outgoing(0, MAIL, {}, request=REFERENCE), "no mailbox")

    assert told.chat_id == ADA
