"""The rows that are left out since their JSON cannot be read: another version or a damaged disk wrote them."""

from typing import Any

from pydantic import TypeAdapter

from bot.store.sql.store import SqlStore
from bot.store.sql.values import ANSWERS_ADAPTER, REQUEST_ADAPTER, STATE_ADAPTER

_UPDATE_ADAPTER = TypeAdapter(dict[str, Any])
_JSON_COLUMNS: tuple[tuple[str, str, TypeAdapter[Any]], ...] = (
    ("states", "body", STATE_ADAPTER),
    ("checks", "answers", ANSWERS_ADAPTER),
    ("shares", "answers", ANSWERS_ADAPTER),
    ("inbox WHERE done = 0", "body", _UPDATE_ADAPTER),
)


def find_unreadable_rows(store: SqlStore) -> list[str]:
    """What cannot be read, in words: requests by their references, the other rows by their number."""
    requests = store._fetch_rows("SELECT reference, body FROM requests ORDER BY reference")
    descriptions = [
        f"request {row['reference']}" for row in requests if not _is_readable(REQUEST_ADAPTER, row["body"])
    ]
    for source, column, adapter in _JSON_COLUMNS:
        values = store._fetch_rows(f"SELECT {column} AS value FROM {source}")  # noqa: S608 - our own names
        if broken_count := sum(not _is_readable(adapter, row["value"]) for row in values):
            descriptions.append(f"{broken_count} row{'s' * (broken_count > 1)} of {source.partition(' ')[0]}")
    return descriptions


def _is_readable(adapter: TypeAdapter[Any], body: str) -> bool:
    try:
        adapter.validate_json(body)
    except ValueError:
        return False
    return True
