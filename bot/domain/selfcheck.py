"""The self-check as data: its progress, its results, and the findings from its answers. Pure.

A team sees one word per question, which depends only on how many people chose one of the two higher levels, here
called "largely" and "yes". Answers on the same side of that line are indistinguishable, however many results a person
sees and however many accounts they use.

A team's result does not change. A new one is made only after `MIN_TEAM_SIZE` people have joined who are in none yet,
so nobody learns others' answers by answering again, by leaving and joining again, or by waiting for one person to
join.

Residual risk: a person's own answer and the word may reveal on which side the others are. In a team of three, a word
for the other side means that both others are there; in a team of four, "weak" tells a person who answered "largely"
or "yes" that nobody else did. In a team of five or more, the first result leaves every side open; the next one may
reveal the side of two new people to the third. All members but one acting together, or one person with that many
accounts, can find out on which side the last one is. Nobody can find out more than the side.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import fmean

POSITIVE_LEVEL = 2  # minimum level that counts as a strength, of 0 to 3
MIN_TEAM_SIZE = 3  # people whose answers are shown together, and who must be new in the next result
MIN_ANSWERS_FOR_MIXED = 6  # minimum answers for saying that people disagree on a question
CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: no word is mistaken for a code
CODE_LENGTH = 10
_OLD_CODE_PATTERN = re.compile("[A-HJ-NP-Z]{6}")  # earlier codes stay valid
SelfCheckAnswers = Mapping[str, int | None]  # level by question id; None if the person does not know


class SelfCheckStage(StrEnum):
    """The stage of an unfinished self-check."""

    JOINING = "joining"  # the code of a team is awaited
    ASKING = "asking"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class SelfCheckProgress:
    """A self-check being filled in; ``at`` is the id of its current question, ``code`` that of its team."""

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
    """Findings from answers, as ids of questions, clearest first."""

    strengths: tuple[str, ...]
    gaps: tuple[str, ...]
    unknown: tuple[str, ...]
    mean: float | None  # of the levels; None if at most half of the questions have one


class TeamRating(StrEnum):
    """A team's rating of one question."""

    STRONG = "strong"
    MIXED = "mixed"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class TeamResult:
    """A team's result: ratings by question id, the number of people in it, and when it was made (Unix time).

    A question that fewer than MIN_TEAM_SIZE of them rated has none.
    """

    ratings: Mapping[str, TeamRating]
    people: int
    created: float


@dataclass(frozen=True, slots=True)
class Team:
    """The people under a code, how many of them are in no result yet, and the latest result."""

    people: int
    waiting: int
    result: TeamResult | None = None


def compute_findings(answers: SelfCheckAnswers, order: Sequence[str]) -> Findings:
    """Return strengths (from "largely"), gaps (up to "in parts") and unknown questions; ``order`` breaks ties."""
    levels = {id_: level for id_ in order if (level := answers.get(id_)) is not None}
    strengths = sorted((id_ for id_ in levels if levels[id_] >= POSITIVE_LEVEL), key=lambda id_: -levels[id_])
    gaps = sorted((id_ for id_ in levels if levels[id_] < POSITIVE_LEVEL), key=lambda id_: levels[id_])
    unknown = tuple(id_ for id_ in order if id_ not in levels)
    mean = fmean(levels.values()) if 2 * len(levels) > len(order) else None
    return Findings(tuple(strengths), tuple(gaps), unknown, mean)


def compare_answers(
    before: SelfCheckAnswers, after: SelfCheckAnswers, order: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the questions answered higher than before, and those answered lower."""
    changes = {
        id_: new - old
        for id_ in order
        if (old := before.get(id_)) is not None and (new := after.get(id_)) is not None
    }
    return tuple(id_ for id_ in changes if changes[id_] > 0), tuple(id_ for id_ in changes if changes[id_] < 0)


def aggregate_answers(all_answers: Sequence[SelfCheckAnswers]) -> dict[str, TeamRating]:
    """Return the team's rating of each question that at least MIN_TEAM_SIZE people rated."""
    ratings = {}
    for question in sorted({question for answers in all_answers for question in answers}):
        levels = [level for answers in all_answers if (level := answers.get(question)) is not None]
        if len(levels) >= MIN_TEAM_SIZE:
            ratings[question] = _rate_question(sum(level >= POSITIVE_LEVEL for level in levels), len(levels))
    return ratings


def is_code(text: str) -> bool:
    """Return whether a text has the form of a code; one of an old code may also be a word."""
    return (len(text) == CODE_LENGTH and set(text) <= set(CODE_LETTERS)) or is_old_code(text)


def is_old_code(text: str) -> bool:
    """Return whether a text has the form of an old code: six letters."""
    return _OLD_CODE_PATTERN.fullmatch(text) is not None


def _rate_question(positive: int, people: int) -> TeamRating:
    """Return a rating; "mixed" is not used for few people, as it would reveal how many are on which side."""
    if people < MIN_ANSWERS_FOR_MIXED:
        return TeamRating.STRONG if 2 * positive >= people else TeamRating.WEAK
    if 3 * positive >= 2 * people:
        return TeamRating.STRONG
    return TeamRating.WEAK if 3 * positive <= people else TeamRating.MIXED
