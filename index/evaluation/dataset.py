"""Labelled questions: what the right outcome is, and whether an outcome is right. Pure.

One JSON object a line: ``id``, ``question``, ``lang``, ``kind``, ``topic``, ``expect`` (the status), and for
answerable ones ``entries``: every entry that answers it. ``split`` is optional: "calibration" or "judgement".
"""

import json
from dataclasses import dataclass
from pathlib import Path

from index.search.searcher import Abstained, Ambiguous, Found, Intended, Outcome
from knowledge.errors import ContentError, Problem

_KEYS = ("id", "question", "lang", "kind", "topic", "expect")
ANSWERABLE = frozenset(("answerable", "noisy", "other-language"))


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question with its right outcome. For a gap, ``entries`` names the entries that say so.

    ``split`` is the part it belongs to: "calibration" is fitted on, "judgement" is not; "" where there are no parts.
    """

    id: str
    question: str
    lang: str
    kind: str
    topic: str
    expect: str
    entries: tuple[str, ...]
    split: str = ""

    @property
    def answerable(self) -> bool:
        """Whether the knowledge base holds the answer."""
        return self.expect == "answered"


def read_labelled(path: Path) -> list[Labelled]:
    """All questions of a file; raises ContentError naming the line that is not of the form."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            item = json.loads(line)
            fields = {key: str(item[key]) for key in _KEYS}
            entries, split = tuple(item.get("entries", ())), str(item.get("split", ""))
            found.append(Labelled(**fields, entries=entries, split=split))
        except (ValueError, KeyError, TypeError) as error:
            raise ContentError([Problem(path, number, f"no labelled question: {error!r}")]) from None
    return found


def status(outcome: Outcome) -> str:
    """The status that `gwbot ask` reports for an outcome."""
    match outcome:
        case Found():
            return "answered"
        case Ambiguous():
            return "clarify"
        case Abstained():
            return "abstained"
        case Intended(_, reply):
            return reply.value


def is_right(item: Labelled, outcome: Outcome) -> bool:
    """Whether the outcome is the expected one; a choice that offers a right entry counts as right."""
    match outcome:
        case Found(entry):
            return item.answerable and entry in item.entries
        case Ambiguous(entries):
            return item.answerable and not set(entries).isdisjoint(item.entries)
        case _:
            return status(outcome) == item.expect
