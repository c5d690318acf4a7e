"""The store's numbers and queues: what waits, what is held back, what was called, what was moved, what is left."""

from dataclasses import replace

import pytest

from bot.domain.consultation import Side, Status
from bot.domain.effects import ChangeRequest, Forget, NewRequest, Said
from bot.errors import Conflict
from bot.store import Outgoing, SqlStore
from bot.store.protocol import Place, Rest, Thread
from tests.bot.conftest import Opening
from tests.bot.test_held import DESK, EVENT, REFERENCE, did, full
from tests.bot.test_store import finish, request, say
from tests.conftest import Clock

__all__ = ["full"]  # a fixture


def test_numbers_for_monitoring(store: SqlStore, clock: Clock) -> None:
    """How much waits in and out, since when, and when something was last written down."""
    assert (store.pending(), store.waiting(), store.oldest_waiting(), store.newest()) == (0, 0, None, None)
    began = clock()
    finish(store, say(10, "a"))
    clock.now += 5
    finish(store, say(11, "b"), update=2)
    store.add_updates([(3, "10", "{}")])

    assert (store.pending(), store.waiting(), store.waiting(11)) == (1, 2, 1)
    assert (store.oldest_waiting(), store.newest()) == (began, began + 5)


def test_what_is_newest_may_be_an_update_alone(store: SqlStore, clock: Clock) -> None:
    """An update that was only written down is something new as well."""
    store.add_updates([(1, "10", "{}")])

    assert store.newest() == clock()


def test_holds_last_until_their_time(store: SqlStore, clock: Clock) -> None:
    """What Telegram asked to wait for is kept until then; a later hold replaces an earlier one of its chat."""
    store.hold({10: clock() + 5, 11: clock() + 60})
    store.hold({10: clock() + 7})
    before = store.holds()
    clock.now += 8
    store.hold({12: clock() + 1})

    assert before == {10: clock() - 1, 11: clock() + 52}
    assert store.holds() == {11: clock() + 52, 12: clock() + 1}


def test_hold_of_a_clock_that_was_ahead(opening: Opening, clock: Clock) -> None:
    """What was noted while the clock was ahead, be it by seconds, holds nobody when it is right, nor after a restart,
    nor when its time has come."""
    store = opening()
    clock.now += 30
    store.hold({0: clock() + 60, 10: clock() + 60})
    ahead = store.holds()
    clock.now -= 30
    right = opening().holds()
    store.hold({11: clock() + 5})
    clock.now += 30

    assert (set(ahead), right) == ({0, 10}, {})
    assert set(store.holds()) == {11}


@pytest.mark.parametrize("ahead", [30.0, 3_600.0, 86_400.0, 365 * 86_400.0])
def test_call_that_was_put_off_by_a_clock_that_was_ahead(store: SqlStore, clock: Clock, ahead: float) -> None:
    """It is due when the clock is right, not as much later as the clock was ahead."""
    finish(store, say(10, "a"))
    clock.now += ahead
    (queued,) = store.due(clock())
    store.postpone(queued.id, clock() + 60)
    waits = store.due(clock() + 59)
    clock.now -= ahead

    assert waits == []
    assert [one.id for one in store.due(clock())] == [queued.id]


def test_calls_of_two_minutes(store: SqlStore, clock: Clock) -> None:
    """Calls to groups are known for two minutes, the oldest first."""
    for chat, at in ((-5, 100.0), (-6, 130.0), (-5, 220.0), (-5, 220.5)):
        store.called(chat, at)

    assert store.calls(0.0) == [(-6, 130.0), (-5, 220.0), (-5, 220.5)]
    assert store.calls(220.0) == [(-5, 220.0), (-5, 220.5)]


def test_moved_group(store: SqlStore) -> None:
    """A moved group's queue follows it; its threads, whose numbers mean nothing there, are forgotten."""
    finish(store, say(-5, "a"), say(10, "b"))
    store.put_thread("AAAA-AAAA", Thread(-5, 7, 8))
    store.move(-5, -100)

    assert (store.moved(-5), store.moved(10)) == (-100, 10)
    assert (store.waiting(-5), store.waiting(-100), store.waiting(10)) == (0, 1, 1)
    assert store.thread("AAAA-AAAA") is None


def test_requests_by_status(store: SqlStore) -> None:
    """Open requests run, closed ones are only counted; an unknown number is none."""
    closed = request("BBBB-BBBB")
    store.act((), [NewRequest(request()), NewRequest(closed)])
    store.act((), [ChangeRequest(replace(closed, status=Status.CLOSED))])

    assert [one.reference for one in store.running()] == ["AAAA-AAAA"]
    assert [one.reference for one in store.requests()] == ["AAAA-AAAA", "BBBB-BBBB"]
    assert store.counts() == {"open": 1, "closed": 1}
    assert store.request("CCCC-CCCC") is None
    assert [one.reference for one in store.requests_by(20)] == ["BBBB-BBBB", "AAAA-AAAA"]
    assert store.requests_by(21) == []


