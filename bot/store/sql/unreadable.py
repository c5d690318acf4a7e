"""The rows that are left out since their JSON cannot be read: another version or a damaged disk wrote them."""

from typing import Any

from pydantic import TypeAdapter

from bot.store.sql.store import SqlStore
from bot.store.sql.values import ANSWERS, REQUEST, STATE

_UPDATE = TypeAdapter(dict[str, Any])
_COLUMNS: tuple[tuple[str, str, TypeAdapter[Any]], ...] = (
    ("states", "body", STATE),
    ("checks", "answers", ANSWERS),
    ("shares", "answers", ANSWERS),
    ("inbox WHERE done = 0", "body", _UPDATE),
)


def unreadable(store: SqlStore) -> list[str]:
    """What cannot be read, in words: requests by their references, the other rows by their number."""
    requests = store._rows("SELECT reference, body FROM requests ORDER BY reference")
    found = [f"request {row['reference']}" for row in requests if not _fits(REQUEST, row["body"])]
    for rows, column, kind in _COLUMNS:
        values = store._rows(f"SELECT {column} AS value FROM {rows}")  # noqa: S608 - our own names
        if broken := sum(not _fits(kind, row["value"]) for row in values):
            found.append(f"{broken} row{'s' * (broken > 1)} of {rows.partition(' ')[0]}")
    return found


def _fits(kind: TypeAdapter[Any], body: str) -> bool:
    try:
        kind.validate_json(body)
    except ValueError:
        return False
    return True
