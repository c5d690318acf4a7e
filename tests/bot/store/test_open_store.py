"""Which store a URL names, and the errors if it cannot be opened."""

import re
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from bot.errors import StoreError
from bot.store import Store, open_store_at
from bot.store.postgres.database import PostgresDatabase
from tests.bot.store.test_store import finish, say
from tests.conftest import Clock

pytestmark = pytest.mark.durability

SECRET = "Geh%eim"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://gwbot:{SECRET}@nowhere.invalid/gwbot", "postgresql://gwbot:Geheim@/gwbot?host=/nowhere",
        "postgresql://gwbot:Geheim@/gwbot?unknown=Geheim", "postgresql://gwbot:Geheim@127.0.0.1:1/gwbot",
    ],
)  # fmt: skip
def test_password_is_not_shown(url: str, clock: Clock) -> None:
    """The error about an invalid or unreachable URL is clear and does not contain the password."""
    with pytest.raises(StoreError) as caught:
        open_store_at(url, clock)

    assert "eim" not in str(caught.value)
    assert "GW_DATABASE_URL" in str(caught.value) or "cannot be opened: " in str(caught.value)


def test_url_is_shown_without_password(pg_store: Store, fresh_url: str) -> None:
    """Only the server and the database of a URL are shown."""
    host = conninfo_to_dict(fresh_url)["host"]
    pg_store.close()

    assert pg_store.address == f"postgresql://{host}/{conninfo_to_dict(fresh_url)['dbname']}"


def test_unknown_scheme_is_rejected(clock: Clock) -> None:
    """A URL with another scheme is refused."""
    with pytest.raises(StoreError, match="begins with sqlite:/// or postgresql://"):
        open_store_at("mysql://x", clock)


def test_missing_driver(fresh_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the PostgreSQL driver is not installed, the error says what to install."""
    monkeypatch.setitem(sys.modules, "bot.store.postgres.database", None)

    with pytest.raises(StoreError, match=r"pip install .*\[postgres\]"):
        open_store_at(fresh_url, clock)


def test_url_of_a_file(tmp_path: Path, clock: Clock) -> None:
    """A URL of a file opens a SQLite store with the given clock."""
    store = open_store_at(f"sqlite:///{tmp_path}/a.db", clock)
    finish(store, say(10, "a"))
    newest = store.last_activity()
    store.close()

    assert (tmp_path / "a.db").exists()
    assert store.address == f"{tmp_path}/a.db"
    assert newest == clock()


def test_url_of_a_database(fresh_url: str, clock: Clock) -> None:
    """A URL of a database opens the store of the given tenant, by default the main one."""
    main, other, same = (
        open_store_at(fresh_url, clock),
        open_store_at(fresh_url, clock, "kiel"),
        Store(PostgresDatabase(fresh_url, clock)),
    )
    finish(main, say(10, "a"))
    activities = [store.last_activity() for store in (main, other, same)]
    for store in (main, other, same):
        store.close()

    assert activities == [clock(), None, clock()]


@pytest.mark.parametrize(
    ("url", "shown"),
    [("postgresql://gwbot@[::1]:1/gw", "postgresql://::1/gw"), ("postgresql:///gw?port=1", "postgresql:///gw")],
)
def test_url_is_shown_as_it_is_written(clock: Clock, url: str, shown: str) -> None:
    """A numeric host is shown as people write it, and a URL without a host is shown without one."""
    with pytest.raises(StoreError, match=re.escape(f"The store {shown} cannot be opened: ")):
        Store(PostgresDatabase(url, clock))


def test_no_server_at_the_url(tmp_path: Path, clock: Clock) -> None:
    """If no server is at the address, the error names it with the driver's message, on one line."""
    with pytest.raises(StoreError) as refused:
        Store(PostgresDatabase(f"postgresql://gwbot@/gwbot?host={tmp_path}", clock))

    assert str(refused.value).startswith(f"The store postgresql://{tmp_path}/gwbot cannot be opened: connection")
    assert str(refused.value).count("\n") == 0
