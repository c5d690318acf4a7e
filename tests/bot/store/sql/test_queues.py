"""The store's counts and queues: pending, rate-limited, made, migrated and erased calls."""

from dataclasses import replace

import pytest

from bot.domain.consultation import Party, RequestStatus
from bot.domain.effects import AppendTranscript, CreateRequest, ErasePerson, UpdateRequest
from bot.errors import StoreConflict
from bot.store import ApiCall, Store
from bot.store.records import AdviserThread, Destination, ErasureResult
from tests.bot.conftest import Opening
from tests.bot.store.test_personal_data import DESK, EVENT, REFERENCE, did, full
from tests.bot.store.test_store import finish, request, say
from tests.conftest import Clock

pytestmark = pytest.mark.durability

__all__ = ["full"]  # a fixture


def test_numbers_for_monitoring(store: Store, clock: Clock) -> None:
    """How many updates and calls are waiting, since when, and when anything was last written."""
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


def test_what_is_newest_may_be_an_update_alone(store: Store, clock: Clock) -> None:
    """An update that was only received counts as activity too."""
    store.inbox.add_updates([(1, "10", "{}")])

    assert store.last_activity() == clock()


def test_holds_last_until_their_time(store: Store, clock: Clock) -> None:
    """A rate limit is kept until its time; a later one replaces an earlier one of the same chat."""
    store.outbox.save_rate_limits({10: clock() + 5, 11: clock() + 60})
    store.outbox.save_rate_limits({10: clock() + 7})
    before = store.outbox.rate_limits()
    clock.now += 8
    store.outbox.save_rate_limits({12: clock() + 1})

    assert before == {10: clock() - 1, 11: clock() + 52}
    assert store.outbox.rate_limits() == {11: clock() + 52, 12: clock() + 1}


def test_hold_of_a_clock_that_was_ahead(opening: Opening, clock: Clock) -> None:
    """What was noted while the clock was ahead, be it by seconds, holds nobody when it is right, nor after a restart,
    nor when its time has come."""
    store = opening()
    clock.now += 30
    store.outbox.save_rate_limits({0: clock() + 60, 10: clock() + 60})
    ahead = store.outbox.rate_limits()
    clock.now -= 30
    right = opening().outbox.rate_limits()
    store.outbox.save_rate_limits({11: clock() + 5})
    clock.now += 30

    assert (set(ahead), right) == ({0, 10}, {})
    assert set(store.outbox.rate_limits()) == {11}


@pytest.mark.parametrize("ahead", [30.0, 3_600.0, 86_400.0, 365 * 86_400.0])
def test_call_that_was_put_off_by_a_clock_that_was_ahead(store: Store, clock: Clock, ahead: float) -> None:
    """It is due once the clock is right, not delayed by as much as the clock was ahead."""
    finish(store, say(10, "a"))
    clock.now += ahead
    (queued,) = store.outbox.due_calls(clock())
    store.outbox.postpone_call(queued.id, clock() + 60)
    waits = store.outbox.due_calls(clock() + 59)
    clock.now -= ahead

    assert waits == []
    assert [one.id for one in store.outbox.due_calls(clock())] == [queued.id]


def test_calls_of_two_minutes(store: Store, clock: Clock) -> None:
    """Calls to groups are kept for two minutes, and listed the oldest first."""
    for chat, at in ((-5, 100.0), (-6, 130.0), (-5, 220.0), (-5, 220.5)):
        store.outbox.record_group_call(chat, at)

    assert store.outbox.group_calls(0.0) == [(-6, 130.0), (-5, 220.0), (-5, 220.5)]
    assert store.outbox.group_calls(220.0) == [(-5, 220.0), (-5, 220.5)]


def test_moved_group(store: Store) -> None:
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
    """Open requests are active, closed ones are only counted; an unknown reference finds nothing."""
    closed = request("BBBB-BBBB")
    store.apply((), [CreateRequest(request()), CreateRequest(closed)])
    store.apply((), [UpdateRequest(replace(closed, status=RequestStatus.CLOSED))])

    assert [one.reference for one in store.requests.active_requests()] == ["AAAA-AAAA"]
    assert [one.reference for one in store.requests.all_requests()] == ["AAAA-AAAA", "BBBB-BBBB"]
    assert store.requests.request_counts() == {"open": 1, "closed": 1}
    assert store.requests.find_request("CCCC-CCCC") is None
    assert [one.reference for one in store.requests.requests_by_user(20)] == ["BBBB-BBBB", "AAAA-AAAA"]
    assert store.requests.requests_by_user(21) == []


