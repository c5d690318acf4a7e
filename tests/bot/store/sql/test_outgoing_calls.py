"""Outgoing calls as rows of the outbox, in a format that other versions of the bot read and write as well."""

import json

import pytest

from bot.domain.effects import CreateRequest
from bot.domain.message import AlertOperator, RefreshCard, SendMail, SendWithdrawalMail
from bot.store import ApiCall, OutgoingCall, Store
from bot.store.records import Destination, EraseThread, ErasureReason, RequestMailDeletion
from tests.bot.store.test_store import request
from tests.conftest import Clock
from tests.support.tables import tables

pytestmark = pytest.mark.durability

DESK, REFERENCE = -1_009_900, "AAAA-AAAA"
CALLS = [
    (RefreshCard(REFERENCE, DESK), (DESK, "card", {}, "thread", 1)),
    (SendMail(REFERENCE), (0, "mail", {}, "", 0)),
    (SendWithdrawalMail(REFERENCE), (0, "withdrawal", {"undone": False}, "", 0)),
    (SendWithdrawalMail(REFERENCE, undone=True), (0, "withdrawal", {"undone": True}, "", 0)),
    (EraseThread(DESK, REFERENCE, ErasureReason.RETENTION), (DESK, "erase", {"why": "time"}, "thread", 1)),
    (RequestMailDeletion(REFERENCE, "jacob"), (0, "unpost", {"contact": "jacob"}, "", 0)),
    (
        ApiCall(DESK, "copyMessage", {"a": 1}, (10, 5), None, (DESK, 7), REFERENCE, Destination.THREAD),
        (DESK, "copyMessage", {"a": 1}, "thread", 1),
    ),
]


@pytest.mark.parametrize(("call", "values"), CALLS)
def test_calls_keep_their_columns(
    store: Store, clock: Clock, call: OutgoingCall, values: tuple[int, str, dict[str, object], str, int]
) -> None:
    """Each kind of call is stored with the columns that all versions know, as urgent, and read back unchanged."""
    store.apply([call], [CreateRequest(request(REFERENCE))])

    (row,) = tables(store)["outbox"]
    assert (row["chat_id"], row["method"], json.loads(row["params"]), row["place"], row["limited"]) == values
    assert (row["request"], row["urgency"], row["lane"]) == (REFERENCE, 0, REFERENCE)
    assert [(queued.chat_id, queued.call) for queued in store.outbox.due_calls(clock())] == [(values[0], call)]


@pytest.mark.parametrize("method", ["setMyCommands", "deleteMyCommands"])
def test_menu_delays_no_answer(store: Store, clock: Clock, method: str) -> None:
    """The menu of a chat has a lane of its own and no limit, so that nothing else waits for it."""
    calls = [ApiCall(10, method, {}), ApiCall(10, "answerCallbackQuery", {}), ApiCall(10, "sendMessage", {})]
    store.apply(calls, ())

    assert [row["lane"] for row in tables(store)["outbox"] if row["method"] == method] == ["menu"]
    (menu_id,) = (row["id"] for row in tables(store)["outbox"] if row["method"] == method)
    store.outbox.postpone_call(menu_id, clock() + 100)
    assert {queued.id for queued in store.outbox.due_calls(clock())} == {menu_id + 1, menu_id + 2}


def test_alert_is_a_mail_without_a_request(store: Store, clock: Clock) -> None:
    """An alert to the operator is queued as an e-mail without a request, and read back unchanged."""
    store.apply([AlertOperator()], ())

    (row,) = tables(store)["outbox"]
    assert (row["chat_id"], row["method"], row["request"], row["lane"]) == (0, "mail", "", "")
    assert [queued.call for queued in store.outbox.due_calls(clock())] == [AlertOperator()]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            ApiCall(DESK, "erase", {"why": "person", "contact": "jacob"}, destination=Destination.THREAD),
            EraseThread(DESK, "", ErasureReason.REQUESTER),
        ),
        (ApiCall(0, "unpost", {"why": "person", "contact": "jacob"}), RequestMailDeletion("", "jacob")),
        (ApiCall(DESK, "card", {}, destination=Destination.THREAD), RefreshCard("", DESK)),
    ],
)
def test_rows_of_an_older_version(store: Store, clock: Clock, call: ApiCall, expected: OutgoingCall) -> None:
    """Calls queued by an older version are read, although some of their parameters are no longer written."""
    store.apply([call], ())

    assert [queued.call for queued in store.outbox.due_calls(clock())] == [expected]


def test_row_without_parameters_is_dropped(store: Store, clock: Clock) -> None:
    """A call with a damaged row is dropped, and does not block its chat."""
    store.apply([ApiCall(DESK, "erase", {}), ApiCall(DESK, "sendMessage", {"text": "a"})], ())

    assert store.outbox.due_calls(clock()) == []
    assert [queued.call for queued in store.outbox.due_calls(clock())] == [
        ApiCall(DESK, "sendMessage", {"text": "a"})
    ]
