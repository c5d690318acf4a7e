"""The self-check as data: what is being filled in, what was kept, and what follows from the answers. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import fmean, pstdev

LEVELS = 4  # not at all, in parts, largely, yes: 0 to 3
ENOUGH = 3  # people whose answers are shown together; fewer would let single answers be seen
MOST = 3  # strengths, gaps and changes that are named
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that is read as another
CODE_LENGTH = 6
Answers = Mapping[str, int | None]  # level by the question's id; None: the person does not know


class Stage(StrEnum):
    """Where a self-check stands that is not finished."""

    JOINING = "joining"  # waits for the code of the others
    ASKING = "asking"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Check:
    """A self-check being filled in. ``at`` is the id of the question, ``code`` the one that it is shared under."""

    stage: Stage = Stage.ASKING
    at: str = ""
    answers: Answers = field(default_factory=dict)
    code: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """A finished self-check; ``created`` is Unix time."""

    answers: Answers
    created: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What answers say, as ids of questions in their order of weight."""

    strengths: tuple[str, ...]
    gaps: tuple[str, ...]
    unknown: tuple[str, ...]
    mean: float | None  # of the levels; None where too few were told


@dataclass(frozen=True, slots=True)
class Together:
    """What several people said on one question, coarse enough that nobody can be worked out from it."""

    mean: float | None  # None: fewer than ENOUGH people told a level
    spread: float = 0.0


def findings(answers: Mapping[str, float | None], order: Sequence[str]) -> Findings:
    """Strengths (largely or fully there), gaps (at most in parts) and what is not known, each the clearest first."""
    told = {one: level for one in order if (level := answers.get(one)) is not None}
    strong = sorted((one for one in told if told[one] >= 2), key=lambda one: -told[one])
    weak = sorted((one for one in told if told[one] < 2), key=lambda one: told[one])
    unknown = tuple(one for one in order if one not in told)
    mean = fmean(told.values()) if 2 * len(told) > len(order) else None
    return Findings(tuple(strong[:MOST]), tuple(weak[:MOST]), unknown, mean)


def changed(before: Answers, now: Answers, order: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The questions that stand higher than the last time, and those that stand lower."""
    moved = {one: _level(now, one) - _level(before, one) for one in order if _told(before, one) and _told(now, one)}
    return tuple(one for one in moved if moved[one] > 0), tuple(one for one in moved if moved[one] < 0)


def together(all_answers: Sequence[Answers], order: Sequence[str]) -> dict[str, Together]:
    """Mean and spread (standard deviation) of each question, to the nearest half of a level."""
    shown = {}
    for one in order:
        levels = [level for answers in all_answers if (level := answers.get(one)) is not None]
        enough = len(levels) >= ENOUGH
        shown[one] = Together(_half(fmean(levels)), _half(pstdev(levels))) if enough else Together(None)
    return shown


def is_code(text: str) -> bool:
    """Whether a text has the form of a code."""
    return len(text) == CODE_LENGTH and set(text) <= set(LETTERS)


def _half(value: float) -> float:
    return round(2 * value) / 2


def _told(answers: Answers, one: str) -> bool:
    return answers.get(one) is not None


def _level(answers: Answers, one: str) -> int:
    return answers.get(one) or 0
