"""The store: durable, in order, and exactly once."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.domain.consultation import Details, Form, Party, Request, RequestContext
from bot.domain.effects import (
    AppendTranscript,
    CorrectTranscript,
    CreateRequest,
    Effect,
    ErasePerson,
    MigrateChat,
    RetractMessages,
    SaveFeedback,
    UpdateRequest,
)
from bot.domain.event import Event, EventKind
from bot.domain.turn import State
from bot.errors import StoreConflict, StoreError
from bot.store import ApiCall, OutgoingCall, Store
from bot.store.records import SET_REACTION, AdviserThread
from bot.store.sqlite.backup import backup_store, restore_store
from bot.store.sqlite.database import SqliteDatabase
from bot.store.sqlite.schema import migrations
from tests.bot.conftest import OpenStore
from tests.conftest import Clock
from tests.support.queues import api_call, texts

pytestmark = pytest.mark.durability

EVENT = Event(1, EventKind.TEXT, chat_id=10, user_id=20, message_id=5, text="Hallo", name="Ada")


def say(chat: int, text: str, **more: object) -> OutgoingCall:
    return ApiCall(chat, "sendMessage", {"text": text}, **more)  # type: ignore[arg-type]  # test shorthand


def request(reference: str = "AAAA-AAAA", **more: object) -> Request:
    values = {
        "name": "Ada",
        "lang": "de",
        "details": Details("T"),
        "brief": RequestContext(),
        "contact": "jacob-rohm",
    }
    return Request(reference, 10, 20, **values, consent="v", created=1.0, **more)  # type: ignore[arg-type]  # test shorthand


def finish(store: Store, *out: OutgoingCall, update: int = 1) -> bool:
    store.inbox.add_updates([(update, "10", "{}")])
    return store.finish_update(update, EVENT, State(), out, ())


def test_update_is_added_once(store: Store) -> None:
    """An update that is delivered again is not added again."""
    assert store.inbox.add_updates([(1, "10", "{}"), (2, "10", "{}")]) == [1, 2]
    assert store.inbox.add_updates([(2, "10", "{}"), (3, "10", "{}")]) == [3]


def test_update_is_pending_until_finished(store: Store) -> None:
    """An update is pending until it is finished, and can be finished only once."""
    store.inbox.add_updates([(1, "10", "{}")])

    assert store.inbox.pending_updates() == [(1, "10")]
    assert store.finish_update(1, EVENT, State(), [say(10, "a")], ())
    assert not store.finish_update(1, EVENT, State(), [say(10, "a")], ())
    assert (store.inbox.pending_updates(), store.inbox.claim_update("10", ())) == ([], None)
    assert store.outbox.count_queued_calls() == 1


def test_finish_is_one_transaction(store: Store) -> None:
    """If one effect fails, nothing of the update is kept."""
    store.inbox.add_updates([(1, "10", "{}")])
    twice = CreateRequest(request())

    with pytest.raises(StoreError):
        store.finish_update(1, EVENT, State(lang="en"), [say(10, "a")], (twice, twice))

    assert store.inbox.pending_updates() == [(1, "10")]
    assert (
        store.outbox.count_queued_calls(),
        store.requests.all_requests(),
        store.users.load_state(EVENT.state_key),
    ) == (0, [], State())


def test_state_survives_reopening(open_store: OpenStore) -> None:
    """State written by one process is read by the next."""
    first = open_store()
    state = State(lang="en", last_question="Was?", form=Form(details=Details("Hilfe")), step=3)
    first.inbox.add_updates([(1, "10", "{}")])
    first.finish_update(1, EVENT, state, (), ())
    first.close()

    assert open_store().users.load_state(EVENT.state_key) == state


def test_oldest_call_of_each_chat_is_due(store: Store, clock: Clock) -> None:
    """Only the oldest call of each chat is due, so order is kept within a chat."""
    finish(store, say(10, "a"), say(10, "b"), say(11, "c"))

    assert texts(store.outbox.due_calls(clock())) == ["a", "c"]


def test_waiting_chat_does_not_delay_others(store: Store, clock: Clock) -> None:
    """If the oldest call of a chat waits, newer ones of that chat wait too, but not those of other chats."""
    finish(store, say(10, "a"), say(10, "b"), say(11, "c"))
    store.outbox.postpone_call(store.outbox.due_calls(clock())[0].id, clock() + 60)

    assert texts(store.outbox.due_calls(clock())) == ["c"]
    assert texts(store.outbox.due_calls(clock() + 60)) == ["a", "c"]
    assert store.outbox.next_due_time() == 0.0


def test_sent_message_is_found_by_its_question(store: Store, clock: Clock) -> None:
    """A sent answer can be found by its question, and its text is no longer stored."""
    finish(store, say(10, "a", source=(10, 5)))
    store.outbox.mark_sent(store.outbox.due_calls(clock())[0].id, 77)

    assert store.outbox.find_reply_to(10, (10, 5)) == 77
    assert store.outbox.find_reply_to(11, (10, 5)) is None
    assert store.erasure.load_personal_data(20)["outbox"][0]["params"] == "{}"


def test_failed_call_frees_the_chat(store: Store, clock: Clock) -> None:
    """After a call has failed for good, the chat's next call is due."""
    finish(store, say(10, "a"), say(10, "b"))
    store.outbox.mark_failed(store.outbox.due_calls(clock())[0].id, "Forbidden")

    assert texts(store.outbox.due_calls(clock())) == ["b"]


