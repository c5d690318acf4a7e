"""The lanes of the outbox: a waiting call delays only its own lane, lanes take turns, and retries are limited."""

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
from bot.store import ApiCall, OutgoingCall, Store
from bot.store.postgres.database import PostgresDatabase
from bot.store.records import AdviserThread, Destination, EraseThread, ErasureResult, RequestMailDeletion
from bot.store.sql.outgoing_calls import MAIL_CHAT, SEND_MAIL
from bot.store.sqlite.database import SqliteDatabase
from bot.store.sqlite.schema import migrations
from tests.bot.pipeline.test_outbox_pace import Telegram
from tests.bot.store.test_store import EVENT, finish, request
from tests.conftest import Clock
from tests.support.queues import Counterpart, ended, queue, reference, summary, text

pytestmark = pytest.mark.durability

DESK, A, B = -1_009_900, "AAAA-AAAA", "BBBB-BBBB"


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with two requests."""
    store.apply((), [CreateRequest(request(A)), CreateRequest(request(B))])
    return store


def post(reference: str, words: str) -> OutgoingCall:
    """Return a call that posts a text in a request's thread."""
    return ApiCall(DESK, "sendMessage", {"text": words}, reference=reference, destination=Destination.THREAD)


def due_texts(store: Store, now: float, **more: object) -> list[tuple[str, str]]:
    """Return the lane and text of each call that is due."""
    return [(queued.lane, summary(queued.call)[1]) for queued in store.outbox.due_calls(now, **more)]  # type: ignore[arg-type]  # test shorthand


def test_waiting_lane_does_not_delay_others(filled: Store, clock: Clock) -> None:
    """A waiting call delays only its own request's thread, in which the order is kept."""
    finish(filled, post(A, "a1"), post(A, "a2"), post(B, "b1"))
    (first,) = filled.outbox.due_calls(clock())
    filled.outbox.postpone_call(first.id, clock() + 60)

    assert due_texts(filled, clock()) == [(B, "b1")]
    assert due_texts(filled, clock() + 60, served_lanes=[B]) == [(A, "a1")]


def test_waiting_mail_does_not_delay_others(filled: Store, clock: Clock) -> None:
    """A mail that is postponed delays only mails about the same request."""
    finish(filled, SendMail(A), SendMail(B))
    (first,) = filled.outbox.due_calls(clock())
    filled.outbox.postpone_call(first.id, clock() + 60)

    assert due_texts(filled, clock()) == [(B, B)]


def test_one_mail_at_a_time(filled: Store, clock: Clock) -> None:
    """While a mail is being sent, no other one is started, but calls without a limit are."""
    finish(filled, SendMail(A), SendMail(B), ApiCall(10, "answerCallbackQuery", {"text": "t"}))
    first = filled.outbox.due_calls(clock())[0]

    assert due_texts(filled, clock(), in_flight=[first.id], paused_chats=[MAIL_CHAT]) == [("", "t")]


def test_lanes_take_turns(filled: Store, clock: Clock) -> None:
    """The lanes of a chat take turns: those not served yet come first, then the one served longest ago."""
    finish(filled, post(A, "a1"), post(A, "a2"), post(B, "b1"), ApiCall(DESK, "sendMessage", {"text": "status"}))

    assert due_texts(filled, clock()) == [(A, "a1")]
    assert due_texts(filled, clock(), served_lanes=[A]) == [(B, "b1")]
    assert due_texts(filled, clock(), served_lanes=[A, B]) == [(A, "a1")]


async def test_flood_of_one_request_does_not_delay_others(filled: Store, clock: Clock) -> None:
    """Hundreds of calls about one request do not delay a new request in the adviser chat."""
    finish(filled, *[post(A, str(number)) for number in range(391)], post(B, "new"), post(B, "second"))
    telegram = Telegram(clock)

    await telegram.send(filled, 5)

    assert [words for _, words in telegram.taken][:5] == ["0", "new", "1", "second", "2"]


def test_only_the_last_card_is_refreshed(filled: Store, clock: Clock) -> None:
    """Of several queued refreshes of a card only the last is kept, since a card shows the current status."""
    finish(filled, RefreshCard(A, DESK), RefreshCard(B, DESK), post(A, "said"), RefreshCard(A, DESK))

    assert filled.outbox.count_queued_calls() == 3
    assert [queued.call for queued in filled.outbox.due_calls(clock(), served_lanes=[B])] == [post(A, "said")]


