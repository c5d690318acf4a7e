"""Copying a store to another, from SQLite to PostgreSQL and back, all or nothing."""

import secrets
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from bot.domain.absence import Absence
from bot.domain.effects import SaveAbsence, SaveMailbox, ShareSelfCheck
from bot.domain.event import Event, EventKind
from bot.domain.mail_answer import Mailbox
from bot.errors import StoreError
from bot.store import Store
from bot.store.postgres.database import PostgresDatabase
from bot.store.sqlite.database import SqliteDatabase
from tests.bot.conftest import OpenStore
from tests.bot.store.test_personal_data import ADA, BEA, DESK, apply_update, full
from tests.bot.store.test_store import EVENT, finish, say
from tests.conftest import Clock
from tests.support.command_line import fails, gwbot
from tests.support.queues import texts
from tests.support.tables import tables

pytestmark = pytest.mark.durability

__all__ = ["full"]  # a fixture
MakeStore = Callable[[str], Store]


@pytest.fixture
def make_store(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[MakeStore]:
    """Returns an empty store of a kind, "sqlite" or "postgres"."""
    opened: list[Store] = []

    def make(kind: str) -> Store:
        name = secrets.token_hex(4)
        opened.append(
            Store(SqliteDatabase(tmp_path / name, clock))
            if kind == "sqlite"
            else Store(PostgresDatabase(database_url, clock, name))
        )
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_everything_is_copied(full: Store, make_store: MakeStore, kind: str, clock: Clock) -> None:
    """Every row of every table arrives unchanged, and new rows get higher ids."""
    full.outbox.record_group_call(-5, clock())
    full.outbox.migrate_chat(7, 8)
    full.apply((), [SaveMailbox(Mailbox("a", 1, 2)), SaveAbsence(Absence(date(2030, 8, 3), date(2030, 8, 17)))])
    for user in (BEA, BEA + 1):
        apply_update(full, Event(user, EventKind.BUTTON, user, user, 1), ShareSelfCheck({"vision": 3}, "ABCDEF"))
    full.inbox.add_updates([(95, "10", '{"text": "Grün \\u0000 €"}')])
    target = make_store(kind)

    counts = full.copy_to(target)
    same = tables(target) == tables(full)
    newest = max(row["id"] for row in tables(target)["outbox"])
    finish(target, say(10, "neu"), update=1000)

    assert same
    assert counts == {name: len(rows) for name, rows in tables(full).items()}
    assert min(counts[name] for name in counts) == 1  # no table is empty
    assert [row["id"] > newest for row in tables(target)["outbox"]].count(True) == 1
    assert target.erasure.load_personal_data(ADA).keys() == full.erasure.load_personal_data(ADA).keys()
    assert target.requests.find_thread("ADAA-2345") == full.requests.find_thread("ADAA-2345")
    assert DESK in {queued.chat_id for queued in target.outbox.due_calls(clock())}


def test_ids_continue_in_a_new_database(make_store: MakeStore, fresh_url: str, clock: Clock) -> None:
    """After a copy into a new database, whose sequences were never used, new rows get unused ids."""
    source, target = make_store("sqlite"), Store(PostgresDatabase(fresh_url, clock))
    apply_update(source, EVENT, out=[say(10, "a"), say(11, "b"), say(12, "c")])

    source.copy_to(target)
    finish(target, say(13, "d"), update=1000)

    assert texts(target.outbox.due_calls(clock())) == ["a", "b", "c", "d"]
    target.close()


def test_nul_is_the_only_difference(make_store: MakeStore) -> None:
    """A NUL, which only SQLite can store, does not prevent copying and is replaced."""
    source, target = make_store("sqlite"), make_store("postgres")
    source.inbox.add_updates([(1, "10\0", "{}")])

    source.copy_to(target)

    assert target.inbox.pending_updates() == [(1, "10\ufffd")]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_target_must_be_empty(store: Store, make_store: MakeStore, kind: str) -> None:
    """A target that is not empty is left untouched."""
    finish(store, say(10, "a"))
    target = make_store(kind)
    target.outbox.save_rate_limits({10: 5.0})
    before = tables(target)

    with pytest.raises(StoreError, match=r"is not empty \(holds\); nothing was changed"):
        store.copy_to(target)

    assert tables(target) == before


def test_store_is_not_copied_to_itself(store: Store, open_store: OpenStore) -> None:
    """A store is not copied to itself."""
    with pytest.raises(StoreError, match="to itself"):
        store.copy_to(open_store())


def test_store_in_use_is_not_copied(make_store: MakeStore, fresh_url: str, clock: Clock) -> None:
    """Nothing is copied if a bot is using either of the two stores."""
    running, server, file = (
        Store(PostgresDatabase(fresh_url, clock)),
        Store(PostgresDatabase(fresh_url, clock)),
        make_store("sqlite"),
    )
    finish(running, say(10, "a"))
    running.database.try_acquire_leadership()

    for source, target in ((server, file), (file, server)):
        with pytest.raises(StoreError, match="A bot is using postgresql://"):
            source.copy_to(target)

    assert file.inbox.count_pending_updates() == 0
    running.close()
    assert server.copy_to(file)["outbox"] == 1
    server.close()


def test_altered_copy_is_rolled_back(make_store: MakeStore, fresh_url: str, clock: Clock) -> None:
    """If the target alters the rows, as a trigger may, the copy is rolled back."""
    source, target = make_store("sqlite"), Store(PostgresDatabase(fresh_url, clock))
    apply_update(source, EVENT, out=[say(10, "a"), say(11, "b")])
    with psycopg.connect(fresh_url, user="postgres", autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN NEW.params = upper(NEW.params); RETURN NEW; END'"
        )
        connection.execute("CREATE TRIGGER other BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION other()")

    with pytest.raises(StoreError, match="outbox differs after being copied to postgresql://"):
        source.copy_to(target)

    assert {name for name, rows in tables(target).items() if rows} == set()
    target.close()


def test_command_copies_both_ways(tmp_path: Path, fresh_url: str, clock: Clock) -> None:
    """The command copies to PostgreSQL and back, where other commands work too, and shows no password."""
    source = Store(SqliteDatabase(tmp_path / "old.db", clock))
    finish(source, say(10, "a"))
    source.close()
    url = fresh_url.replace("gwbot@", "gwbot:Geheim@")

    copied = gwbot("store", "copy", f"sqlite:///{tmp_path}/old.db", url, folder=tmp_path)
    copied_again = gwbot("store", "copy", f"sqlite:///{tmp_path}/old.db", url, folder=tmp_path)
    copied_back = gwbot("store", "copy", url, f"sqlite:///{tmp_path}/new.db", folder=tmp_path)
    commands = [
        gwbot(*words, folder=tmp_path, GW_DATABASE_URL=url)
        for words in (("migrate",), ("requests", "list"), ("purge", "--force"), ("doctor",))
    ]
    rejected = [gwbot(word, "x.db", folder=tmp_path, GW_DATABASE_URL=url) for word in ("backup", "restore")]

    fails(copied_again, "is not empty")
    assert "1  outbox" in copied.stdout
    new = Store(SqliteDatabase(tmp_path / "new.db", clock))
    assert texts(new.outbox.due_calls(clock())) == ["a"]
    new.close()
    assert [result.returncode for result in (copied, copied_back, *commands)] == [0] * 6, copied_back.stderr
    assert "is up to date." in commands[0].stdout
    assert "rows older than" in commands[2].stdout
    assert "1 message waiting, 0 open requests" in commands[3].stdout
    for result in rejected:
        fails(result, "pg_dump", "gwbot store copy")
    outputs = [copied, copied_again, copied_back, *commands, *rejected]
    assert "Geheim" not in "".join(result.stdout + result.stderr for result in outputs)


def test_command_without_a_source(tmp_path: Path) -> None:
    """A missing file is an error, and no store is created."""
    fails(
        gwbot("store", "copy", f"sqlite:///{tmp_path}/no.db", f"sqlite:///{tmp_path}/b.db", folder=tmp_path),
        "There is no store",
    )

    assert list(tmp_path.iterdir()) == []


def test_command_while_the_bot_runs(tmp_path: Path, embedded: Store) -> None:
    """A SQLite file that a program has open is not copied."""
    finish(embedded, say(10, "a"))

    fails(
        gwbot("store", "copy", f"sqlite:///{tmp_path}/bot.db", f"sqlite:///{tmp_path}/b.db", folder=tmp_path),
        "is in use. Stop the bot first",
    )


def test_worker_needs_postgres(tmp_path: Path) -> None:
    """`gwbot worker` is rejected with SQLite, where it would send everything twice, and without a token."""
    fails(gwbot("worker", folder=tmp_path, GW_TELEGRAM_TOKEN="1:x"), "several processes need PostgreSQL")
    fails(gwbot("worker", folder=tmp_path), "GW_TELEGRAM_TOKEN: needed")