def test_request_is_found_by_message(store: Store, clock: Clock) -> None:
    """A request is found by a message about it."""
    store.inbox.add_updates([(1, "10", "{}")])
    store.finish_update(1, EVENT, State(), [say(-5, "Brief", reference="AAAA-AAAA")], [CreateRequest(request())])
    store.outbox.mark_sent(store.outbox.due_calls(clock())[0].id, 9)

    match = store.requests.find_request_by_message(-5, 9)

    assert match is not None
    assert (match.reference, match.user_id, match.details.concern, match.status) == ("AAAA-AAAA", 20, "T", "open")
    assert store.requests.find_request_by_message(-5, 10) is None


def test_rating_counts_once(store: Store) -> None:
    """A second rating of the same entry replaces the first."""
    for update, value in ((1, 1), (2, 0)):
        store.inbox.add_updates([(update, "10", "{}")])
        store.finish_update(update, EVENT, State(), (), [SaveFeedback("backbone", value)])

    assert [row["value"] for row in store.erasure.load_personal_data(20)["feedback"]] == [0]


def test_messages_about_a_request_since_a_time(store: Store, clock: Clock) -> None:
    """The store knows whether anything about a request was sent to a chat after a time."""
    store.apply([], [CreateRequest(request())])
    store.apply([say(10, "Antwort"), say(-5, "Karte", reference="AAAA-AAAA")], ())

    assert store.outbox.has_written_since(-5, clock() - 60)
    assert not store.outbox.has_written_since(-5, clock())
    assert not store.outbox.has_written_since(10, clock() - 60)


def test_flaws_are_counted(store: Store) -> None:
    """What was wrong with an answer is stored with the thumb, replaced by the next one, and counted by entry."""
    for update, (user, flaw) in enumerate(((20, "wrong"), (20, "outdated"), (21, "outdated"), (22, "")), start=1):
        store.inbox.add_updates([(update, str(user), "{}")])
        event = replace(EVENT, update_id=update, chat_id=user, user_id=user)
        store.finish_update(update, event, State(), (), [SaveFeedback("backbone", 0, flaw)])

    assert store.users.flaw_counts() == {"backbone": {"outdated": 2}}
    assert store.users.find_rating(20, "backbone") == SaveFeedback("backbone", 0, "outdated")
    assert store.users.find_rating(20, "vision") is None