def test_unreadable_call_is_dropped(filled: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A damaged row of the queue is dropped, and the calls after it are made."""
    broken = post(A, "broken")
    finish(filled, broken, post(A, "a2"), text(10, "x"))
    with filled.database.transaction() as db:  # damage that the bot itself never writes
        db.execute("UPDATE outbox SET place = 'elsewhere' WHERE params LIKE ?", ("%broken%",))
        db.execute("UPDATE outbox SET params = '[1]' WHERE chat_id = 10")

    assert due_texts(filled, clock()) == []
    assert due_texts(filled, clock()) == [(A, "a2")]
    assert filled.outbox.count_queued_calls() == 1
    assert set(caplog.messages) == {
        "a queued call cannot be read and is dropped: ValueError",
        "a queued call cannot be read and is dropped: TypeError",
    }


async def run_until_empty(store: Store, clock: Clock, call: Callable[[OutgoingCall], CallResult]) -> int:
    """Make all due calls, advancing the clock to each retry, until the queue is empty; return the number of calls."""
    call_count = 0

    async def counted(outgoing: OutgoingCall) -> CallResult:
        nonlocal call_count
        call_count += 1
        return call(outgoing)

    async def sleep(woken: asyncio.Event, seconds: float) -> None:
        if not outbox.is_sending and not woken.is_set():
            if not store.outbox.count_queued_calls():
                task.cancel()
            clock.now += seconds
        await asyncio.sleep(0)

    outbox = Outbox(store, counted, clock, sleep=sleep)
    task = asyncio.create_task(outbox.run())
    await asyncio.gather(task, return_exceptions=True)
    return call_count


async def test_retries_end_after_five_days(store: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A call that is rejected temporarily for five days is given up, and the people concerned are told."""
    caplog.set_level(logging.ERROR)
    queue(store, text(10, "a"))
    with store.database.transaction() as db:  # as if most of the five days had passed
        db.execute("UPDATE outbox SET attempts = ?", (MAX_TRIES - 3,))
    began, reasons = clock.now, list[str]()

    async def call(outgoing: OutgoingCall) -> CallResult:
        return Retry(None)

    def tell(outgoing: OutgoingCall, reason: str) -> list[OutgoingCall]:
        reasons.append(reason)
        return []

    async def sleep(woken: asyncio.Event, seconds: float) -> None:
        if not outbox.is_sending and not woken.is_set():
            clock.now += seconds
            if not store.outbox.count_queued_calls():
                task.cancel()
        await asyncio.sleep(0)

    outbox = Outbox(store, call, clock, tell, sleep=sleep)
    task = asyncio.create_task(outbox.run())
    await asyncio.gather(task, return_exceptions=True)

    assert reasons == [f"tried {MAX_TRIES} times"]
    assert 600 <= clock.now - began < 700
    assert MAX_TRIES * 300 == 5 * 86_400
    assert caplog.messages == [f"giving up sendMessage to one chat after {MAX_TRIES} tries"]


async def test_internal_error_delays_its_lane_only_briefly(store: Store, clock: Clock) -> None:
    """A call that fails in the bot's own code is tried a few times, then given up, and the next one is made."""
    queue(store, text(10, "broken"), text(10, "next"))
    counterpart, began = Counterpart(), clock.now

    def call(outgoing: OutgoingCall) -> CallResult:
        if summary(outgoing)[1] == "broken":
            raise KeyError("picture")
        counterpart.taken.append(summary(outgoing))
        return Retry(None, max_tries=1)

    call_count = await run_until_empty(store, clock, call)

    assert counterpart.taken == [(10, "next")]
    assert call_count == INTERNAL_ERROR_TRIES + 1
    assert clock.now - began < 90


async def test_mails_are_sent_one_at_a_time(filled: Store, clock: Clock) -> None:
    """Mails are sent one at a time, in order per request, and requests take turns."""
    finish(filled, SendMail(A), SendMail(A), SendMail(B))
    running, peak, order = 0, 0, list[str]()
    done = asyncio.Event()

    async def call(outgoing: OutgoingCall) -> CallResult:
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0)
        running -= 1
        order.append(reference(outgoing))
        if len(order) == 3:
            done.set()
        return Retry(3600.0) if len(order) == 99 else await Counterpart()(outgoing)

    outbox = Outbox(filled, call, clock)
    task = asyncio.create_task(outbox.run())
    await asyncio.wait_for(done.wait(), 10)
    await ended(task)

    assert (peak, order) == (1, [A, B, A])


def test_queued_transcript_lines_are_marked(filled: Store, clock: Clock) -> None:
    """Transcript lines whose copies are still queued are marked, so that a history leaves them out."""
    for number, side in enumerate((Party.REQUESTER, Party.REQUESTER, Party.ADVISER)):
        event = replace(EVENT, message_id=5 + number)
        copy = ApiCall(DESK, "copyMessage", {}, (10, 5 + number), reference=A, destination=Destination.THREAD)
        out = [copy] if side is Party.REQUESTER else []
        filled.inbox.add_updates([(number, "10", "{}")])
        filled.finish_update(number, event, None, out, [AppendTranscript(A, side, str(number))])
    filled.outbox.mark_sent(filled.outbox.due_calls(clock())[0].id, 7)

    assert [(line.text, line.is_queued) for line in filled.requests.load_transcript(A)] == [
        ("0", False),
        ("1", True),
        ("2", False),
    ]


