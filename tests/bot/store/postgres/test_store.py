"""The store in PostgreSQL: tenants, roles, schema, and errors when the server fails."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from bot.domain.effects import CreateRequest
from bot.domain.selfcheck import Team, TeamRating, TeamResult
from bot.errors import StoreError, StoreUnavailable
from bot.store import Store, open_store_at
from bot.store.personal_data import DATA_CATALOGUE
from bot.store.postgres.database import PostgresDatabase
from bot.store.postgres.schema import MIGRATIONS
from tests.bot.store.test_store import finish, request, say
from tests.conftest import Clock
from tests.support.postgres import BINARIES, database, server, start, stop
from tests.support.queues import texts
from tests.support.tables import tables

pytestmark = pytest.mark.durability


def connect_as_superuser(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """Connect as a superuser."""
    return psycopg.connect(url, user="postgres", autocommit=True)


def test_both_databases_have_the_same_schema(embedded: Store, pg_store: Store, fresh_url: str) -> None:
    """Both databases have the same tables with the same columns, except the tenant."""
    of_file = {
        name: {row["name"] for row in embedded.database.fetch_rows("SELECT name FROM pragma_table_info(?)", name)}
        for name in DATA_CATALOGUE
    }
    with connect_as_superuser(fresh_url) as connection:
        rows = connection.execute(
            "SELECT table_name, array_agg(column_name::text) FROM information_schema.columns "
            "WHERE table_schema = 'public' GROUP BY table_name"
        ).fetchall()
    of_server = {str(name): set(columns) for name, columns in rows}  # type: ignore[call-overload]  # a list of texts

    assert of_server.pop("schema_version") == {"name", "applied"}
    assert all("tenant" in columns for columns in of_server.values())
    del of_file["_sqlite_migrations"]
    assert {name: columns - {"tenant"} for name, columns in of_server.items()} == of_file


def test_tenants_are_isolated(pg_store: Store, fresh_url: str, clock: Clock) -> None:
    """A tenant cannot see, count, change or delete another's rows by any statement, nor write in its name."""
    finish(pg_store, say(10, "a"))
    before = tables(pg_store)
    other = Store(PostgresDatabase(fresh_url, clock, "other"))

    assert [
        other.outbox.count_queued_calls(),
        other.inbox.count_pending_updates(),
        other.erasure.purge_expired(clock() + 1),
        other.erasure.load_personal_data(20),
    ] == [0, 0, 0, {}]
    assert other.database.fetch_rows("SELECT * FROM outbox WHERE tenant = 'main'") == []
    with other.database.transaction() as db:
        assert db.execute("UPDATE outbox SET chat_id = 1").rowcount == 0
        assert db.execute("DELETE FROM states WHERE tenant = 'main'").rowcount == 0
    for table in ("inbox (update_id, chat, body, received, tenant) VALUES (7, '', '', 0, ?)",
                  "outbox (tenant) VALUES (?)", "codes (code, tenant) VALUES ('A', ?)"):  # fmt: skip
        with pytest.raises(StoreError, match="row-level security"), other.database.transaction() as db:
            db.execute(f"INSERT INTO {table}", ("main",))
    finish(other, say(10, "b"))
    with pytest.raises(StoreError, match="row-level security"), other.database.transaction() as db:
        db.execute("UPDATE outbox SET tenant = 'main'")
    assert tables(pg_store) == before
    assert (pg_store.outbox.count_queued_calls(), other.outbox.count_queued_calls()) == (1, 1)
    other.close()
    pg_store.close()


def test_every_table_forces_row_level_security(pg_store: Store, fresh_url: str) -> None:
    """Each table forces row level security, even on its owner, and is inaccessible without a tenant."""
    with connect_as_superuser(fresh_url) as connection:
        forced = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
            "AND relrowsecurity AND relforcerowsecurity"
        ).fetchall()

    assert {name for (name,) in forced} == set(DATA_CATALOGUE) - {"_sqlite_migrations"}
    with psycopg.connect(fresh_url) as connection, pytest.raises(psycopg.Error, match=r"gw\.tenant"):
        connection.execute("SELECT * FROM requests")
    pg_store.close()


