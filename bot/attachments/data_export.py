"""A person's data export for programs: JSON with everything, and a description and a name for each field."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.attachments import AttachmentValues, RenderedFile
from bot.store.personal_data import FIELD_DESCRIPTIONS
from prompts.dates import to_local_time
from prompts.render import load_labels

EXPORT_FORMAT = "gemeinsam-wirken-bot/my-data"
EXPORT_VERSION = 1
ADVISED_DESCRIPTION = {
    "holds": "Requests of others that you took as an adviser",
    "columns": {"reference": "its number", "status": "open, taken or closed"},
}
JSON_COLUMNS = ("body", "params", "answers")  # columns that hold JSON
TABLE_ORDER = (
    "states", "requests", "lines", "checks", "shares", "feedback", "questions", "threads", "outbox", "inbox", "holds",
    "blocked", "colleagues", "advised",
)  # fmt: skip


def render_data_json(values: AttachmentValues) -> RenderedFile:
    """Render the export as JSON, with a description of each field.

    Args:
        values: ``held`` (rows by table, see `Store.erasure.load_personal_data`), ``lang``, and ``now`` in Unix time.
    """
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = values["held"]
    document = {
        "format": EXPORT_FORMAT,
        "version": EXPORT_VERSION,
        "created": to_local_time(values["now"]).isoformat(timespec="seconds"),
        "fields": {**FIELD_DESCRIPTIONS, "advised": ADVISED_DESCRIPTION},
        "names": _field_names(values["lang"]),
        "data": {table: [parse_json_columns(row) for row in tables.get(table, ())] for table in TABLE_ORDER},
    }
    return RenderedFile("meine-daten.json", json.dumps(document, ensure_ascii=False, indent=1).encode())


def parse_json_columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with its JSON columns as values."""
    return {key: json.loads(value) if key in JSON_COLUMNS and value else value for key, value in row.items()}


def _field_names(lang: str) -> dict[str, str]:
    prefix = "field_"
    return {key.removeprefix(prefix): name for key, name in load_labels(lang).items() if key.startswith(prefix)}
