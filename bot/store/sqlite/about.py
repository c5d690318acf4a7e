"""What a backup says of itself: which data of people are in it, from when, and until when it may be kept."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.errors import StoreError
from bot.store.personal_data import DATA_CATALOGUE

SUMMARY_TABLE = "about_backup"  # in backups only; restoring leaves it out
DAY_SECONDS = 86_400.0  # seconds
PRIVACY_WARNING = (
    "Holds personal data. Who asks for deletion after it was made is still in it: delete it by keep_until."
)


@dataclass(frozen=True, slots=True)
class TableSummary:
    """One kind of data: how many rows, and the Unix times of the oldest and the newest."""

    table: str
    description: str
    row_count: int
    oldest: float | None
    newest: float | None


def describe_backup(file: Path, now: float, retention_days: int) -> list[TableSummary]:
    """Write into a backup what it holds, and return it; raises StoreError where the file cannot be written."""
    try:
        with closing(sqlite3.connect(file)) as connection, connection:
            summaries = [
                _summarise_table(connection, table) for table, info in DATA_CATALOGUE.items() if info.owner_condition
            ]
            connection.execute(f"CREATE TABLE {SUMMARY_TABLE} (kind, holds, rows, oldest, newest)")
            rows = [
                (
                    summary.table,
                    summary.description,
                    summary.row_count,
                    _format_day(summary.oldest),
                    _format_day(summary.newest),
                )
                for summary in summaries
            ]
            rows += [
                ("made", PRIVACY_WARNING, 0, _format_day(now), _format_day(now)),
                ("keep_until", "", 0, "", _format_day(now + retention_days * DAY_SECONDS)),
            ]
            connection.executemany(f"INSERT INTO {SUMMARY_TABLE} VALUES (?, ?, ?, ?, ?)", rows)  # noqa: S608 - our own name
    except sqlite3.Error as error:
        raise StoreError(f"{file} could not be described: {error}") from None
    return summaries


def summary_text(summaries: list[TableSummary], now: float, retention_days: int) -> str:
    """The same in words, for the operator."""
    lines = [
        f"  {summary.row_count:7}  {summary.table:10}{_format_period(summary)}"
        for summary in summaries
        if summary.row_count
    ]
    return "\n".join(
        (
            "It holds personal data: keep it as safe as the store.",
            *(lines or ["  nothing about anybody yet"]),
            "Who has their data deleted from now on is still in it. "
            f"Delete it by {_format_day(now + retention_days * DAY_SECONDS)} at the latest.",
        )
    )


def _summarise_table(connection: sqlite3.Connection, table: str) -> TableSummary:
    time_columns = [
        column for column, _ in DATA_CATALOGUE[table].columns if column in ("created", "updated", "received")
    ]
    period = f"min({time_columns[0]}), max({time_columns[0]})" if time_columns else "NULL, NULL"
    condition = "WHERE done = 0" if table == "inbox" else ""
    query = f"SELECT count(*), {period} FROM {table} {condition}"  # noqa: S608 - our own names
    return TableSummary(table, DATA_CATALOGUE[table].description, *connection.execute(query).fetchone())


def _format_period(summary: TableSummary) -> str:
    return "" if summary.oldest is None else f"  {_format_day(summary.oldest)} to {_format_day(summary.newest)}"


def _format_day(timestamp: float | None) -> str:
    return "" if timestamp is None else datetime.fromtimestamp(timestamp, UTC).date().isoformat()