def test_waits_of_an_older_schema_are_dropped(fresh_url: str, clock: Clock) -> None:
    """Waits from a schema without their start are dropped for all tenants, so their calls are retried at once."""
    first = MIGRATIONS["0001_first"].read_bytes()
    with psycopg.connect(fresh_url) as old:
        old.execute("CREATE TABLE schema_version (name text PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())")
        old.execute(first)
        old.execute("INSERT INTO schema_version (name) VALUES ('0001_first')")
        for tenant in ("main", "other"):
            old.execute("SELECT set_config('gw.tenant', %s, false)", (tenant,))
            old.execute("INSERT INTO holds (chat_id, until) VALUES (0, 1e12)")
            old.execute(
                "INSERT INTO outbox (chat_id, method, params, place, not_before, created) "
                "VALUES (10, 'sendMessage', '{}', '', 1e12, 1)"
            )

    stores = [Store(PostgresDatabase(fresh_url, clock, tenant)) for tenant in ("main", "other")]

    assert [store.outbox.rate_limits() for store in stores] == [{}, {}]
    assert [len(store.outbox.due_calls(clock())) for store in stores] == [1, 1]
    for store in stores:
        store.close()


def test_superuser_is_rejected(fresh_url: str, clock: Clock) -> None:
    """A role that bypasses row level security is refused, with instructions for another; nothing is created."""
    with pytest.raises(StoreError, match="CREATE ROLE gwbot LOGIN"):
        Store(PostgresDatabase(fresh_url.replace("gwbot@", "postgres@"), clock))

    with connect_as_superuser(fresh_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_many_processes_start_at_once(fresh_url: str, clock: Clock) -> None:
    """Of several processes that start on an empty database one creates the tables, and all can work."""
    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(lambda _: Store(PostgresDatabase(fresh_url, clock)), range(6)))

    assert [store.inbox.add_updates([(number, "10", "{}")]) for number, store in enumerate(stores)] == [
        [number] for number in range(6)
    ]
    for store in stores:
        store.close()


def test_newer_version_is_rejected(pg_store: Store, fresh_url: str, clock: Clock) -> None:
    """Tables of a newer version are left untouched, and the error says what to do."""
    pg_store.close()
    with psycopg.connect(fresh_url, autocommit=True) as connection:
        connection.execute("INSERT INTO schema_version (name) VALUES ('9999_new'), ('9998_new')")

    with pytest.raises(StoreError) as refused:
        Store(PostgresDatabase(fresh_url, clock))

    assert str(refused.value) == (
        f"{pg_store.address} was written by a newer version of this program (it has the steps 9998_new, 9999_new). "
        "Install that version again, or restore a dump from before."
    )


def test_nul_is_replaced(pg_store: Store) -> None:
    """A NUL, which PostgreSQL cannot store in text, becomes the replacement character."""
    pg_store.inbox.add_updates([(1, "10\0", "{}")])

    assert pg_store.inbox.pending_updates() == [(1, "10\ufffd")]
    pg_store.close()


def test_closed_store_stays_closed(pg_store: Store) -> None:
    """A closed store opens no new connection."""
    pg_store.close()

    for call in (
        pg_store.database.check_writable,
        pg_store.inbox.count_pending_updates,
        pg_store.database.try_acquire_leadership,
        lambda: pg_store.inbox.claim_update("10", ()),
    ):
        with pytest.raises(StoreError, match="is closed") as caught:
            call()
        assert not isinstance(caught.value, StoreUnavailable)


def test_lock_of_another_process_times_out(fresh_url: str, clock: Clock) -> None:
    """While another process's transaction is open, a call raises a transient error, and afterwards it works."""
    pg_store, other = (
        Store(PostgresDatabase(fresh_url, clock, wait_timeout=0.2)),
        Store(PostgresDatabase(fresh_url, clock)),
    )

    with other.database.transaction(), pytest.raises(StoreUnavailable, match="lock timeout"):
        pg_store.inbox.add_updates([(1, "10", "{}")])

    assert pg_store.inbox.add_updates([(1, "10", "{}")]) == [1]
    pg_store.close()
    other.close()


def test_read_only_server_is_reported(pg_store: Store, fresh_url: str, clock: Clock) -> None:
    """A read-only server, such as a standby, is reported as a transient error by the check."""
    pg_store.close()
    with connect_as_superuser(fresh_url) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET default_transaction_read_only = on".encode())
    read_only = Store(PostgresDatabase(fresh_url, clock))

    with pytest.raises(StoreUnavailable, match="read-only"):
        read_only.database.check_writable()
    read_only.close()


def test_connections_of_a_process(fresh_url: str, clock: Clock) -> None:
    """A process that leads has two idle connections without prepared statements, so that the server may end them, or
    a pooler switch them, at any time."""
    database = PostgresDatabase(fresh_url, clock, wait_timeout=0.5)
    database._pool.wait(10)
    store = Store(database)
    store.database.try_acquire_leadership()
    for _ in range(9):
        store.inbox.count_pending_updates()
    waits = store.database.fetch_rows("SELECT current_setting('lock_timeout') AS it")
    prepared = store.database.fetch_rows("SELECT count(*) AS n FROM pg_prepared_statements")

    with connect_as_superuser(fresh_url) as connection:
        states = connection.execute(
            "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gwbot'"
        ).fetchall()
    store.close()

    assert waits == [{"it": "500ms"}]
    assert prepared == [{"n": 0}]
    assert states == [("idle",), ("idle",)]


