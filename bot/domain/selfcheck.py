"""The self-check as data: what is being filled in, what was kept, and what follows from the answers. Pure.

A team sees a picture: one word per question, which depends only on how many people answered "largely" or "yes".
Answers on the same side of that line are never told apart, however many pictures somebody sees and however many
accounts they have.

A picture does not change. A new one is made only when `ENOUGH` people have joined who are in none yet, so nobody
learns what others said by answering again, by leaving and joining again, or by waiting for one person to join.

What remains: one's own answer and the word may tell on which side the others are. In a team of three, a word for the
other side means that both others are there; in a team of four, "weak" tells somebody who answered "largely" or "yes"
that nobody else did. From five people on, a team's first picture leaves every side open; the next one may show the
side of two people who are new in it, if the third is the one who looks. All but one acting together, or one person
with that many accounts, can find out on which side the last one is. More than the side nobody finds out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import fmean

LEVEL_COUNT = 4  # not at all, in parts, largely, yes: 0 to 3
POSITIVE_LEVEL = 2  # the level from which what is asked counts as there
MIN_TEAM_SIZE = 3  # people whose answers are shown together, and who must be new in the next picture
MIN_ANSWERS_FOR_MIXED = 6  # answers from which a picture says that people see a question differently
MAX_HIGHLIGHTS = 3  # strengths, gaps and changes that are named
CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: what people write while a code is awaited is never taken for one
CODE_LENGTH = 10
_OLD_CODE_PATTERN = re.compile("[A-HJ-NP-Z]{6}")  # how codes looked before; they stay valid
SelfCheckAnswers = Mapping[str, int | None]  # level by the question's id; None: the person does not know


class SelfCheckStage(StrEnum):
    """Where a self-check stands that is not finished."""

    JOINING = "joining"  # waits for the code of the others
    ASKING = "asking"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class SelfCheckProgress:
    """A self-check being filled in. ``at`` is the id of the question, ``code`` the one that it is shared under."""

    stage: SelfCheckStage = SelfCheckStage.ASKING
    at: str = ""
    answers: SelfCheckAnswers = field(default_factory=dict)
    code: str = ""


@dataclass(frozen=True, slots=True)
class SelfCheckResult:
    """A finished self-check; ``created`` is Unix time."""

    answers: SelfCheckAnswers
    created: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What answers say, as ids of questions in their order of weight."""

    strengths: tuple[str, ...]
    gaps: tuple[str, ...]
    unknown: tuple[str, ...]
    mean: float | None  # of the levels; None where too few were told


class TeamRating(StrEnum):
    """What a team says on one question."""

    STRONG = "strong"
    MIXED = "mixed"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class TeamResult:
    """What a team of ``people`` said together when the picture was made (Unix time): a word by the question's id.

    A question that fewer than ENOUGH of them judged has none.
    """

    ratings: Mapping[str, TeamRating]
    people: int
    created: float


@dataclass(frozen=True, slots=True)
class Team:
    """The people under a code, how many of them are in no picture yet, and the latest picture."""

    people: int
    waiting: int
    result: TeamResult | None = None


def compute_findings(answers: SelfCheckAnswers, order: Sequence[str]) -> Findings:
    """Strengths (largely or fully there), gaps (at most in parts) and what is not known, each the clearest first."""
    levels = {question_id: level for question_id in order if (level := answers.get(question_id)) is not None}
    strengths = sorted(
        (question_id for question_id in levels if levels[question_id] >= POSITIVE_LEVEL),
        key=lambda question_id: -levels[question_id],
    )
    gaps = sorted(
        (question_id for question_id in levels if levels[question_id] < POSITIVE_LEVEL),
        key=lambda question_id: levels[question_id],
    )
    unknown = tuple(question_id for question_id in order if question_id not in levels)
    mean = fmean(levels.values()) if 2 * len(levels) > len(order) else None
    return Findings(tuple(strengths[:MAX_HIGHLIGHTS]), tuple(gaps[:MAX_HIGHLIGHTS]), unknown, mean)


def compare_answers(
    before: SelfCheckAnswers, after: SelfCheckAnswers, order: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The questions that stand higher than the last time, and those that stand lower."""
    differences = {
        question_id: _level_or_zero(after, question_id) - _level_or_zero(before, question_id)
        for question_id in order
        if _is_answered(before, question_id) and _is_answered(after, question_id)
    }
    return tuple(question_id for question_id in differences if differences[question_id] > 0), tuple(
        question_id for question_id in differences if differences[question_id] < 0
    )


def aggregate_answers(all_answers: Sequence[SelfCheckAnswers]) -> dict[str, TeamRating]:
    """A word for each question that ENOUGH people judged."""
    ratings = {}
    for question in sorted({question for answers in all_answers for question in answers}):
        levels = [level for answers in all_answers if (level := answers.get(question)) is not None]
        if len(levels) >= MIN_TEAM_SIZE:
            ratings[question] = _rate_question(sum(level >= POSITIVE_LEVEL for level in levels), len(levels))
    return ratings


def is_code(text: str) -> bool:
    """Whether a text has the form of a code; an old one may be a word as well."""
    return (len(text) == CODE_LENGTH and set(text) <= set(CODE_LETTERS)) or is_old_code(text)


def is_old_code(text: str) -> bool:
    """Whether a text has the form that codes had before: six letters."""
    return _OLD_CODE_PATTERN.fullmatch(text) is not None


def _rate_question(positive: int, people: int) -> TeamRating:
    """With few people there is no word between the two: it would say exactly how many are on which side."""
    if people < MIN_ANSWERS_FOR_MIXED:
        return TeamRating.STRONG if 2 * positive >= people else TeamRating.WEAK
    if 3 * positive >= 2 * people:
        return TeamRating.STRONG
    return TeamRating.WEAK if 3 * positive <= people else TeamRating.MIXED


def _is_answered(answers: SelfCheckAnswers, question_id: str) -> bool:
    return answers.get(question_id) is not None


def _level_or_zero(answers: SelfCheckAnswers, question_id: str) -> int:
    return answers.get(question_id) or 0
