"""The lanes of the outbox: what waits holds up its own lane only, lanes take turns, and nothing is tried for ever."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlite_utils import Database

from bot.domain.consultation import Party
from bot.domain.effects import AppendTranscript, CreateRequest, ErasePerson
from bot.domain.message import RefreshCard, SendMail
from bot.pipeline.outbox import INTERNAL_ERROR_TRIES, MAX_TRIES, CallResult, Outbox, Retry
from bot.store import ApiCall, OutgoingCall, SqliteDatabase, Store
from bot.store.postgres.database import PostgresDatabase
from bot.store.records import AdviserThread, Destination, EraseThread, ErasureResult, RequestMailDeletion
from bot.store.sql.outgoing_calls import MAIL_CHAT, SEND_MAIL
from bot.store.sqlite.schema import migrations
from tests.bot.pipeline.test_outbox_pace import Telegram
from tests.bot.store.test_store import EVENT, finish, request
from tests.conftest import Clock
from tests.support.queues import Counterpart, ended, queue, reference, summary, text

pytestmark = pytest.mark.durability

DESK, A, B = -1_009_900, "AAAA-AAAA", "BBBB-BBBB"


@pytest.fixture
def two(store: Store) -> Store:
    """A store with two requests."""
    store.apply((), [CreateRequest(request(A)), CreateRequest(request(B))])
    return store


def told(reference: str, words: str) -> OutgoingCall:
    """A call into a request's thread."""
    return ApiCall(DESK, "sendMessage", {"text": words}, reference=reference, destination=Destination.THREAD)


def next_ones(store: Store, now: float, **more: object) -> list[tuple[str, str]]:
    """What would be made now: which request, which text."""
    return [(one.lane, summary(one.call)[1]) for one in store.outbox.due_calls(now, **more)]  # type: ignore[arg-type]  # test shorthand


def test_lane_that_waits_holds_up_no_other(two: Store, clock: Clock) -> None:
    """What one request's thread has to wait for does not hold up another request, and its own order is kept."""
    finish(two, told(A, "a1"), told(A, "a2"), told(B, "b1"))
    (first,) = two.outbox.due_calls(clock())
    two.outbox.postpone_call(first.id, clock() + 60)

    assert next_ones(two, clock()) == [(B, "b1")]
    assert next_ones(two, clock() + 60, served_lanes=[B]) == [(A, "a1")]


def test_mail_that_waits_holds_up_no_other(two: Store, clock: Clock) -> None:
    """A mail that is refused for now holds up the mails about its own request only."""
    finish(two, SendMail(A), SendMail(B))
    (first,) = two.outbox.due_calls(clock())
    two.outbox.postpone_call(first.id, clock() + 60)

    assert next_ones(two, clock()) == [(B, B)]


def test_one_mail_at_a_time(two: Store, clock: Clock) -> None:
    """While a mail is under way no other one begins, and what Telegram does not limit is not held up by it."""
    finish(two, SendMail(A), SendMail(B), ApiCall(10, "answerCallbackQuery", {"text": "t"}))
    first = two.outbox.due_calls(clock())[0]

    assert next_ones(two, clock(), in_flight=[first.id], paused_chats=[MAIL_CHAT]) == [("", "t")]


def test_lanes_take_turns(two: Store, clock: Clock) -> None:
    """Of one chat the lane that was served longest ago comes first, the oldest call of those that were not served."""
    finish(two, told(A, "a1"), told(A, "a2"), told(B, "b1"), ApiCall(DESK, "sendMessage", {"text": "status"}))

    assert next_ones(two, clock()) == [(A, "a1")]
    assert next_ones(two, clock(), served_lanes=[A]) == [(B, "b1")]
    assert next_ones(two, clock(), served_lanes=[A, B]) == [(A, "a1")]