def test_check_changes_nothing(pg_store: Store) -> None:
    """Checking that the store is writable changes nothing."""
    finish(pg_store, say(10, "a"))
    before = tables(pg_store)
    pg_store.database.check_writable()

    assert tables(pg_store) == before
    pg_store.close()


def test_dump_can_be_restored(pg_store: Store, fresh_url: str, postgres_server: str, clock: Clock) -> None:
    """A dump made as in docs/betrieb.md, by the bot's own role, restores everything."""
    finish(pg_store, say(10, "a"))
    before = tables(pg_store)
    pg_store.close()
    restored_url = database(postgres_server, "gwbot")
    environment = {**os.environ, "PGOPTIONS": "-c gw.tenant=main"}

    dumped = subprocess.run(
        [BINARIES / "pg_dump", "--enable-row-security", "-Fc", fresh_url], env=environment, check=True,
        capture_output=True,
    )  # fmt: skip
    subprocess.run([BINARIES / "pg_restore", "-d", restored_url], input=dumped.stdout, env=environment, check=True)
    store = Store(PostgresDatabase(restored_url, clock))

    assert tables(store) == before
    assert finish(store, say(10, "b"), update=2)
    store.close()


def test_server_outage_is_survived(clock: Clock) -> None:
    """While the server is down, each call raises a transient error; afterwards all works, and nothing is lost."""
    with server() as folder:
        with psycopg.connect(f"host={folder} user=postgres", autocommit=True) as connection:
            connection.execute("CREATE ROLE gwbot LOGIN")
            connection.execute("CREATE DATABASE gwbot OWNER gwbot")
        store = Store(PostgresDatabase(f"postgresql://gwbot@/gwbot?host={folder}", clock, wait_timeout=0.5))
        finish(store, say(10, "a"))
        terms = [store.database.try_acquire_leadership()]
        stop(folder)
        for call in (
            store.database.check_writable,
            store.outbox.count_queued_calls,
            store.database.try_acquire_leadership,
            store.database.try_acquire_leadership,
            lambda: store.inbox.claim_update("10", ()),
        ):
            with pytest.raises(StoreUnavailable, match=r"cannot be (used|read) now"):
                call()
        start(folder)
        wait_until_available(store)
        terms.append(store.database.try_acquire_leadership())

        assert terms == [1, 2]
        assert texts(store.outbox.due_calls(clock())) == ["a"]
        assert finish(store, say(10, "b"), update=2)
        store.close()


def wait_until_available(store: Store) -> None:
    """Retry until the store is available, as inbox and outbox do."""
    for _ in range(30):
        try:
            store.database.check_writable()
        except StoreUnavailable:
            continue
        return
    raise AssertionError("the store did not come back")


def test_requests_of_the_same_time_are_sorted_by_reference(pg_store: Store) -> None:
    """Requests created at the same time are sorted by their reference."""
    pg_store.apply((), [CreateRequest(request("BBBB-BBBB")), CreateRequest(request("AAAA-AAAA"))])

    assert [stored.reference for stored in pg_store.requests.all_requests()] == ["AAAA-AAAA", "BBBB-BBBB"]
    pg_store.close()


def test_team_of_an_older_schema_gets_its_picture(fresh_url: str, clock: Clock) -> None:
    """A schema without team pictures is upgraded, and a team that is large enough gets its picture at once."""
    name, file = next(iter(MIGRATIONS.items()))
    with psycopg.connect(fresh_url) as connection:
        connection.execute("SELECT set_config('gw.tenant', 'main', false)")
        connection.execute(file.read_bytes())
        connection.execute("CREATE TABLE schema_version (name text PRIMARY KEY, applied timestamptz DEFAULT now())")
        connection.execute("INSERT INTO schema_version (name) VALUES (%s)", (name,))
        connection.execute("INSERT INTO codes (code, created) VALUES ('ABCDEF', 0)")
        connection.execute(
            "INSERT INTO shares (code, user_id, answers, created) "
            "SELECT 'ABCDEF', number, '{\"vision\": 2}', 0 FROM generate_series(1, 3) AS number"
        )
    with closing(open_store_at(fresh_url, clock)) as store:
        assert store.selfchecks.find_team("ABCDEF") == Team(
            3, 0, TeamResult({"vision": TeamRating.STRONG}, 3, clock())
        )
