"""Labelled questions with the expected outcome, and whether an outcome is correct.

One JSON object per line: ``id``, ``question``, ``lang``, ``kind``, ``topic``, ``expect`` (the status), and for
answerable questions ``entries``, every entry that answers it. Optional are ``split``, "calibration" or "judgement",
and for the last message of a dialogue ``history``, the messages before it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index.decision.calibration import Decision
from index.search.result import SearchResult
from knowledge.errors import EXAMPLE, ContentError, Problem
from knowledge.parsing.text_file import read_text_file

LABELLED_QUESTIONS = Path(__file__).with_name("questions.jsonl")  # those of the built-in knowledge
SEALED_QUESTIONS = Path(__file__).with_name("sealed.jsonl")  # nobody looks at them: see docs/evaluation.md
MAX_QUESTIONS_BYTES = 50_000_000
_REQUIRED_KEYS = ("id", "question", "lang", "kind", "topic", "expect")
_LIST_KEYS = ("entries", "history")
EXAMPLE_LINE = (
    '{"id": "1", "question": "Was ist ein Backbone?", "lang": "de", "kind": "answerable", "topic": "backbone", '
    '"expect": "answered", "entries": ["backbone"]}'
)
STATUSES = {Decision.ANSWER: "answered", Decision.CLARIFY: "clarify", Decision.ABSTAIN: "abstained"}
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
    history: tuple[str, ...] = ()

    @property
    def is_answerable(self) -> bool:
        """Whether the knowledge base contains the answer."""
        return self.expect == "answered"


def read_labelled_questions(path: Path) -> list[LabelledQuestion]:
    """Read all questions of a file; raises ContentError with every malformed line."""
    questions: list[LabelledQuestion] = []
    problems: list[Problem] = []
    for number, line in enumerate(read_text_file(path, MAX_QUESTIONS_BYTES).splitlines(), start=1):
        try:
            item = json.loads(line)
        except (ValueError, RecursionError):
            item = None
        if not isinstance(item, dict):
            problems.append(Problem.of(path, number, "labelled_not_json"))
        elif missing := [key for key in _REQUIRED_KEYS if key not in item]:
            names = ", ".join(missing)
            problems.append(Problem.of(path, number, "labelled_incomplete", names=names))
        elif any(not isinstance(item.get(key, []), list) for key in _LIST_KEYS):
            names = ", ".join(_LIST_KEYS)
            problems.append(Problem.of(path, number, "labelled_not_lists", names=names))
        else:
            fields = {key: str(item[key]) for key in _REQUIRED_KEYS}
            entries, history = (tuple(item.get(key, ())) for key in _LIST_KEYS)
            split = str(item.get("split", ""))
            questions.append(LabelledQuestion(**fields, entries=entries, split=split, history=history))
    if problems:
        first, *others = problems
        values = {**dict(first.values), EXAMPLE: EXAMPLE_LINE}  # once is enough
        raise ContentError([Problem.of(path, first.line, first.code, **values), *others])
    return questions


def choose_evenly(items: Sequence[LabelledQuestion], count: int) -> list[LabelledQuestion]:
    """Return at most ``count`` of the questions, evenly spread over their order, always the same ones."""
    count = min(count, len(items))
    return [items[position * len(items) // count] for position in range(count)]


def outcome_status(result: SearchResult) -> str:
    """Return the status that `gwbot ask` reports for a result."""
    return result.reply.value if result.reply else STATUSES[result.decision]


def is_correct(item: LabelledQuestion, result: SearchResult) -> bool:
    """Return whether a result is the expected one; a choice that offers a right entry counts as right."""
    if result.decision in (Decision.ANSWER, Decision.CLARIFY):
        return item.is_answerable and not set(result.shown_ids).isdisjoint(item.entries)
    return outcome_status(result) == item.expect
