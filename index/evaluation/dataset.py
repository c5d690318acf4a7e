"""Labelled questions with the expected outcome, and whether an outcome is correct.

One JSON object per line: ``id``, ``question``, ``lang``, ``kind``, ``topic``, ``expect`` (the status), and for
answerable questions ``entries``, every entry that answers it. ``split`` is optional: "calibration" or "judgement".
"""

import json
from dataclasses import dataclass
from pathlib import Path

from index.search.searcher import IntentMatch, MultipleMatches, NoMatch, SearchOutcome, SingleMatch
from knowledge.errors import ContentError, Problem

_REQUIRED_KEYS = ("id", "question", "lang", "kind", "topic", "expect")
ANSWERABLE_KINDS = frozenset(("answerable", "noisy", "other-language"))


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question with its expected outcome. For a gap, ``entries`` are the entries that describe the gap.

    ``split``: "calibration" questions are used for fitting, "judgement" ones are not; "" if there are no splits.
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
    def is_answerable(self) -> bool:
        """Whether the knowledge base contains the answer."""
        return self.expect == "answered"


def read_labelled_questions(path: Path) -> list[LabelledQuestion]:
    """Read all questions of a file; raises ContentError for the first malformed line."""
    questions = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            item = json.loads(line)
            fields = {key: str(item[key]) for key in _REQUIRED_KEYS}
            entries, split = tuple(item.get("entries", ())), str(item.get("split", ""))
            questions.append(LabelledQuestion(**fields, entries=entries, split=split))
        except (ValueError, KeyError, TypeError) as error:
            raise ContentError([Problem(path, number, f"no labelled question: {error!r}")]) from None
    return questions


def outcome_status(outcome: SearchOutcome) -> str:
    """The status that `gwbot ask` reports for an outcome."""
    match outcome:
        case SingleMatch():
            return "answered"
        case MultipleMatches():
            return "clarify"
        case NoMatch():
            return "abstained"
        case IntentMatch(_, reply):
            return reply.value


def is_correct(item: LabelledQuestion, outcome: SearchOutcome) -> bool:
    """Whether the outcome is the expected one; a choice that offers a right entry counts as right."""
    match outcome:
        case SingleMatch(entry_id):
            return item.is_answerable and entry_id in item.entries
        case MultipleMatches(entry_ids):
            return item.is_answerable and not set(entry_ids).isdisjoint(item.entries)
        case _:
            return outcome_status(outcome) == item.expect