def test_thread_is_found_and_lost(store: Store) -> None:
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
    ("rest", "left"),
    [(ErasureResult.DELETED, []), (ErasureResult.EMPTIED, []), (ErasureResult.UNDELETABLE, [(DESK, 77)])],
)
def test_what_is_left_of_a_deleted_request(full: Store, rest: ErasureResult, left: list[tuple[int, int]]) -> None:
    """Each message of a deleted request in the advisers' chat is dealt with; undeletable ones are recorded."""
    full.erasure.record_posted_message(REFERENCE, (DESK, 77))
    did(full, replace(EVENT, update_id=91), ErasePerson())
    before = full.erasure.erasure_queue(REFERENCE)
    full.erasure.record_erasure(REFERENCE, (DESK, 41), ErasureResult.DELETED)
    full.erasure.record_erasure(REFERENCE, (DESK, 77), rest)

    assert before == [(DESK, 41), (DESK, 77)]
    assert full.erasure.erasure_queue(REFERENCE) == []
    assert full.erasure.undeletable_messages(REFERENCE) == left


def test_messages_of_others_stay(full: Store) -> None:
    """Recording an erasure affects one message of one request."""
    full.erasure.record_posted_message(REFERENCE, (DESK, 77))
    full.erasure.record_posted_message(REFERENCE, (DESK + 1, 77))
    full.erasure.record_erasure(REFERENCE, (DESK, 77), ErasureResult.DELETED)
    full.erasure.record_erasure("BBBB-BBBB", (DESK, 41), ErasureResult.DELETED)
    full.erasure.record_erasure(REFERENCE, (DESK + 1, 41), ErasureResult.DELETED)

    assert full.erasure.erasure_queue(REFERENCE) == [(DESK, 41), (DESK + 1, 77)]


def test_act_refuses_what_was_changed(store: Store) -> None:
    """A time-driven change is refused if somebody else was faster, and nothing of it is kept."""
    store.apply((), [CreateRequest(request())])
    store.apply((), [UpdateRequest(request())])

    with pytest.raises(StoreConflict, match="AAAA-AAAA was changed"):
        store.apply([say(10, "a")], [UpdateRequest(request())])

    assert store.outbox.count_queued_calls() == 0


def test_message_without_a_cause(store: Store, clock: Clock) -> None:
    """A message that no person's message caused has no source, and one that caused nothing has no reply."""
    finish(store, say(10, "a", source=(10, 5)))
    store.outbox.mark_sent(store.outbox.due_calls(clock())[0].id, 6)

    assert (store.outbox.find_source(10, 6), store.outbox.find_reply_to(10, (10, 5))) == ((10, 5), 6)
    assert (store.outbox.find_source(10, 7), store.outbox.find_reply_to(10, (10, 4))) == (None, None)


def test_purge_counts_what_it_deletes(store: Store) -> None:
    """The rows purged with an old closed request are counted: itself, its line, the message to its person."""
    closed = request(status=RequestStatus.CLOSED)
    store.apply([say(10, "b", reference=closed.reference)], [CreateRequest(closed)])
    store.apply((), [AppendTranscript(closed.reference, Party.REQUESTER, "Danke")])

    assert store.erasure.purge_expired(100.0) == 3
    assert (
        store.requests.all_requests(),
        store.requests.load_transcript(closed.reference),
        store.outbox.count_queued_calls(),
    ) == ([], [], 0)


def test_call_comes_back_as_it_was_queued(store: Store, clock: Clock) -> None:
    """A due call has its source, edit, reply and request as they were queued, and whether it is rate-limited."""
    call = ApiCall(10, "editMessageText", {"text": "ä"}, (10, 5), (11, 6), (12, 7), "AAAA-AAAA", Destination.THREAD)
    toast = ApiCall(10, "answerCallbackQuery", {"text": "b"})
    store.apply([call, toast], [CreateRequest(request())])

    assert [(queued.call, queued.rate_limited) for queued in store.outbox.due_calls(clock())] == [
        (toast, False),
        (call, True),
    ]


def test_call_under_way_is_not_due(store: Store, clock: Clock) -> None:
    """A call in flight is not returned again, and the one behind it in its lane not yet."""
    toast = ApiCall(10, "answerCallbackQuery", {"text": "a"})
    store.apply([toast, toast], ())
    (first,) = store.outbox.due_calls(clock())

    assert store.outbox.due_calls(clock(), in_flight=[first.id]) == []