def test_thread_is_found_and_lost(store: SqlStore) -> None:
    """A topic leads to its request until the request has lost it; the main part of a chat leads to none."""
    store.act((), [NewRequest(request())])
    store.put_thread("AAAA-AAAA", Thread(-5, 0, 8, lines=3, told=1))
    without_topic = store.request_in(-5, 0)
    store.put_thread("AAAA-AAAA", Thread(-5, 7, 8))
    found = store.request_in(-5, 7)
    store.put_thread("AAAA-AAAA", None)

    assert without_topic is None
    assert found is not None
    assert found.reference == "AAAA-AAAA"
    assert (store.request_in(-5, 7), store.thread("AAAA-AAAA")) == (None, None)


def test_half_opened_thread_is_kept(store: SqlStore) -> None:
    """How far a thread was opened is kept as it is."""
    store.put_thread("AAAA-AAAA", Thread(-5, 7, 8, lines=3, told=1))

    assert store.thread("AAAA-AAAA") == Thread(-5, 7, 8, lines=3, told=1)


@pytest.mark.parametrize(("rest", "left"), [(Rest.NOTHING, []), (Rest.EMPTIED, []), (Rest.ALL, [(DESK, 77)])])
def test_what_is_left_of_a_deleted_request(full: SqlStore, rest: Rest, left: list[tuple[int, int]]) -> None:
    """Each message of a deleted request at the advisers is worked off; what Telegram leaves there is known."""
    full.posted(REFERENCE, (DESK, 77))
    did(full, replace(EVENT, update_id=91), Forget())
    before = full.remains(REFERENCE)
    full.settle(REFERENCE, (DESK, 41), Rest.NOTHING)
    full.settle(REFERENCE, (DESK, 77), rest)

    assert before == [(DESK, 41), (DESK, 77)]
    assert full.remains(REFERENCE) == []
    assert full.left(REFERENCE) == left


def test_messages_of_others_stay(full: SqlStore) -> None:
    """What is settled is one message of one request."""
    full.posted(REFERENCE, (DESK, 77))
    full.posted(REFERENCE, (DESK + 1, 77))
    full.settle(REFERENCE, (DESK, 77), Rest.NOTHING)
    full.settle("BBBB-BBBB", (DESK, 41), Rest.NOTHING)
    full.settle(REFERENCE, (DESK + 1, 41), Rest.NOTHING)

    assert full.remains(REFERENCE) == [(DESK, 41), (DESK + 1, 77)]


def test_act_refuses_what_was_changed(store: SqlStore) -> None:
    """What follows from the time is refused where somebody else was faster, and nothing of it is kept."""
    store.act((), [NewRequest(request())])
    store.act((), [ChangeRequest(request())])

    with pytest.raises(Conflict, match="AAAA-AAAA was changed"):
        store.act([say(10, "a")], [ChangeRequest(request())])

    assert store.waiting() == 0


def test_message_without_a_cause(store: SqlStore, clock: Clock) -> None:
    """What no message of a person caused has no cause, and what caused nothing has no answer."""
    finish(store, say(10, "a", origin=(10, 5)))
    store.sent(store.due(clock())[0].id, 6)

    assert (store.cause(10, 6), store.caused(10, (10, 5))) == ((10, 5), 6)
    assert (store.cause(10, 7), store.caused(10, (10, 4))) == (None, None)


def test_purge_counts_what_it_deletes(store: SqlStore) -> None:
    """The rows that go with an old closed request are counted: itself, its line, the message to its person."""
    closed = request(status=Status.CLOSED)
    store.act([say(10, "b", request=closed.reference)], [NewRequest(closed)])
    store.act((), [Said(closed.reference, Side.PERSON, "Danke")])

    assert store.purge(100.0) == 3
    assert (store.requests(), store.lines(closed.reference), store.waiting()) == ([], [], 0)


def test_call_comes_back_as_it_was_queued(store: SqlStore, clock: Clock) -> None:
    """What a call answers, edits, replies to and belongs to is known when its turn comes, and if it is limited."""
    call = Outgoing(10, "editMessageText", {"text": "ä"}, (10, 5), (11, 6), (12, 7), "AAAA-AAAA", Place.THREAD)
    toast = Outgoing(10, "answerCallbackQuery", {"text": "b"})
    store.act([call, toast], [NewRequest(request())])

    assert [(queued.outgoing, queued.limited) for queued in store.due(clock())] == [(toast, False), (call, True)]


def test_call_under_way_is_not_due(store: SqlStore, clock: Clock) -> None:
    """What is being sent just now is not offered again, and what is behind it in its line is not offered yet."""
    toast = Outgoing(10, "answerCallbackQuery", {"text": "a"})
    store.act([toast, toast], ())
    (first,) = store.due(clock())

    assert store.due(clock(), under_way=[first.id]) == []
