"""Calls for several desks: each goes to the chat of its request's contact, also when the settings change."""

from dataclasses import replace

import pytest

from bot.domain.effects import CreateRequest
from bot.domain.message import RefreshCard
from bot.flows.context import Advisers
from bot.flows.dialogue import Dialogue
from bot.pipeline.api_calls import readdress_calls, route_to_desks
from bot.store import ApiCall, OutgoingCall, Store
from bot.store.records import Destination, EraseThread, ErasureReason
from tests.support.relay import ADA, DESK, OPEN, REFERENCE

pytestmark = pytest.mark.durability
KIEL, FORMER, OTHER = -1_009_901, -1_009_902, "BBBB-BBBB"
THREAD = Destination.THREAD


@pytest.fixture
def desks(services: Dialogue, store: Store) -> Dialogue:
    """A bot with a second desk, for the contact "kim"."""
    (contact,) = services.contacts
    contacts = (contact, replace(contact, id="kim", default=False, desk="kiel"))
    return replace(services, store=store, contacts=contacts, advisers=Advisers(DESK, desks={"kiel": KIEL}))


def queued_chats(store: Store) -> list[int]:
    rows = store.database.fetch_rows("SELECT chat_id FROM outbox WHERE status = 'queued' ORDER BY id")
    return [row["chat_id"] for row in rows]


def test_calls_go_to_the_desk_of_the_contact(desks: Dialogue) -> None:
    """What is for the advisers goes to the contact's desk, even if the request is created at the same moment."""
    created = CreateRequest(replace(OPEN, contact="kim"))
    calls: list[OutgoingCall] = [
        RefreshCard(REFERENCE, DESK),
        ApiCall(DESK, "copyMessage", {}, (ADA, 5), reference=REFERENCE, destination=THREAD),
        ApiCall(DESK, "editMessageText", {}, edit_of=(DESK, -7), reference=REFERENCE, destination=THREAD),
        ApiCall(DESK, "editMessageText", {}, edit_of=(ADA, 5), reference=REFERENCE, destination=THREAD),
        ApiCall(ADA, "sendMessage", {}, reference=REFERENCE),
        ApiCall(DESK, "sendMessage", {}, reference=OTHER, destination=THREAD),
    ]

    routed = route_to_desks(desks, calls, [created])

    assert [call.chat_id for call in routed if isinstance(call, ApiCall | RefreshCard)] == [
        *[KIEL] * 4,
        ADA,
        DESK,
    ]
    assert [call.edit_of for call in routed if isinstance(call, ApiCall) and call.edit_of] == [(KIEL, -7), (ADA, 5)]
    assert route_to_desks(replace(desks, advisers=Advisers(DESK)), calls, [created]) == calls


def test_queued_calls_follow_the_settings(desks: Dialogue, store: Store) -> None:
    """At a start, calls move to the desk of their contact; erasures stay where the messages are, if it is a desk."""
    store.apply((), [CreateRequest(replace(OPEN, contact="kim")), CreateRequest(replace(OPEN, reference=OTHER))])
    store.apply(
        [
            RefreshCard(REFERENCE, FORMER),
            RefreshCard(OTHER, KIEL),
            EraseThread(KIEL, "OLD-1", ErasureReason.REQUESTER),
            EraseThread(FORMER, "OLD-2", ErasureReason.REQUESTER),
        ],
        (),
    )

    readdress_calls(replace(desks, advisers=Advisers()))
    assert queued_chats(store) == [FORMER, KIEL, KIEL, FORMER]
    readdress_calls(desks)
    assert queued_chats(store) == [KIEL, DESK, KIEL, DESK]
    readdress_calls(replace(desks, advisers=Advisers(DESK)))
    assert queued_chats(store) == [DESK] * 4


def test_desks_are_told_apart(desks: Dialogue) -> None:
    """Each request has one desk, and each chat is a desk or not; a name that the settings lack means the first."""
    request = replace(OPEN, contact="kim")

    assert desks.desk_chats == (DESK, KIEL)
    assert [desks.find_own_desk(chat) for chat in (KIEL, DESK, ADA)] == [KIEL, DESK, DESK]
    assert [desks.find_desk(each) for each in (request, OPEN)] == [KIEL, DESK]
    assert replace(desks, advisers=Advisers(DESK, desks={"ulm": KIEL})).find_desk(request) == DESK
    assert replace(desks, advisers=Advisers()).find_desk(request) is None
