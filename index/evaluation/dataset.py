"""Labelled questions with the expected outcome, and whether an outcome is correct.

One JSON object per line: ``id``, ``question``, ``lang``, ``kind``, ``topic``, ``expect`` (the status), and for
answerable questions ``entries``, every entry that answers it. Optional are ``split``, "calibration" or "judgement",
and for the last message of a dialogue ``history``, the messages before it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from index.decision.calibration import Decision
from index.search.result import SearchResult
from knowledge.errors import ContentError, Problem
from knowledge.parsing.text_file import read_text_file

LABELLED_QUESTIONS = Path(__file__).with_name("questions.jsonl")  # those of the built-in knowledge
SEALED_QUESTIONS = Path(__file__).with_name("sealed.jsonl")  # nobody looks at them: see docs/evaluation.md
MAX_QUESTIONS_BYTES = 50_000_000
_REQUIRED_KEYS = ("id", "question", "lang", "kind", "topic", "expect")
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
    """Read all questions of a file; raises ContentError for the first malformed line."""
    questions = []
    for number, line in enumerate(read_text_file(path, MAX_QUESTIONS_BYTES).splitlines(), start=1):
        try:
            item = json.loads(line)
            fields = {key: str(item[key]) for key in _REQUIRED_KEYS}
            entries, history = (tuple(item.get(key, ())) for key in ("entries", "history"))
            split = str(item.get("split", ""))
            questions.append(LabelledQuestion(**fields, entries=entries, split=split, history=history))
        except (ValueError, KeyError, TypeError) as error:
            raise ContentError([Problem.of(path, number, "not_labelled", error=repr(error))]) from None
    return questions


def outcome_status(result: SearchResult) -> str:
    """Return the status that `gwbot ask` reports for a result."""
    return result.reply.value if result.reply else STATUSES[result.decision]


def is_correct(item: LabelledQuestion, result: SearchResult) -> bool:
    """Return whether a result is the expected one; a choice that offers a right entry counts as right."""
    if result.decision in (Decision.ANSWER, Decision.CLARIFY):
        return item.is_answerable and not set(result.shown_ids).isdisjoint(item.entries)
    return outcome_status(result) == item.expect
