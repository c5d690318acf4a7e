"""The store's counts and queues: pending, rate-limited, recorded, migrated and erased calls."""

from dataclasses import replace

import pytest

from bot.domain.consultation import Party, RequestStatus
from bot.domain.effects import AppendTranscript, CreateRequest, ErasePerson, UpdateRequest
from bot.errors import StoreConflict
from bot.store import ApiCall, Store
from bot.store.records import AdviserThread, Destination, ErasureResult
from tests.bot.conftest import OpenStore
from tests.bot.store.test_personal_data import DESK, EVENT, REFERENCE, apply_update, full
from tests.bot.store.test_store import finish, request, say
from tests.conftest import Clock

pytestmark = pytest.mark.durability

__all__ = ["full"]  # a fixture


def test_counts_for_monitoring(store: Store, clock: Clock) -> None:
    """The store returns how many updates and calls are waiting, since when, and the time of the last activity."""
    assert (
        store.inbox.count_pending_updates(),
        store.outbox.count_queued_calls(),
        store.outbox.oldest_queued_at(),
        store.last_activity(),
    ) == (0, 0, None, None)
    began = clock()
    finish(store, say(10, "a"))
    clock.now += 5
    finish(store, say(11, "b"), update=2)
    store.inbox.add_updates([(3, "10", "{}")])

    assert (
        store.inbox.count_pending_updates(),
        store.outbox.count_queued_calls(),
        store.outbox.count_queued_calls(11),
    ) == (1, 2, 1)
    assert (store.outbox.oldest_queued_at(), store.last_activity()) == (began, began + 5)


def test_received_update_counts_as_activity(store: Store, clock: Clock) -> None:
    """An update that was only received counts as activity too."""
    store.inbox.add_updates([(1, "10", "{}")])

    assert store.last_activity() == clock()


def test_rate_limits_last_until_their_time(store: Store, clock: Clock) -> None:
    """A rate limit is kept until its time; a later one replaces an earlier one of the same chat."""
    store.outbox.save_rate_limits({10: clock() + 5, 11: clock() + 60})
    store.outbox.save_rate_limits({10: clock() + 7})
    before = store.outbox.rate_limits()
    clock.now += 8
    store.outbox.save_rate_limits({12: clock() + 1})

    assert before == {10: clock() - 1, 11: clock() + 52}
    assert store.outbox.rate_limits() == {11: clock() + 52, 12: clock() + 1}


def test_rate_limit_of_a_clock_that_was_ahead(open_store: OpenStore, clock: Clock) -> None:
    """A rate limit stored while the clock was ahead, even by seconds, no longer applies once the clock is corrected,
    nor after a restart."""
    store = open_store()
    clock.now += 30
    store.outbox.save_rate_limits({0: clock() + 60, 10: clock() + 60})
    ahead = store.outbox.rate_limits()
    clock.now -= 30
    right = open_store().outbox.rate_limits()
    store.outbox.save_rate_limits({11: clock() + 5})
    clock.now += 30

    assert (set(ahead), right) == ({0, 10}, {})
    assert set(store.outbox.rate_limits()) == {11}


@pytest.mark.parametrize("ahead", [30.0, 3_600.0, 86_400.0, 365 * 86_400.0])
def test_call_postponed_by_a_clock_that_was_ahead(store: Store, clock: Clock, ahead: float) -> None:
    """A call postponed while the clock was ahead is due as soon as the clock is corrected."""
    finish(store, say(10, "a"))
    clock.now += ahead
    (queued,) = store.outbox.due_calls(clock())
    store.outbox.postpone_call(queued.id, clock() + 60)
    due_before = store.outbox.due_calls(clock() + 59)
    clock.now -= ahead

    assert due_before == []
    assert [due.id for due in store.outbox.due_calls(clock())] == [queued.id]


def test_group_calls_are_kept_for_two_minutes(store: Store, clock: Clock) -> None:
    """Calls to groups are kept for two minutes, and listed the oldest first."""
    for chat, at in ((-5, 100.0), (-6, 130.0), (-5, 220.0), (-5, 220.5)):
        store.outbox.record_group_call(chat, at)

    assert store.outbox.group_calls(0.0) == [(-6, 130.0), (-5, 220.0), (-5, 220.5)]
    assert store.outbox.group_calls(220.0) == [(-5, 220.0), (-5, 220.5)]


def test_migrated_group(store: Store) -> None:
    """A migrated group's queue follows it; its threads, whose ids mean nothing there, are deleted."""
    finish(store, say(-5, "a"), say(10, "b"))
    store.requests.save_thread("AAAA-AAAA", AdviserThread(-5, 7, 8))
    store.outbox.migrate_chat(-5, -100)

    assert (store.outbox.current_chat_id(-5), store.outbox.current_chat_id(10)) == (-100, 10)
    assert (
        store.outbox.count_queued_calls(-5),
        store.outbox.count_queued_calls(-100),
        store.outbox.count_queued_calls(10),
    ) == (0, 1, 1)
    assert store.requests.find_thread("AAAA-AAAA") is None


def test_requests_by_status(store: Store) -> None:
    """Only open requests are active, requests are counted by status, and an unknown reference finds nothing."""
    closed = request("BBBB-BBBB")
    store.apply((), [CreateRequest(request()), CreateRequest(closed)])
    store.apply((), [UpdateRequest(replace(closed, status=RequestStatus.CLOSED))])

    assert [found.reference for found in store.requests.active_requests()] == ["AAAA-AAAA"]
    assert [found.reference for found in store.requests.all_requests()] == ["AAAA-AAAA", "BBBB-BBBB"]
    assert store.requests.request_counts() == {"open": 1, "closed": 1}
    assert store.requests.find_request("CCCC-CCCC") is None
    assert [found.reference for found in store.requests.requests_by_user(20)] == ["BBBB-BBBB", "AAAA-AAAA"]
    assert store.requests.requests_by_user(21) == []


