"""What a backup says of itself: which data of people are in it, from when, and until when it may be kept."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.errors import StoreError
from bot.store.personal_data import HELD

TABLE = "about_backup"  # in backups only; restoring leaves it out
DAY = 86_400.0  # seconds
WARNING = "Holds personal data. Who asks for deletion after it was made is still in it: delete it by keep_until."


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of data: how many rows, and the Unix times of the oldest and the newest."""

    kind: str
    holds: str
    rows: int
    oldest: float | None
    newest: float | None


def describe(file: Path, now: float, days: int) -> list[Part]:
    """Write into a backup what it holds, and return it; raises StoreError where the file cannot be written."""
    try:
        with closing(sqlite3.connect(file)) as connection, connection:
            parts = [_part(connection, kind) for kind, held in HELD.items() if held.mine]
            connection.execute(f"CREATE TABLE {TABLE} (kind, holds, rows, oldest, newest)")
            rows = [(part.kind, part.holds, part.rows, _day(part.oldest), _day(part.newest)) for part in parts]
            rows += [("made", WARNING, 0, _day(now), _day(now)), ("keep_until", "", 0, "", _day(now + days * DAY))]
            connection.executemany(f"INSERT INTO {TABLE} VALUES (?, ?, ?, ?, ?)", rows)  # noqa: S608 - our own name
    except sqlite3.Error as error:
        raise StoreError(f"{file} could not be described: {error}") from None
    return parts


def spoken(parts: list[Part], now: float, days: int) -> str:
    """The same in words, for the operator."""
    lines = [f"  {part.rows:7}  {part.kind:10}{_period(part)}" for part in parts if part.rows]
    return "\n".join(
        (
            "It holds personal data: keep it as safe as the store.",
            *(lines or ["  nothing about anybody yet"]),
            "Who has their data deleted from now on is still in it. "
            f"Delete it by {_day(now + days * DAY)} at the latest.",
        )
    )


def _part(connection: sqlite3.Connection, kind: str) -> Part:
    times = [column for column, _ in HELD[kind].columns if column in ("created", "updated", "received")]
    period = f"min({times[0]}), max({times[0]})" if times else "NULL, NULL"
    there = "WHERE done = 0" if kind == "inbox" else ""
    query = f"SELECT count(*), {period} FROM {kind} {there}"  # noqa: S608 - our own names
    return Part(kind, HELD[kind].what, *connection.execute(query).fetchone())


def _period(part: Part) -> str:
    return "" if part.oldest is None else f"  {_day(part.oldest)} to {_day(part.newest)}"


def _day(moment: float | None) -> str:
    return "" if moment is None else datetime.fromtimestamp(moment, UTC).date().isoformat()
