"""Everything held on a person as two files: a page to read and JSON for programs.

The page is HTML, not PDF: it runs to the width and letter size of a phone, shows every script and sign by the phone's
own fonts, and is read aloud by what the person uses. It loads nothing and runs nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.attachments import Drawn, Values
from bot.store.personal_data import FIELDS
from prompts.dates import dated, local
from prompts.render import label, render

FORMAT = "gemeinsam-wirken-bot/my-data"
VERSION = 1
ADVISED = {
    "holds": "Requests of others that you took as an adviser",
    "columns": {"reference": "its number", "status": "open, taken or closed"},
}
INSIDE = ("body", "params", "answers")  # columns that hold JSON
TIMES = frozenset(("created", "updated", "received", "promised", "since", "told", "reminded", "remind_at", "warned",
                   "closed", "reopened", "erased", "not_before", "noted", "until", "taps_since", "guesses",
                   "new_codes"))  # fmt: skip
ORDER = ("states", "requests", "lines", "checks", "shares", "feedback", "questions", "threads", "outbox", "inbox",
         "holds", "advised")  # fmt: skip
CHOICES = frozenset(("kind", "reach", "line", "share", "side", "status"))  # fields whose values have labels
TOLD_THERE = "told_there"  # a number, where "told" is a moment elsewhere
Pair = tuple[str, str]


def data(values: Values) -> Drawn:
    """The data as JSON, with what each field means. ``values``: held, lang and now (Unix time)."""
    held: Mapping[str, Sequence[Mapping[str, Any]]] = values["held"]
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "created": local(values["now"]).isoformat(timespec="seconds"),
        "fields": {**FIELDS, "advised": ADVISED},
        "data": {table: [_opened(row) for row in held.get(table, ())] for table in ORDER},
    }
    return Drawn("meine-daten.json", json.dumps(whole, ensure_ascii=False, indent=1).encode())


def page(values: Values) -> Drawn:
    """The data as a page to read."""
    lang = values["lang"]
    sections = [
        (label(f"held_{table}", lang), [list(_pairs(_shown(table, row), lang)) for row in values["held"][table]])
        for table in ORDER
        if table in values["held"]
    ]
    html = render(
        "data_export", "pages", lang=lang, code=lang[:2], sections=sections, now=_moment(values["now"], lang)
    )
    return Drawn("meine-daten.html", html.encode())


def _opened(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: json.loads(value) if key in INSIDE and value else value for key, value in row.items()}


def _shown(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {TOLD_THERE if (table, key) == ("threads", "told") else key: value for key, value in _opened(row).items()}


def _pairs(value: Any, lang: str, key: str = "") -> Iterator[Pair]:
    """The leaves of a row with what they are; what is empty is left out, but for an answer."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            if key == "answers":
                yield name, label(f"level_{'x' if one is None else one}", lang)
            else:
                yield from _pairs(one, lang, str(name))
    elif isinstance(value, list):
        for one in value:
            yield from _pairs(one, lang, key)
    elif value or (key == "value" and value is not None):
        yield _known(f"field_{key}", lang, key), _moment(value, lang) if key in TIMES else _said(key, value, lang)


def _said(key: str, value: Any, lang: str) -> str:
    """A value in words where it is one of ours."""
    if value is True:
        return "✓"
    name = {"at": "line", "shares": "share", "turn": "side"}.get(key, key)
    return _known(f"{name}_{value}", lang, str(value)) if name in CHOICES else str(value)


def _known(name: str, lang: str, otherwise: str) -> str:
    try:
        return label(name, lang)
    except KeyError:
        return otherwise


def _moment(moment: float, lang: str) -> str:
    return label("moment", lang, date=dated(moment, lang), time=f"{local(moment):%H:%M}")