def test_deletion_leaves_nothing_of_the_person(store: Store, clock: Clock) -> None:
    """After deletion only the anonymous reply is queued, and other people's data are untouched."""
    finish(store, say(10, "a"))
    store.inbox.add_updates([(2, "99", "{}"), (3, "10", "{}")])
    store.finish_update(
        2,
        Event(2, EventKind.TEXT, 99, 98, 1),
        State(lang="en"),
        (),
        [CreateRequest(replace(request("BBBB-BBBB"), user_id=98))],
    )

    store.finish_update(3, EVENT, None, [say(10, "weg")], [ErasePerson()])

    assert texts(store.outbox.due_calls(clock())) == ["weg"]
    assert store.erasure.load_personal_data(20) == {}
    assert set(store.erasure.load_personal_data(98)) == {"states", "requests"}


def test_purge_keeps_what_is_needed(store: Store, clock: Clock) -> None:
    """Old rows are purged, but not the calls and the transcript of an open request."""
    store.inbox.add_updates([(1, "10", "{}")])
    out = [say(10, "a"), say(-5, "b", reference="AAAA-AAAA")]
    store.finish_update(
        1, EVENT, State(), out, [CreateRequest(request()), AppendTranscript("AAAA-AAAA", Party.REQUESTER, "Hallo")]
    )
    clock.now += 1000

    assert store.erasure.purge_expired(clock() - 500) == 3  # the update, the state, and the message without a request
    assert texts(store.outbox.due_calls(clock())) == ["b"]
    assert len(store.requests.load_transcript("AAAA-AAAA")) == 1


def test_backup_and_restore(tmp_path: Path, embedded: Store) -> None:
    """A backup can be made while the store is open, and restoring it keeps the previous store."""
    finish(embedded, say(10, "a"))
    backup_store(tmp_path / "bot.db", tmp_path / "copy.db")

    first = restore_store(tmp_path / "copy.db", tmp_path / "other.db")
    second = restore_store(tmp_path / "copy.db", tmp_path / "other.db")

    assert first is None
    assert second == tmp_path / "other.db.before-1"
    assert Store(SqliteDatabase(tmp_path / "other.db", Clock())).outbox.count_queued_calls() == 1


def test_restore_rejects_other_files(tmp_path: Path) -> None:
    """A file that is no store is rejected by a restore."""
    (tmp_path / "x.db").write_bytes(b"no database")

    with pytest.raises(StoreError, match="is not a store"):
        restore_store(tmp_path / "x.db", tmp_path / "bot.db")


def test_store_that_cannot_be_opened(tmp_path: Path) -> None:
    """A path that is not a database gives a clear error."""
    (tmp_path / "bot.db").write_bytes(b"x" * 5000)

    with pytest.raises(StoreError, match="cannot be opened"):
        Store(SqliteDatabase(tmp_path / "bot.db", Clock()))


def test_closing_waits_for_other_threads(store: Store, clock: Clock) -> None:
    """If a store is closed while other threads read it, their calls raise an error."""
    finish(store, *(say(number, "a") for number in range(500)))

    def read_until_closed() -> bool:
        try:
            while True:
                store.outbox.due_calls(clock())
        except StoreError:
            return True

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read_until_closed) for _ in range(4)]
        store.outbox.due_calls(clock())
        store.close()

        assert all(reader.result(10) for reader in readers)
    with pytest.raises(StoreError, match=r"cannot be read|is closed"):
        store.outbox.count_queued_calls()


def test_concurrent_change_is_rejected(store: Store) -> None:
    """A change to an outdated version of a request is rejected, and nothing else of that update is kept."""
    store.apply((), [CreateRequest(request())])
    first, second = (replace(request(), adviser=name) for name in ("Bea", "Cem"))
    store.apply((), [UpdateRequest(first)])

    with pytest.raises(StoreConflict):
        store.apply([say(10, "Cem kommt")], [UpdateRequest(second)])

    stored = store.requests.find_request("AAAA-AAAA")
    assert stored is not None
    assert (stored.adviser, stored.version) == ("Bea", 1)
    assert store.outbox.count_queued_calls() == 0