def test_thread_in_a_former_chat_is_kept_until_erased(filled: Store) -> None:
    """A request's messages and topic in a former adviser chat belong to the request until they are erased."""
    filled.requests.save_thread(A, AdviserThread(-5, 7, 8))
    filled.requests.save_thread(B, AdviserThread(-5, 0, 9))
    filled.erasure.leave_thread(A)
    filled.erasure.leave_thread(B)
    filled.requests.save_thread(A, AdviserThread(DESK, 17, 18))

    assert filled.requests.find_thread(B) is None
    assert filled.erasure.request_topics(A) == [(DESK, 17), (-5, 7)]
    assert filled.erasure.erasure_queue(A) == [(DESK, 18), (-5, 8)]
    assert (filled.erasure.request_topics(B), filled.erasure.erasure_queue(B)) == ([], [(-5, 9)])
    filled.erasure.record_topic_erasure(A, (-5, 7))
    filled.erasure.record_topic_erasure(A, (DESK, 17))
    filled.erasure.record_erasure(A, (-5, 8), ErasureResult.DELETED)
    assert (filled.erasure.request_topics(A), filled.requests.find_thread(A), filled.erasure.erasure_queue(A)) == (
        [],
        None,
        [],
    )


def test_thread_without_a_card_can_be_left(filled: Store) -> None:
    """For a thread without a card, the topic is known for erasure."""
    filled.requests.save_thread(A, AdviserThread(-5, 7, 0, history_sent=0))
    filled.erasure.leave_thread(A)

    assert (filled.erasure.request_topics(A), filled.erasure.erasure_queue(A)) == ([(-5, 7)], [])


def test_queued_calls_follow_the_adviser_chat(filled: Store) -> None:
    """Queued calls to the advisers are redirected to a new adviser chat, and all others are left alone."""
    finish(filled, post(A, "a"), text(-5, "group"), SendMail(A))
    filled.outbox.redirect_adviser_calls(-77)

    assert (
        filled.outbox.count_queued_calls(-77),
        filled.outbox.count_queued_calls(DESK),
        filled.outbox.count_queued_calls(-5),
        filled.outbox.count_queued_calls(MAIL_CHAT),
    ) == (1, 0, 1, 1)


def test_purging_keeps_data_needed_for_erasure(filled: Store, clock: Clock) -> None:
    """Purging keeps the data needed to delete a request's messages and mails until they are deleted."""
    finish(filled, post(A, "a"), SendMail(A))
    for number, queued in enumerate(filled.outbox.due_calls(clock())):
        filled.outbox.mark_sent(queued.id, 40 + number)
    filled.inbox.add_updates([(2, "10", "{}")])
    filled.finish_update(2, EVENT, None, (), [ErasePerson()])
    clock.now += 8 * 86_400
    filled.erasure.purge_expired(clock.now - 7 * 86_400)

    assert (len(filled.erasure.erasure_queue(A)), filled.erasure.was_mailed(A)) == (1, True)
    for queued in filled.outbox.due_calls(clock()):
        assert isinstance(queued.call, EraseThread | RequestMailDeletion)
        filled.outbox.mark_sent(queued.id, None)
    clock.now += 8 * 86_400
    filled.erasure.purge_expired(clock.now - 7 * 86_400)
    assert (filled.erasure.erasure_queue(A), filled.erasure.was_mailed(A)) == ([], False)


def test_queued_mail_counts_as_mailed(filled: Store, clock: Clock) -> None:
    """A queued mail counts as sent, since it may be accepted at any moment; a failed one does not."""
    finish(filled, SendMail(A))
    queued = filled.erasure.was_mailed(A)
    filled.outbox.mark_failed(filled.outbox.due_calls(clock())[0].id, "no mailbox")

    assert (queued, filled.erasure.was_mailed(A)) == (True, False)


def test_older_sqlite_store_gets_lanes(tmp_path: Path, clock: Clock) -> None:
    """Migrating an older SQLite store puts queued calls into the lanes of their requests."""
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


def test_older_postgres_database_gets_lanes(pg_store: Store, fresh_url: str, clock: Clock) -> None:
    """Migrating an older PostgreSQL database puts the queued calls of all tenants into lanes."""
    other = Store(PostgresDatabase(fresh_url, clock, "kiel"))
    for store in (pg_store, other):
        store.apply([post(A, "a")], [CreateRequest(request(A))])
        store.close()
    with psycopg.connect(fresh_url, user="postgres") as connection:
        connection.execute("ALTER TABLE outbox DROP COLUMN lane")
        connection.execute("CREATE INDEX outbox_queued ON outbox (tenant, limited, chat_id, id)")
        connection.execute("DELETE FROM schema_version WHERE name = '0002_lanes'")
    reopened = [Store(PostgresDatabase(fresh_url, clock)), Store(PostgresDatabase(fresh_url, clock, "kiel"))]

    assert [[queued.lane for queued in store.outbox.due_calls(clock())] for store in reopened] == [[A], [A]]
    for store in reopened:
        store.close()
