"""Personal data in the store: export, deletion and purging miss nothing."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.attachments.data_export import TABLE_ORDER, render_data_json
from bot.attachments.data_page import render_data_page
from bot.domain.consultation import (
    ContactChannel,
    Details,
    Form,
    FormStep,
    Party,
    Request,
    RequestContext,
    RequestStatus,
    SentRequest,
    TypedAnswer,
)
from bot.domain.effects import (
    AppendTranscript,
    BlockRequester,
    CreateRequest,
    CreateTeamCode,
    DeleteQuestions,
    Effect,
    ErasePerson,
    MigrateChat,
    NoteColleague,
    NoteGreeting,
    SaveFeedback,
    SaveQuestion,
    SaveSelfCheck,
    SaveTextBlock,
    ShareSelfCheck,
    UpdateRequest,
)
from bot.domain.event import Event, EventKind
from bot.domain.message import RefreshCard, SendMail
from bot.domain.selfcheck import SelfCheckProgress
from bot.domain.turn import State
from bot.errors import StoreConflict
from bot.store import ApiCall, Store
from bot.store.personal_data import DATA_CATALOGUE
from bot.store.records import AdviserThread, Destination, EraseThread, ErasureReason, RequestMailDeletion
from bot.store.sql.outgoing_calls import MAIL_CHAT
from bot.store.sqlite.database import SqliteDatabase
from tests.conftest import Clock
from tests.support.tables import tables

pytestmark = pytest.mark.durability

ADA, BEA, DESK = 7_100_123, 7_200_456, -1_009_900
REFERENCE = "ADAA-2345"
NAME, SAID, QUESTION, ADDRESS = "Ada Kanari", "Kanarienvogel", "Was frisst der Kanari?", "kanari@example.org"
REQUEST = Request(
    REFERENCE, ADA, ADA, NAME, "de", Details(SAID, reach=ContactChannel.EMAIL, address=ADDRESS),
    RequestContext(QUESTION), "2026-11-24", "jacob-rohm", created=1_800_000_000.0,
)  # fmt: skip
EVENT = Event(1, EventKind.TEXT, ADA, ADA, 5, name=NAME)
STATE = State(
    lang="de",
    last_question=QUESTION,
    last_entry="backbone",
    earlier_entry="phineo",
    last_context="phineo",
    earlier_context="kritik",
    form=Form(details=Details(SAID), typed=(TypedAnswer(FormStep.CONCERN, 5_511),)),
    sent=SentRequest(REFERENCE, (5_512,)),
    check=SelfCheckProgress(answers={"vision": 2}),
    read=(1, 2),
    improve="2026-11-25",
)
EVERYTHING: tuple[Effect, ...] = (
    CreateRequest(REQUEST),
    AppendTranscript(REFERENCE, Party.REQUESTER, SAID),
    SaveFeedback("backbone", 0),
    SaveQuestion(QUESTION, "backbone", "2026-11-25"),
    CreateTeamCode("ABCDEF"),
    SaveSelfCheck({"vision": 3}, "ABCDEF"),
    ShareSelfCheck({"vision": 3}, "QRSTUV"),
    NoteColleague(DESK, ADA, NAME, "kanari"),
    BlockRequester(ADA, 1_800_000_000.0),
    SaveTextBlock(DESK, "termin", "Rufen Sie an."),
    NoteGreeting(DESK),
)
OUTGOING = (
    ApiCall(ADA, "sendMessage", {"text": SAID}, source=(ADA, 5)),
    RefreshCard(REFERENCE, DESK),
    ApiCall(
        DESK, "copyMessage", {"from_chat_id": ADA}, (ADA, 6), reference=REFERENCE, destination=Destination.THREAD
    ),
    SendMail(REFERENCE),
)


def apply_update(store: Store, event: Event, *effects: Effect, state: State | None = None, out: Any = ()) -> bool:
    store.inbox.add_updates([(event.update_id, str(event.chat_id), "{}")])
    return store.finish_update(event.update_id, event, state, out, effects)


@pytest.fixture
def full(store: Store) -> Store:
    """A store with data about Ada in every table that can contain personal data."""
    apply_update(store, EVENT, *EVERYTHING, state=STATE, out=OUTGOING)
    store.requests.save_thread(REFERENCE, AdviserThread(DESK, 40, 41))
    store.outbox.save_rate_limits({ADA: 1_800_000_000.0})
    body = {"update_id": 90, "message": {"from": {"id": ADA, "first_name": NAME}, "text": SAID}}
    store.inbox.add_updates([(90, str(DESK), json.dumps(body))])
    return store


def mentions_ada(rows: Any) -> bool:
    return any(mark in repr(rows) for mark in (str(ADA), NAME, "anari"))


def test_every_table_and_column_is_described(embedded: Store, tmp_path: Path) -> None:
    """A new table, or a new column of one with personal data, must have a description."""
    with closing(sqlite3.connect(tmp_path / "bot.db")) as file:
        tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        columns = {
            name: {row[1] for row in file.execute(f"PRAGMA table_info({name})")}
            for name in DATA_CATALOGUE
            if DATA_CATALOGUE[name].owner_condition
        }

    assert set(DATA_CATALOGUE) == tables - {"sqlite_sequence"}
    assert {name: {column for column, _ in DATA_CATALOGUE[name].columns} for name in columns} == columns
    assert set(TABLE_ORDER) == {*columns, "advised"}
    assert {name for name in columns if not DATA_CATALOGUE[name].expiry_condition} == {
        "requests",
        "lines",
    }  # these are purged with their request


def test_export_is_complete(full: Store) -> None:
    """A person's export contains all rows about them, and nobody else's."""
    apply_update(full, Event(2, EventKind.TEXT, BEA, BEA, 1), SaveFeedback("kontakt", 1), state=State(lang="en"))
    exported = full.erasure.load_personal_data(ADA)

    about_ada = {name: [row for row in rows if mentions_ada(row) or REFERENCE in repr(row)]
                 for name, rows in tables(full).items()}  # fmt: skip
    assert {name: len(rows) for name, rows in exported.items()} == {
        name: len(rows) for name, rows in about_ada.items() if rows
    }
    assert str(BEA) not in repr(exported)


def test_both_export_files_are_complete(full: Store, clock: Clock) -> None:
    """The JSON file has every table; the readable page has every text that the person wrote."""
    values = {"held": full.erasure.load_personal_data(ADA), "lang": "de", "now": clock(), "days": 180}
    whole = json.loads(render_data_json(values).content)
    html = render_data_page(values).content.decode()

    assert {name for name, rows in whole["data"].items() if rows} == set(full.erasure.load_personal_data(ADA))
    assert set(whole["fields"]) == set(whole["data"])
    assert whole["data"]["requests"][0]["body"]["details"]["address"] == ADDRESS
    for text in (NAME, SAID, QUESTION, ADDRESS, REFERENCE, "ABCDEF", "15. Januar 2027"):
        assert text in html
    for pair in ("Antwortweg</dt><dd>Per E-Mail", "Stand</dt><dd>offen"):
        assert pair in html


def test_markup_is_escaped_in_the_page(store: Store, clock: Clock) -> None:
    """Markup that a person wrote is escaped in the page."""
    apply_update(store, EVENT, state=State(last_question="<script>alert(1)</script>"))
    html = render_data_page(
        {"held": store.erasure.load_personal_data(ADA), "lang": "en", "now": clock()}
    ).content.decode()

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_deletion_leaves_nothing_in_the_file(full: Store, tmp_path: Path) -> None:
    """After deletion no row, and no byte of the SQLite file or its log, mentions the person."""
    apply_update(full, replace(EVENT, update_id=91), ErasePerson(), state=State(lang="de"))

    assert full.erasure.find_erased_request(DESK, 39, 49) is None
    assert [name for name, rows in tables(full).items() if mentions_ada(rows)] == []
    assert full.erasure.load_personal_data(ADA) == {}
    if not isinstance(full.database, SqliteDatabase):  # PostgreSQL decides when pages are overwritten
        return
    content = b"".join(file.read_bytes() for file in tmp_path.glob("bot.db*"))
    assert not any(text.encode() in content for text in (NAME, SAID, QUESTION, ADDRESS))


def test_deletion_reaches_advisers_and_mail(full: Store, clock: Clock) -> None:
    """A deletion queues the erasure of the copies in the adviser chat and, if one was sent, of the e-mail."""
    for queued in full.outbox.due_calls(clock()):
        if queued.chat_id in (DESK, MAIL_CHAT):
            full.outbox.mark_sent(queued.id, 50 if queued.chat_id == DESK else None)
    apply_update(full, replace(EVENT, update_id=91), ErasePerson())

    assert {queued.chat_id: queued.call for queued in full.outbox.due_calls(clock())} == {
        DESK: EraseThread(DESK, REFERENCE, ErasureReason.REQUESTER),
        MAIL_CHAT: RequestMailDeletion(REFERENCE, "jacob-rohm"),
    }
    assert full.erasure.was_mailed(REFERENCE)
    assert full.erasure.erasure_queue(REFERENCE) == [(DESK, 41), (DESK, 50)]
    assert (
        full.erasure.find_erased_request(DESK, 40, None) == full.erasure.find_erased_request(DESK, 0, 50) == REFERENCE
    )


def test_deletion_covers_calls_in_flight(full: Store, clock: Clock) -> None:
    """Calls in flight during a deletion are erased too: copies are deleted, and deletion of the mail is requested."""
    in_flight = [queued for queued in full.outbox.due_calls(clock()) if queued.chat_id in (DESK, MAIL_CHAT)]
    apply_update(full, replace(EVENT, update_id=91), ErasePerson())
    for queued in in_flight:
        full.outbox.mark_sent(queued.id, 60 if queued.chat_id == DESK else None)

    assert (DESK, 60) in full.erasure.erasure_queue(REFERENCE)
    assert full.erasure.was_mailed(REFERENCE)
    assert full.erasure.load_personal_data(ADA) == {}


def test_concurrent_updates_restore_nothing(full: Store) -> None:
    """After a deletion, a state read before it is rejected, and the person's older updates are dropped."""
    old_state = full.users.load_state(EVENT.state_key)
    full.inbox.add_updates([(89, str(DESK), json.dumps({"message": {"from": {"id": ADA}, "text": SAID}}))])
    full.inbox.add_updates([(88, str(BEA), json.dumps({"message": {"from": {"id": BEA}, "text": "Hallo"}}))])
    full.inbox.add_updates([(95, str(DESK), json.dumps({"message": {"from": {"id": ADA}, "text": "Danach"}}))])
    apply_update(full, replace(EVENT, update_id=91), ErasePerson())

    with pytest.raises(StoreConflict, match="was deleted since it was read"):
        apply_update(full, replace(EVENT, update_id=96), state=replace(old_state, step=3))
    assert not full.finish_update(89, EVENT, old_state, (), ())
    assert [update for update, _ in full.inbox.pending_updates()] == [88, 95, 96]