def test_receipt_waits_for_its_message(store: Store, clock: Clock) -> None:
    """What shows that a message arrived is queued with its result, is not limited, and leaves no trace."""
    store.apply([ApiCall(-5, "copyMessage", {}, source=(10, 7), reference="AAAA-AAAA")], [CreateRequest(request())])
    receipt = ApiCall(10, SET_REACTION, {"message_id": 7}, reference="AAAA-AAAA")
    (copy,) = store.outbox.due_calls(clock())
    store.outbox.mark_sent(copy.id, 70, [receipt])
    (queued,) = store.outbox.due_calls(clock())
    store.outbox.mark_sent(queued.id, None)

    assert (queued.call, queued.rate_limited, queued.lane) == (receipt, False, "AAAA-AAAA")
    assert store.outbox.find_reply_to(-5, (10, 7)) == 70
    assert len(store.database.fetch_rows("SELECT id FROM outbox")) == 1


def test_signed_copy_is_recorded(store: Store) -> None:
    """Whether a copy has its writer's name is known by its original, and each thread keeps its topic's title."""
    store.apply((), [CreateRequest(request())])
    for number, signed in ((7, True), (8, False)):
        event = replace(EVENT, message_id=number)
        line = AppendTranscript("AAAA-AAAA", Party.REQUESTER, "x", signed=signed)
        store.inbox.add_updates([(number, "10", "{}")])
        store.finish_update(number, event, State(), (), [line])
    store.requests.save_thread("AAAA-AAAA", AdviserThread(-5, 3, 4, title="🆕 Ada"))

    are_signed = [store.requests.is_copy_signed("AAAA-AAAA", (EVENT.chat_id, number)) for number in (7, 8, 9)]
    thread = store.requests.find_thread("AAAA-AAAA")
    assert are_signed == [True, False, False]
    assert thread is not None
    assert thread.title == "🆕 Ada"


def test_copy_and_original_find_each_other(store: Store, clock: Clock) -> None:
    """A copy is found by its original, an original by its copy, and the request by both."""
    store.apply([ApiCall(-5, "copyMessage", {}, source=(10, 7), reference="AAAA-AAAA")], [CreateRequest(request())])
    store.outbox.mark_sent(store.outbox.due_calls(clock())[0].id, 70)

    assert store.outbox.find_reply_to(-5, (10, 7)) == 70
    assert store.outbox.find_source(-5, 70) == (10, 7)
    assert [
        match and match.reference
        for match in (store.requests.find_request_by_message(-5, 70), store.requests.find_request_by_message(10, 7))
    ] == ["AAAA-AAAA"] * 2


def test_calls_of_a_migrated_group_are_redirected(store: Store, clock: Clock) -> None:
    """When a group becomes a supergroup, its queued calls are redirected, and its threads are forgotten."""
    store.apply([say(-5, "a")], [CreateRequest(request())])
    store.requests.save_thread("AAAA-AAAA", AdviserThread(-5, 3, 4))
    store.inbox.add_updates([(1, "-5", "{}")])

    store.finish_update(1, replace(EVENT, chat_id=-5), None, (), [MigrateChat(-1005)])

    assert (store.outbox.current_chat_id(-5), store.outbox.current_chat_id(-6)) == (-1005, -6)
    assert [queued.chat_id for queued in store.outbox.due_calls(clock())] == [-1005]
    assert store.requests.find_thread("AAAA-AAAA") is None


def test_transcript_is_stored_and_deleted(store: Store) -> None:
    """A transcript is stored in order and is exported and deleted with its requester's data."""
    store.apply(
        (),
        [
            CreateRequest(request()),
            AppendTranscript("AAAA-AAAA", Party.REQUESTER, "a"),
            AppendTranscript("AAAA-AAAA", Party.ADVISER, "b"),
        ],
    )

    assert [(line.side, line.text) for line in store.requests.load_transcript("AAAA-AAAA")] == [
        ("person", "a"),
        ("adviser", "b"),
    ]
    assert len(store.erasure.load_personal_data(20)["lines"]) == 2
    store.inbox.add_updates([(1, "10", "{}")])
    store.finish_update(1, EVENT, None, (), [ErasePerson()])
    assert store.requests.load_transcript("AAAA-AAAA") == []