async def test_flood_of_one_request_delays_no_other(two: Store, clock: Clock) -> None:
    """Hundreds of calls about one request leave the next place in the advisers' chat to a new one."""
    finish(two, *[told(A, str(number)) for number in range(391)], told(B, "new"), told(B, "second"))
    telegram = Telegram(clock)

    await telegram.takes(two, 5)

    assert [words for _, words in telegram.taken][:5] == ["0", "new", "1", "second", "2"]


def test_last_card_is_enough(two: Store, clock: Clock) -> None:
    """A card shows how things stand when it is made, so of several that wait the last one is made."""
    finish(two, RefreshCard(A, DESK), RefreshCard(B, DESK), told(A, "said"), RefreshCard(A, DESK))

    assert two.outbox.count_queued_calls() == 3
    assert [queued.call for queued in two.outbox.due_calls(clock(), served_lanes=[B])] == [told(A, "said")]


def test_call_that_cannot_be_read_fails_alone(two: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A row of the queue that is damaged is given up, and what is behind it is made."""
    broken = told(A, "broken")
    finish(two, broken, told(A, "a2"), text(10, "x"))
    with two.database.transaction() as db:  # what no program of ours writes
        db.execute("UPDATE outbox SET place = 'elsewhere' WHERE params LIKE ?", ("%broken%",))
        db.execute("UPDATE outbox SET params = '[1]' WHERE chat_id = 10")

    assert next_ones(two, clock()) == []
    assert next_ones(two, clock()) == [(A, "a2")]
    assert two.outbox.count_queued_calls() == 1
    assert set(caplog.messages) == {
        "a queued call cannot be read and is dropped: ValueError",
        "a queued call cannot be read and is dropped: TypeError",
    }


async def until_given_up(store: Store, clock: Clock, call: Callable[[OutgoingCall], CallResult]) -> int:
    """Make what is due, with a clock that goes on to the next try, until nothing waits; how many calls were made."""
    made = 0

    async def counted(outgoing: OutgoingCall) -> CallResult:
        nonlocal made
        made += 1
        return call(outgoing)

    async def rest(woken: asyncio.Event, seconds: float) -> None:
        if not outbox.is_sending and not woken.is_set():
            if not store.outbox.count_queued_calls():
                task.cancel()
            clock.now += seconds
        await asyncio.sleep(0)

    outbox = Outbox(store, counted, clock, sleep=rest)
    task = asyncio.create_task(outbox.run())
    await asyncio.gather(task, return_exceptions=True)
    return made


async def test_nothing_is_tried_for_ever(store: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A call that is refused for now again and again is given up after five days, and those it concerns are told."""
    caplog.set_level(logging.ERROR)
    queue(store, text(10, "a"))
    with store.database.transaction() as db:  # most of the five days have passed
        db.execute("UPDATE outbox SET attempts = ?", (MAX_TRIES - 3,))
    began, reasons = clock.now, list[str]()

    async def call(outgoing: OutgoingCall) -> CallResult:
        return Retry(None)

    def tell(outgoing: OutgoingCall, reason: str) -> list[OutgoingCall]:
        reasons.append(reason)
        return []

    async def rest(woken: asyncio.Event, seconds: float) -> None:
        if not outbox.is_sending and not woken.is_set():
            clock.now += seconds
            if not store.outbox.count_queued_calls():
                task.cancel()
        await asyncio.sleep(0)

    outbox = Outbox(store, call, clock, tell, sleep=rest)
    task = asyncio.create_task(outbox.run())
    await asyncio.gather(task, return_exceptions=True)

    assert reasons == [f"tried {MAX_TRIES} times"]
    assert 600 <= clock.now - began < 700
    assert MAX_TRIES * 300 == 5 * 86_400
    assert caplog.messages == [f"giving up sendMessage to one chat after {MAX_TRIES} tries"]


async def test_what_fails_in_our_own_code_holds_up_its_lane_for_half_a_minute(store: Store, clock: Clock) -> None:
    """A call in which something of ours fails is tried a few times; then what is behind it is made."""
    queue(store, text(10, "broken"), text(10, "next"))
    counterpart, began = Counterpart(), clock.now

    def call(outgoing: OutgoingCall) -> CallResult:
        if summary(outgoing)[1] == "broken":
            raise KeyError("picture")
        counterpart.taken.append(summary(outgoing))
        return Retry(None, max_tries=1)

    made = await until_given_up(store, clock, call)

    assert counterpart.taken == [(10, "next")]
    assert made == INTERNAL_ERROR_TRIES + 1
    assert clock.now - began < 90


async def test_mails_are_sent_one_after_another_in_turns(two: Store, clock: Clock) -> None:
    """The mails of one request are sent in order, each request in its turn, and never two at once."""
    finish(two, SendMail(A), SendMail(A), SendMail(B))
    under_way, most, order = 0, 0, list[str]()
    done = asyncio.Event()

    async def call(outgoing: OutgoingCall) -> CallResult:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        order.append(reference(outgoing))
        if len(order) == 3:
            done.set()
        return Retry(3600.0) if len(order) == 99 else await Counterpart()(outgoing)

    outbox = Outbox(two, call, clock)
    task = asyncio.create_task(outbox.run())
    await asyncio.wait_for(done.wait(), 10)
    await ended(task)

    assert (most, order) == (1, [A, B, A])


def test_line_is_told_only_once(two: Store, clock: Clock) -> None:
    """Of what was said the lines whose copies still wait are known, so that a history leaves them out."""
    for number, side in enumerate((Party.REQUESTER, Party.REQUESTER, Party.ADVISER)):
        event = replace(EVENT, message_id=5 + number)
        copy = ApiCall(DESK, "copyMessage", {}, (10, 5 + number), reference=A, destination=Destination.THREAD)
        out = [copy] if side is Party.REQUESTER else []
        two.inbox.add_updates([(number, "10", "{}")])
        two.finish_update(number, event, None, out, [AppendTranscript(A, side, str(number))])
    two.outbox.mark_sent(two.outbox.due_calls(clock())[0].id, 7)

    assert [(line.text, line.is_queued) for line in two.requests.load_transcript(A)] == [
        ("0", False),
        ("1", True),
        ("2", False),
    ]


def test_thread_in_a_former_chat_is_known_until_it_is_erased(two: Store) -> None:
    """What stands in a chat that was the advisers' before belongs to its request until it is deleted."""
    two.requests.save_thread(A, AdviserThread(-5, 7, 8))
    two.requests.save_thread(B, AdviserThread(-5, 0, 9))
    two.erasure.leave_thread(A)
    two.erasure.leave_thread(B)
    two.requests.save_thread(A, AdviserThread(DESK, 17, 18))

    assert two.requests.find_thread(B) is None
    assert two.erasure.request_topics(A) == [(DESK, 17), (-5, 7)]
    assert two.erasure.erasure_queue(A) == [(DESK, 18), (-5, 8)]
    assert (two.erasure.request_topics(B), two.erasure.erasure_queue(B)) == ([], [(-5, 9)])
    two.erasure.record_topic_erasure(A, (-5, 7))
    two.erasure.record_topic_erasure(A, (DESK, 17))
    two.erasure.record_erasure(A, (-5, 8), ErasureResult.DELETED)
    assert (two.erasure.request_topics(A), two.requests.find_thread(A), two.erasure.erasure_queue(A)) == (
        [],
        None,
        [],
    )


def test_thread_that_has_no_card_yet_is_left(two: Store) -> None:
    """Of a thread that was only begun its topic is known."""
    two.requests.save_thread(A, AdviserThread(-5, 7, 0, history_sent=0))
    two.erasure.leave_thread(A)

    assert (two.erasure.request_topics(A), two.erasure.erasure_queue(A)) == ([(-5, 7)], [])


def test_what_waits_goes_to_the_chat_that_is_the_advisers_now(two: Store) -> None:
    """Calls to the advisers follow them to another chat; what goes elsewhere stays."""
    finish(two, told(A, "a"), text(-5, "group"), SendMail(A))
    two.outbox.redirect_adviser_calls(-77)

    assert (
        two.outbox.count_queued_calls(-77),
        two.outbox.count_queued_calls(DESK),
        two.outbox.count_queued_calls(-5),
        two.outbox.count_queued_calls(MAIL_CHAT),
    ) == (1, 0, 1, 1)


def test_retention_keeps_what_a_deletion_needs(two: Store, clock: Clock) -> None:
    """As long as the deletion of a request's messages and mails waits, it is known where they are."""
    finish(two, told(A, "a"), SendMail(A))
    for number, queued in enumerate(two.outbox.due_calls(clock())):
        two.outbox.mark_sent(queued.id, 40 + number)
    two.inbox.add_updates([(2, "10", "{}")])
    two.finish_update(2, EVENT, None, (), [ErasePerson()])
    clock.now += 8 * 86_400
    two.erasure.purge_expired(clock.now - 7 * 86_400)

    assert (len(two.erasure.erasure_queue(A)), two.erasure.was_mailed(A)) == (1, True)
    for queued in two.outbox.due_calls(clock()):
        assert isinstance(queued.call, EraseThread | RequestMailDeletion)
        two.outbox.mark_sent(queued.id, None)
    clock.now += 8 * 86_400
    two.erasure.purge_expired(clock.now - 7 * 86_400)
    assert (two.erasure.erasure_queue(A), two.erasure.was_mailed(A)) == ([], False)


def test_mail_may_be_under_way(two: Store, clock: Clock) -> None:
    """A mail that waits or is under way may be taken at any moment; one that failed is not."""
    finish(two, SendMail(A))
    waits = two.erasure.was_mailed(A)
    two.outbox.mark_failed(two.outbox.due_calls(clock())[0].id, "no mailbox")

    assert (waits, two.erasure.was_mailed(A)) == (True, False)


def test_older_store_gets_its_lanes(tmp_path: Path, clock: Clock) -> None:
    """What waits in a store of an older version waits in the lane of its request."""
    with closing(Database(tmp_path / "old.db").conn) as file:
        old = Database(file)
        migrations.apply(old, stop_before="0008_lanes")
        row = {
            "method": "sendMessage",
            "params": "{}",
            "created": 1.0,
            "urgency": 0,
            "status": "queued",
            "attempts": 0,
            "not_before": 0,
        }
        old.table("outbox").insert_all(
            [
                {**row, "chat_id": DESK, "request": A, "place": "thread", "limited": 1},
                {**row, "chat_id": 10, "request": A, "place": "", "limited": 1},
                {**row, "chat_id": MAIL_CHAT, "method": SEND_MAIL, "request": B, "place": "", "limited": 0},
            ]
        )
    store = Store(SqliteDatabase(tmp_path / "old.db", clock))

    assert {queued.chat_id: queued.lane for queued in store.outbox.due_calls(clock())} == {
        DESK: A,
        10: "",
        MAIL_CHAT: B,
    }
    store.close()


def test_older_database_gets_its_lanes(mine: Store, fresh_url: str, clock: Clock) -> None:
    """In PostgreSQL that is so for all tenants, whichever is opened first."""
    other = Store(PostgresDatabase(fresh_url, clock, "kiel"))
    for store in (mine, other):
        store.apply([told(A, "a")], [CreateRequest(request(A))])
        store.close()
    with psycopg.connect(fresh_url, user="postgres") as connection:
        connection.execute("ALTER TABLE outbox DROP COLUMN lane")
        connection.execute("CREATE INDEX outbox_queued ON outbox (tenant, limited, chat_id, id)")
        connection.execute("DELETE FROM schema_version WHERE name = '0002_lanes'")
    again = [Store(PostgresDatabase(fresh_url, clock)), Store(PostgresDatabase(fresh_url, clock, "kiel"))]

    assert [[queued.lane for queued in store.outbox.due_calls(clock())] for store in again] == [[A], [A]]
    for store in again:
        store.close()
