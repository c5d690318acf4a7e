"""Unreadable rows, as another version or a damaged disk may leave them: each is skipped on its own, and kept."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.consultation import RequestStatus
from bot.domain.effects import CreateRequest, ErasePerson, SaveSelfCheck, UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.turn import State
from bot.pipeline.inbox import Inbox
from bot.store import Store
from bot.store.sqlite.database import SqliteDatabase
from tests.bot.store.test_personal_data import BEA, apply_update
from tests.conftest import Clock
from tests.support.command_line import gwbot
from tests.support.queues import key, noting
from tests.support.relay import ADA, OPEN
from tests.support.tables import tables

pytestmark = pytest.mark.durability

OTHER = replace(OPEN, reference="BEAB-2345", user_id=BEA, chat_id=BEA)
BROKEN = ("{", "", "[]", '{"reference": 5}')


def damage(store: Store, table: str, column: str, value: str, where: str) -> None:
    with store.database.transaction() as db:
        db.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value,))  # noqa: S608 - our own names


@pytest.mark.parametrize("body", BROKEN)
def test_unreadable_request(store: Store, body: str, caplog: pytest.LogCaptureFixture) -> None:
    """An unreadable request is omitted from every list and named in the log, and others are unaffected."""
    store.apply((), [CreateRequest(OPEN), CreateRequest(OTHER)])
    damage(store, "requests", "body", body, f"reference = '{OPEN.reference}'")

    assert store.requests.all_requests() == store.requests.active_requests() == [OTHER]
    assert store.requests.requests_by_user(ADA) == []
    assert store.requests.find_request(OPEN.reference) is None
    store.apply((), [UpdateRequest(replace(OTHER, taken_by=5))])
    assert [request.taken_by for request in store.requests.active_requests()] == [5]
    assert [row["body"] for row in tables(store)["requests"] if row["reference"] == OPEN.reference] == [body]
    assert set(caplog.messages) == {f"request {OPEN.reference} cannot be read and is left out"}


def test_unreadable_old_request(store: Store) -> None:
    """An unreadable request does not keep others from being purged, and is deleted with its requester's data."""
    closed = [replace(each, status=RequestStatus.CLOSED, created=1.0, closed=2.0) for each in (OPEN, OTHER)]
    store.apply((), [CreateRequest(each) for each in closed])
    damage(store, "requests", "body", "{", f"reference = '{OPEN.reference}'")
    store.erasure.purge_expired(100.0)
    remaining = [row["reference"] for row in tables(store)["requests"]]
    apply_update(store, Event(1, EventKind.TEXT, ADA, ADA, 5), ErasePerson())

    assert remaining == [OPEN.reference]
    assert tables(store)["requests"] == []


@pytest.mark.parametrize("body", ["{", "", "[]", '{"read": 5}'])
def test_unreadable_state(store: Store, body: str, caplog: pytest.LogCaptureFixture) -> None:
    """A user whose state is unreadable starts afresh with a new state, and the log names nobody."""
    event = Event(1, EventKind.TEXT, ADA, ADA, 5)
    apply_update(store, event, state=State(lang="en"))
    damage(store, "states", "body", body, "1 = 1")

    loaded = store.users.load_state(event.state_key)
    apply_update(store, replace(event, update_id=2), state=replace(loaded, lang="de"))

    assert loaded == State()
    assert store.users.load_state(event.state_key).lang == "de"
    assert caplog.messages == ["a chat's state cannot be read and is left out"]


def test_unreadable_self_check(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """An unreadable self-check is omitted, but not the person's other ones and those of others."""
    for number, user in enumerate((ADA, ADA, BEA), start=1):
        apply_update(store, Event(number, EventKind.TEXT, user, user, 5), SaveSelfCheck({"vision": number}, "ABCDEF"))
    damage(store, "checks", "answers", "{", "id = (SELECT max(id) FROM checks WHERE user_id <> 7200456)")
    damage(store, "shares", "answers", '{"vision": "evil"}', f"user_id = {ADA}")

    assert [result.answers for result in store.selfchecks.recent_selfchecks(ADA)] == [{"vision": 1}]
    for number, user in enumerate((70, 71, 72), start=10):
        apply_update(store, Event(number, EventKind.TEXT, user, user, 5), SaveSelfCheck({"vision": 3}, "ABCDEF"))
    team = store.selfchecks.find_team("ABCDEF")
    assert team is not None
    assert team.result is not None
    assert set(caplog.messages) == {"a self-check cannot be read and is left out"}


@pytest.mark.parametrize("body", ["{", "", "[]", "[" * 100_000, '{"message": {"from": []}}'])
async def test_unreadable_update(store: Store, body: str) -> None:
    """An unreadable update stays pending, and neither blocks its chat nor the export and deletion of data."""
    store.inbox.add_updates(
        [(1, "10", body), (2, "10", json.dumps({"update_id": 2, "message": {"from": {"id": ADA}}}))]
    )
    exported = store.erasure.load_personal_data(ADA)
    apply_update(store, Event(3, EventKind.TEXT, BEA, BEA, 5), ErasePerson())
    handled: list[int] = []

    def handle(number: int, raw: dict[str, object]) -> None:
        noting(store, handled)(raw["update_id"], raw)  # type: ignore[arg-type]  # an unreadable update has no id

    inbox = Inbox(store, handle, key)
    await inbox.resume_pending()
    await inbox.wait_until_idle()

    assert [row["update_id"] for row in exported["inbox"]] == [2]
    assert handled == [2]
    assert [number for number, _ in store.inbox.pending_updates()] == [1]


def test_unreadable_rows_are_counted(store: Store) -> None:
    """Unreadable requests are listed for the operator, other rows only counted, and nobody is named."""
    store.apply((), [CreateRequest(OPEN), CreateRequest(OTHER)])
    apply_update(
        store, Event(1, EventKind.TEXT, ADA, ADA, 5), SaveSelfCheck({"vision": 1}, "ABCDEF"), state=State(lang="en")
    )
    store.inbox.add_updates([(2, "10", "{"), (3, "10", "{}")])
    assert store.find_unreadable_rows() == ["1 row of inbox"]

    damage(store, "requests", "body", "{", f"reference = '{OPEN.reference}'")
    for table, column in (("states", "body"), ("checks", "answers"), ("shares", "answers")):
        damage(store, table, column, "{", "1 = 1")
    store.inbox.add_updates([(4, "10", "[]")])

    assert store.find_unreadable_rows() == [
        f"request {OPEN.reference}", "1 row of states", "1 row of checks", "1 row of shares", "2 rows of inbox",
    ]  # fmt: skip


def test_doctor_names_unreadable_rows(tmp_path: Path, clock: Clock) -> None:
    """`gwbot doctor` reports a store with unreadable rows as faulty, and names them."""
    store = Store(SqliteDatabase(tmp_path / "bot.db", clock))
    store.apply((), [CreateRequest(OPEN)])
    damage(store, "requests", "body", "{", "1 = 1")
    store.close()

    result = gwbot("doctor", folder=tmp_path)

    (line,) = [line for line in result.stdout.splitlines() if " store: " in line]
    assert line.startswith(f"wrong store: in {tmp_path}/bot.db request {OPEN.reference} cannot be read")