def apply_effect(store: Store, number: int, effect: Effect) -> None:
    """Apply an effect of the requester's message 5 as this update."""
    store.inbox.add_updates([(number, "10", "{}")])
    store.finish_update(number, EVENT, None, (), [effect])


def test_edit_corrects_the_transcript(store: Store) -> None:
    """An edit replaces the line of its message, or is appended if the message has no line."""
    store.apply(
        (),
        [
            CreateRequest(request()),
            AppendTranscript("AAAA-AAAA", Party.REQUESTER, "before lines knew their messages"),
        ],
    )
    apply_effect(store, 1, CorrectTranscript("AAAA-AAAA", Party.REQUESTER, "0431 111"))
    apply_effect(store, 2, CorrectTranscript("AAAA-AAAA", Party.REQUESTER, "0431 222"))

    assert [line.text for line in store.requests.load_transcript("AAAA-AAAA")] == [
        "before lines knew their messages",
        "0431 222",
    ]


def test_retracted_message_is_not_in_the_transcript(store: Store, clock: Clock) -> None:
    """Retracting a message removes its line, its queued copy and its link to the request."""
    copies = [ApiCall(30, "copyMessage", {"from": 1}, (10, number), reference="AAAA-AAAA") for number in (5, 6)]
    store.apply(copies, [CreateRequest(request()), AppendTranscript("AAAA-AAAA", Party.ADVISER, "a")])
    apply_effect(store, 1, AppendTranscript("AAAA-AAAA", Party.ADVISER, "b"))
    apply_effect(store, 2, RetractMessages("AAAA-AAAA", (5,)))

    assert [line.text for line in store.requests.load_transcript("AAAA-AAAA")] == ["a"]
    assert [api_call(queued.call).source for queued in store.outbox.due_calls(clock())] == [(10, 6)]
    assert store.requests.find_request_by_message(10, 5) is None
    assert store.requests.find_request_by_message(10, 6) is not None


def test_requests_of_the_first_schema_are_migrated(tmp_path: Path, clock: Clock) -> None:
    """Requests and queued calls of the first schema are migrated."""
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        old = Database(connection)
        migrations.apply(old, stop_before="0002_consultation")
        row = {"reference": "AAAA-AAAA", "chat_id": 10, "user_id": 20, "name": "Ada", "text": "Hilfe", "lang": "de"}
        old.table("requests").insert(
            {**row, "status": "open", "consent": "2026-11", "created": "2026-11-01T08:00:00+00:00"}
        )
        old.table("outbox").insert(
            {"chat_id": 10, "method": "sendMessage", "params": "{}", "question": 5, "request": ""}
        )

    store = Store(SqliteDatabase(tmp_path / "old.db", clock))

    (stored,) = store.requests.active_requests()
    assert (stored.details.concern, stored.name, stored.consent) == ("Hilfe", "Ada", "2026-11")
    assert (stored.contact, stored.since, stored.version) == ("", stored.created, 0)
    store.apply((), [UpdateRequest(stored)])  # it can still be updated
    assert api_call(store.outbox.due_calls(clock())[0].call).source == (10, 5)
    store.close()


def test_waits_of_an_older_schema_are_dropped(tmp_path: Path, clock: Clock) -> None:
    """Waits from a schema without their start are dropped, as the clock may have been wrong."""
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        old = Database(connection)
        migrations.apply(old, stop_before="0009_clock")
        old.table("holds").insert({"chat_id": 0, "until": clock() + 1e6})
        call = {"chat_id": 10, "method": "sendMessage", "params": "{}", "place": "", "not_before": clock() + 1e6}
        old.table("outbox").insert(call | {"created": clock()})

    store = Store(SqliteDatabase(tmp_path / "old.db", clock))

    assert store.outbox.rate_limits() == {}
    assert [queued.chat_id for queued in store.outbox.due_calls(clock())] == [10]
    store.close()