def test_adviser_message_after_the_deletion(full: Store) -> None:
    """After a deletion, an adviser's message is rejected and an edit has no effect."""
    apply_update(full, replace(EVENT, update_id=91), ErasePerson())
    adviser = Event(92, EventKind.TEXT, DESK, BEA, 70)

    with pytest.raises(StoreConflict):
        apply_update(full, adviser, UpdateRequest(replace(REQUEST, talking=True)))
    edit = ApiCall(ADA, "editMessageText", {"text": "x"}, edit_of=(DESK, 70), reference=REFERENCE)
    apply_update(full, replace(adviser, update_id=93), out=[edit])
    assert full.erasure.load_personal_data(ADA) == {}


def test_deletion_by_an_adviser_keeps_others_messages(full: Store, clock: Clock) -> None:
    """If an adviser deletes their data, their queued messages stay, and closed requests lose their name."""
    closed = replace(REQUEST, status=RequestStatus.CLOSED, taken_by=BEA, adviser="Bea", closed=clock())
    sent = ApiCall(ADA, "copyMessage", {"from_chat_id": DESK, "message_id": 8}, (DESK, 8), reference=REFERENCE)
    apply_update(
        full, Event(92, EventKind.TEXT, DESK, BEA, 8), UpdateRequest(closed), state=State(lang="en"), out=[sent]
    )
    others = replace(closed, reference="BBBB-2345", taken_by=BEA + 1, adviser="Cem", participants=((BEA + 1, "Cem"),))
    spoke = others.add_participant(BEA, "Bea")
    spoke = replace(spoke, reference="CCCC-2345", speaker=f"adviser:{BEA}", user_id=ADA + 1)
    full.apply((), [CreateRequest(others), CreateRequest(spoke)])
    before = full.erasure.load_personal_data(BEA)
    apply_update(full, Event(93, EventKind.BUTTON, BEA, BEA, 9), ErasePerson())

    assert set(before) == {"states", "advised"}
    assert full.erasure.load_personal_data(BEA) == {}
    assert full.outbox.count_queued_calls(ADA) == 2
    stored = full.requests.find_request(REFERENCE)
    assert stored is not None
    assert (stored.adviser, stored.taken_by, stored.version) == ("", 0, 2)
    assert full.requests.find_request("BBBB-2345") == others
    forgotten = replace(others, reference="CCCC-2345", user_id=ADA + 1, version=1)
    assert full.requests.find_request("CCCC-2345") == forgotten


