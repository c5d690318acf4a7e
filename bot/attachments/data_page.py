"""A person's data as a page to read: what is stored, how much, since when and until when; then every entry.

It is HTML, not PDF: it adapts to the screen and font size of a phone, shows every script with the phone's own fonts,
and works with screen readers. It loads no resources and runs no scripts. What only the program needs (numbers of
chats and messages, calls, counters) is counted in one line each; the JSON file has all of it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.attachments import AttachmentValues, RenderedFile
from bot.attachments.data_export import TABLE_ORDER, parse_json_columns
from bot.domain.calendar import DAY
from bot.domain.commands import ENTRY_PREFIX, SELFCHECK_LINK, STEP_PREFIX
from prompts.dates import TIME_ZONE, format_date, to_local_time
from prompts.render import format_label, render_template

Row = Mapping[str, Any]
Names = Mapping[str, Mapping[str, str]]  # by kind (entry, question, contact) and id
LISTED_TABLES = ("lines", "feedback", "questions", "advised")  # one line for each row
COUNTED_TABLES = ("threads", "outbox", "inbox", "holds")  # one line for all rows
TIME_FIELDS = frozenset((
    "created", "updated", "received", "promised", "since", "told", "reminded", "remind_at", "warned", "closed",
    "absence_told", "reopened", "erased", "not_before", "noted", "until", "guesses", "new_codes",
    "seen", "last_reminder", "blocked",
))  # fmt: skip
ENTRY_FIELDS = frozenset((
    "last_entry", "earlier_entry", "last_context", "earlier_context", "entry", "answers_read",
))  # fmt: skip
FLAG_FIELDS = frozenset(("touring", "talking", "withdrawn", "private_notes", "paused", "reviewed", "pictured"))
MEDIA_PATTERN = re.compile(r"^\[(\w+)\]$")  # stands in a transcript for what has no words
DECLINED = "no"  # instead of the date of a wording that the person agreed to
GROUPS = frozenset(("form", "brief", "check", "sent"))
# What a person cannot make sense of; the JSON file has it.
UNSHOWN_FIELDS = frozenset((
    "key", "user_id", "chat_id", "chat", "id", "version", "known", "minute", "asked", "taps", "taps_since", "albums",
    "last_message", "suggestions", "desk", "taken_by", "speaker", "spoken", "message_id",
    "message_ids", "consent_asked", "offered", "offered_at", "typed", "update_id",
))  # fmt: skip
LANGUAGE_LABELS = {"de": "german", "en": "english", "de-leicht": "easy"}
# Fields whose values have labels, with the labels' prefix.
LABELLED_FIELDS = {
    "kind": "kind", "reach": "reach", "shares": "share", "turn": "side", "side": "side", "status": "status",
    "stage": "stage", "audience": "audience", "flaw": "flaw", "at": "line", "improve": "improve",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Overview:
    """One line of the overview."""

    table: str
    heading: str
    count: int
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class _Section:
    """The rows of a table: as boxes of named values, or as lines of a lead, a text and a moment."""

    table: str
    heading: str
    boxes: Sequence[Sequence[tuple[str, str]]] = ()
    lines: Sequence[tuple[str, str, str]] = ()


def render_data_page(values: AttachmentValues) -> RenderedFile:
    """Render the page.

    Args:
        values: ``held`` (rows by table, see `Store.erasure.load_personal_data`), ``lang``, ``now`` in Unix time,
            ``days`` of retention, and ``names`` of what the rows refer to.
    """
    lang, tables = values["lang"], values["held"]
    writer = _PageWriter(lang, values.get("names", {}))
    shown = [table for table in TABLE_ORDER if table in tables]
    html = render_template(
        "data_export",
        "pages",
        lang=lang,
        code=lang[:2],
        now=writer.format_moment(values["now"]),
        overview=[_summarise(writer, table, tables, values.get("days", 0)) for table in shown],
        sections=[writer.build_section(table, tables[table]) for table in shown if table not in COUNTED_TABLES],
    )
    return RenderedFile("meine-daten.html", html.encode())


def _summarise(writer: "_PageWriter", table: str, tables: Mapping[str, Sequence[Row]], days: int) -> _Overview:
    moments = [
        row[key]
        for row in tables[table]
        for key in ("created", "updated", "received", "noted", "seen")
        if row.get(key)
    ]
    since = writer.format_day(min(moments)) if moments else ""
    until = _until(writer, table, tables, days, max(moments, default=0.0))
    return _Overview(table, writer.label(f"personal_data_{table}"), len(tables[table]), since, until)


def _until(writer: "_PageWriter", table: str, tables: Mapping[str, Sequence[Row]], days: int, last: float) -> str:
    """Return in words until when the rows of a table are kept."""
    if table in ("inbox", "holds", "advised", "outbox"):
        return writer.label(f"kept_{table}", days=days)
    if table in ("requests", "lines", "threads"):
        requests = [parse_json_columns(row) for row in tables.get("requests", ())]
        if any(row["status"] != "closed" for row in requests):
            return writer.label("kept_open", days=days)
        last = max((row["body"].get("closed", 0.0) for row in requests), default=last)
    if table == "blocked":
        last = max(row["until"] for row in tables[table])
    date = writer.format_day(last + days * DAY)
    return writer.label("kept_unused" if table == "states" else "kept_until", date=date)


@dataclass(frozen=True, slots=True)
class _PageWriter:
    """Writes values in a language, with the names of what they refer to."""

    lang: str
    names: Names

    def label(self, key: str, **values: object) -> str:
        return format_label(key, self.lang, **values)

    def format_day(self, timestamp: float) -> str:
        return format_date(timestamp, self.lang)

    def format_moment(self, timestamp: float) -> str:
        return self.label("moment", date=self.format_day(timestamp), time=f"{to_local_time(timestamp):%H:%M}")

    def build_section(self, table: str, rows: Sequence[Row]) -> _Section:
        parsed, heading = [parse_json_columns(row) for row in rows], self.label(f"personal_data_{table}")
        if table in LISTED_TABLES:
            return _Section(table, heading, lines=[self._line(table, row) for row in parsed])
        merged = [{**row, **row.get("body", {}), "body": None} for row in parsed]  # a request's repeats its columns
        return _Section(table, heading, boxes=[list(self._pairs(row)) for row in merged])

    def _line(self, table: str, row: Row) -> tuple[str, str, str]:
        when = self.format_moment(row["created"]) if "created" in row else ""
        match table:
            case "lines":
                text = MEDIA_PATTERN.sub(
                    lambda match: f"[{self._labelled('media_' + match[1], match[1])}]", row["text"]
                )
                return self._value("side", row["side"]), text, f"{row['reference']}, {when}"
            case "feedback":
                entry, flaw = self._value("entry", row["entry"]), row["flaw"]
                return (
                    "👍" if row["value"] else "👎",
                    f"{entry} ({self._value('flaw', flaw)})" if flaw else entry,
                    when,
                )
            case "questions":
                return self._value("entry", row["entry"]), row["question"], when
        return row["reference"], self._value("status", row["status"]), when

    def _pairs(self, value: Any, key: str = "") -> Iterator[tuple[str, str]]:
        """Yield name and text of each value, and before the values of a group its name with "".

        Empty values are left out, except "do not know" in a self-check.
        """
        if key in UNSHOWN_FIELDS:
            return
        if key == "answers":
            for question, level in value.items():
                yield self._name("question", question), self.label(f"level_{'x' if level is None else level}")
        elif isinstance(value, Mapping):
            items = sorted(value.items(), key=lambda item: item[0] in GROUPS)
            pairs = [pair for name, item in items for pair in self._pairs(item, str(name))]
            if pairs and key in GROUPS:
                yield self.label(f"field_{key}"), ""
            yield from pairs
        elif isinstance(value, list):
            if texts := [self._value(key, _essence(item)) for item in value if item]:
                yield self.label(f"field_{key}"), ", ".join(texts)
        elif value:
            yield self.label(f"field_{key}"), self._value(key, value)

    def _value(self, key: str, value: Any) -> str:
        """Return a value in words."""
        if key in TIME_FIELDS:
            return self.format_moment(value)
        if key in FLAG_FIELDS:
            return self.label("personal_data_yes")
        if key in ENTRY_FIELDS:
            return self._name("entry", value)
        match key:
            case "lang" | "spoken":
                return self.label(LANGUAGE_LABELS.get(value, "german"))
            case "contact":
                return self._name("contact", value)
            case "consent" | "improve" if value != DECLINED:
                return self._agreement(value)
            case "sure":
                return f"{value:.0%}".replace("%", " %" if self.lang.startswith("de") else "%")
            case "shown" if value.startswith(SELFCHECK_LINK):
                return self.label("share_selfcheck")
            case "shown" if value.startswith(STEP_PREFIX):
                return self.label("personal_data_step", number=value.removeprefix(STEP_PREFIX))
            case "shown":
                return self._name("entry", value.removeprefix(ENTRY_PREFIX))
        if key in LABELLED_FIELDS:
            return self._labelled(f"{LABELLED_FIELDS[key]}_{value}", str(value))
        return str(value)

    def _agreement(self, version: str) -> str:
        """Return that the person agreed, and to the wording of which day."""
        try:
            day = datetime.fromisoformat(version).replace(tzinfo=TIME_ZONE)
        except ValueError:
            return version
        return self.label("personal_data_agreed", date=self.format_day(day.timestamp()))

    def _labelled(self, key: str, value: str) -> str:
        """Return a label; without one, the value is the id of a question, or a version of a wording."""
        try:
            return self.label(key)
        except KeyError:
            return self._name("question", value)

    def _name(self, kind: str, value: str) -> str:
        return self.names.get(kind, {}).get(value, value)


def _essence(item: Any) -> Any:
    """Return what a person can read of an item of a list: the text of a message, the name beside an id."""
    if isinstance(item, Mapping):
        return item.get("text") or f"[{item.get('media_type', '')}]"
    return item[-1] if isinstance(item, list) else item


def referenced_ids(tables: Mapping[str, Sequence[Row]]) -> set[str]:
    """Return the ids of the entries that a person's rows refer to."""
    return {text for rows in tables.values() for row in rows for text in _find_ids(parse_json_columns(row))}


def _find_ids(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _find_ids(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _find_ids(item, key)
    elif isinstance(value, str) and value and (key in ENTRY_FIELDS or key == "shown"):
        yield value.removeprefix(ENTRY_PREFIX)
