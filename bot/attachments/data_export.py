"""A person's data export, as two files: a page to read and JSON for programs.

The page is HTML, not PDF: it adapts to the screen and font size of a phone, shows every script with the phone's own
fonts, and works with screen readers. It loads no resources and runs no scripts.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.attachments import AttachmentValues, RenderedFile
from bot.store.personal_data import FIELD_DESCRIPTIONS
from prompts.dates import format_date, to_local_time
from prompts.render import format_label, render_template

EXPORT_FORMAT = "gemeinsam-wirken-bot/my-data"
EXPORT_VERSION = 1
ADVISED_DESCRIPTION = {
    "holds": "Requests of others that you took as an adviser",
    "columns": {"reference": "its number", "status": "open, taken or closed"},
}
JSON_COLUMNS = ("body", "params", "answers")  # columns that hold JSON
TIME_FIELDS = frozenset((
    "created", "updated", "received", "promised", "since", "told", "reminded", "remind_at", "warned", "closed",
    "reopened", "erased", "not_before", "noted", "until", "taps_since", "guesses", "new_codes",
))  # fmt: skip
TABLE_ORDER = (
    "states", "requests", "lines", "checks", "shares", "feedback", "questions", "threads", "outbox", "inbox", "holds",
    "advised",
)  # fmt: skip
# Fields whose values have labels; of "improve", only the refusal has one.
LABELLED_FIELDS = frozenset(("flaw", "improve", "kind", "reach", "line", "share", "side", "status"))
TOLD_COUNT_KEY = "told_there"  # names "told" of threads, which is a count; in the other tables it is a time


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
        "data": {table: [_parse_json_columns(row) for row in tables.get(table, ())] for table in TABLE_ORDER},
    }
    return RenderedFile("meine-daten.json", json.dumps(document, ensure_ascii=False, indent=1).encode())


def render_data_page(values: AttachmentValues) -> RenderedFile:
    """Render the export as an HTML page, from the values that `render_data_json` takes."""
    lang = values["lang"]
    sections = []
    for table in (table for table in TABLE_ORDER if table in values["held"]):
        rows = [list(_labelled_values(_displayed_row(table, row), lang)) for row in values["held"][table]]
        sections.append((format_label(f"personal_data_{table}", lang), rows))
    now = _format_moment(values["now"], lang)
    html = render_template("data_export", "pages", lang=lang, code=lang[:2], sections=sections, now=now)
    return RenderedFile("meine-daten.html", html.encode())


def _parse_json_columns(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: json.loads(value) if key in JSON_COLUMNS and value else value for key, value in row.items()}


def _displayed_row(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    items = _parse_json_columns(row).items()
    return {TOLD_COUNT_KEY if (table, key) == ("threads", "told") else key: value for key, value in items}


def _labelled_values(value: Any, lang: str, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield label and text of each value in a row; empty values are omitted, except in self-check answers."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if key == "answers":
                yield name, format_label(f"level_{'x' if item is None else item}", lang)
            else:
                yield from _labelled_values(item, lang, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _labelled_values(item, lang, key)
    elif value or (key == "value" and value is not None):
        text = _format_moment(value, lang) if key in TIME_FIELDS else _display_value(key, value, lang)
        yield _label_or_default(f"field_{key}", lang, key), text


def _display_value(key: str, value: Any, lang: str) -> str:
    """Return a value for people to read: its label if it has one."""
    if value is True:
        return "✓"
    name = {"at": "line", "shares": "share", "turn": "side"}.get(key, key)
    return _label_or_default(f"{name}_{value}", lang, str(value)) if name in LABELLED_FIELDS else str(value)


def _label_or_default(name: str, lang: str, default: str) -> str:
    try:
        return format_label(name, lang)
    except KeyError:
        return default


def _format_moment(timestamp: float, lang: str) -> str:
    return format_label("moment", lang, date=format_date(timestamp, lang), time=f"{to_local_time(timestamp):%H:%M}")