def test_withdrawn_consent_deletes_only_questions(full: Store) -> None:
    """Withdrawing consent deletes the stored questions and nothing else."""
    assert full.users.consented_questions() == [(QUESTION, "backbone", 1_800_000_000.0)]
    assert full.users.feedback_counts() == [("backbone", 0, 1)]
    apply_update(full, replace(EVENT, update_id=91), DeleteQuestions())

    assert full.users.consented_questions() == []
    assert full.users.feedback_counts() == [("backbone", 0, 1)]


def test_purge_at_the_boundary(full: Store, clock: Clock) -> None:
    """Rows exactly as old as the retention period stay; a second later all are purged but those of open requests."""
    days = 180 * 86_400
    before = tables(full)
    clock.now += days

    assert full.erasure.purge_expired(clock() - days) == 0
    assert tables(full) == before
    clock.now += 1
    full.erasure.purge_expired(clock() - days)
    remaining = {name for name, rows in tables(full).items() if rows}
    assert remaining == {"requests", "lines", "threads", "outbox", "text_blocks", "greeted"}
    assert {row["request"] for row in full.erasure.load_personal_data(ADA)["outbox"]} == {REFERENCE}


def test_closed_request_is_purged_completely(full: Store, clock: Clock) -> None:
    """A request is purged when the retention period after closing is over, with its copies in the adviser chat."""
    days = 180 * 86_400
    clock.now += 3 * days
    closed = replace(REQUEST, status=RequestStatus.CLOSED, closed=clock())
    full.apply((), [UpdateRequest(closed)])
    full.erasure.purge_expired(clock() - days)
    stored = full.requests.find_request(REFERENCE)
    clock.now += days + 1
    full.erasure.purge_expired(clock() - days)

    assert stored is not None
    assert full.requests.find_request(REFERENCE) is None
    assert [name for name, rows in tables(full).items() if mentions_ada(rows)] == []
    due = [queued.call for queued in full.outbox.due_calls(clock())]
    assert EraseThread(DESK, REFERENCE, ErasureReason.RETENTION) in due
    assert not any(isinstance(call, RequestMailDeletion) for call in due)


def test_traces_of_a_deletion_are_purged(full: Store, clock: Clock) -> None:
    """The anonymous traces of a deleted request are purged once their erasure is no longer queued."""
    apply_update(full, replace(EVENT, update_id=91), ErasePerson(), MigrateChat(5))
    clock.now += 1000
    full.erasure.purge_expired(clock() - 500)
    waiting = full.outbox.due_calls(clock())
    for queued in waiting:
        full.outbox.mark_sent(queued.id, None)
    full.erasure.purge_expired(clock() - 500)

    assert {type(queued.call) for queued in waiting} == {EraseThread, RequestMailDeletion}
    remaining = {name for name, rows in tables(full).items() if rows}
    assert remaining == {"moved", "text_blocks", "greeted"}


def test_untaken_request_has_no_adviser(full: Store) -> None:
    """The terminal's user, whose id is 0, does not count as the adviser of requests that nobody took."""
    assert "advised" not in full.erasure.load_personal_data(0)