def test_thread_is_found_until_removed(store: Store) -> None:
    """A topic finds its request until the request loses it; the main part of a chat finds none."""
    store.apply((), [CreateRequest(request())])
    store.requests.save_thread("AAAA-AAAA", AdviserThread(-5, 0, 8, history_length=3, history_sent=1))
    without_topic = store.requests.find_request_by_topic(-5, 0)
    store.requests.save_thread("AAAA-AAAA", AdviserThread(-5, 7, 8))
    found = store.requests.find_request_by_topic(-5, 7)
    store.requests.save_thread("AAAA-AAAA", None)

    assert without_topic is None
    assert found is not None
    assert found.reference == "AAAA-AAAA"
    assert (store.requests.find_request_by_topic(-5, 7), store.requests.find_thread("AAAA-AAAA")) == (None, None)


def test_half_opened_thread_is_kept(store: Store) -> None:
    """The progress of opening a thread is stored unchanged."""
    store.requests.save_thread("AAAA-AAAA", AdviserThread(-5, 7, 8, history_length=3, history_sent=1))

    assert store.requests.find_thread("AAAA-AAAA") == AdviserThread(-5, 7, 8, history_length=3, history_sent=1)


@pytest.mark.parametrize(
    ("result", "undeletable"),
    [(ErasureResult.DELETED, []), (ErasureResult.EMPTIED, []), (ErasureResult.UNDELETABLE, [(DESK, 77)])],
)
def test_erasure_results_of_a_deleted_request(
    full: Store, result: ErasureResult, undeletable: list[tuple[int, int]]
) -> None:
    """Of a deleted request's messages, deleted and emptied ones are forgotten, and undeletable ones are listed."""
    full.erasure.record_posted_message(REFERENCE, (DESK, 77))
    apply_update(full, replace(EVENT, update_id=91), ErasePerson())
    before = full.erasure.erasure_queue(REFERENCE)
    full.erasure.record_erasure(REFERENCE, (DESK, 41), ErasureResult.DELETED)
    full.erasure.record_erasure(REFERENCE, (DESK, 77), result)

    assert before == [(DESK, 41), (DESK, 77)]
    assert full.erasure.erasure_queue(REFERENCE) == []
    assert full.erasure.undeletable_messages(REFERENCE) == undeletable


def test_erasure_affects_one_message(full: Store) -> None:
    """Recording an erasure affects one message of one request."""
    full.erasure.record_posted_message(REFERENCE, (DESK, 77))
    full.erasure.record_posted_message(REFERENCE, (DESK + 1, 77))
    full.erasure.record_erasure(REFERENCE, (DESK, 77), ErasureResult.DELETED)
    full.erasure.record_erasure("BBBB-BBBB", (DESK, 41), ErasureResult.DELETED)
    full.erasure.record_erasure(REFERENCE, (DESK + 1, 41), ErasureResult.DELETED)

    assert full.erasure.erasure_queue(REFERENCE) == [(DESK, 41), (DESK + 1, 77)]


def test_change_of_an_outdated_request_is_rejected(store: Store) -> None:
    """A change driven by time is rejected if the request was changed meanwhile, and nothing of it is kept."""
    store.apply((), [CreateRequest(request())])
    store.apply((), [UpdateRequest(request())])

    with pytest.raises(StoreConflict, match="AAAA-AAAA was changed"):
        store.apply([say(10, "a")], [UpdateRequest(request())])

    assert store.outbox.count_queued_calls() == 0


def test_source_and_reply_are_found(store: Store, clock: Clock) -> None:
    """Source and reply of a message are found, and are None for messages without one."""
    finish(store, say(10, "a", source=(10, 5)))
    store.outbox.mark_sent(store.outbox.due_calls(clock())[0].id, 6)

    assert (store.outbox.find_source(10, 6), store.outbox.find_reply_to(10, (10, 5))) == ((10, 5), 6)
    assert (store.outbox.find_source(10, 7), store.outbox.find_reply_to(10, (10, 4))) == (None, None)


def test_purge_returns_the_number_of_rows(store: Store) -> None:
    """Purging returns the number of deleted rows: here of the request, its transcript and its message."""
    closed = request(status=RequestStatus.CLOSED)
    store.apply([say(10, "b", reference=closed.reference)], [CreateRequest(closed)])
    store.apply((), [AppendTranscript(closed.reference, Party.REQUESTER, "Danke")])

    assert store.erasure.purge_expired(100.0) == 3
    assert (
        store.requests.all_requests(),
        store.requests.load_transcript(closed.reference),
        store.outbox.count_queued_calls(),
    ) == ([], [], 0)


def test_queued_call_is_read_back_unchanged(store: Store, clock: Clock) -> None:
    """A queued call is read back unchanged, with whether it is rate-limited."""
    call = ApiCall(10, "editMessageText", {"text": "ä"}, (10, 5), (11, 6), (12, 7), "AAAA-AAAA", Destination.THREAD)
    toast = ApiCall(10, "answerCallbackQuery", {"text": "b"})
    store.apply([call, toast], [CreateRequest(request())])

    assert [(queued.call, queued.rate_limited) for queued in store.outbox.due_calls(clock())] == [
        (toast, False),
        (call, True),
    ]


def test_call_in_flight_is_not_due(store: Store, clock: Clock) -> None:
    """While a call is in flight, neither it nor the next one in its lane is due."""
    toast = ApiCall(10, "answerCallbackQuery", {"text": "a"})
    store.apply([toast, toast], ())
    (first,) = store.outbox.due_calls(clock())

    assert store.outbox.due_calls(clock(), in_flight=[first.id]) == []
