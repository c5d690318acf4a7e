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

LEVELS = 4  # not at all, in parts, largely, yes: 0 to 3
THERE = 2  # the level from which what is asked counts as there
ENOUGH = 3  # people whose answers are shown together, and who must be new in the next picture
MIXED_FROM = 6  # answers from which a picture says that people see a question differently
MOST = 3  # strengths, gaps and changes that are named
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: what people write while a code is awaited is never taken for one
CODE_LENGTH = 10
_OLD_CODE = re.compile("[A-HJ-NP-Z]{6}")  # how codes looked before; they stay valid
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


class Word(StrEnum):
    """What a team says on one question."""

    STRONG = "strong"
    MIXED = "mixed"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Picture:
    """What a team of ``people`` said together when the picture was made (Unix time): a word by the question's id.

    A question that fewer than ENOUGH of them judged has none.
    """

    words: Mapping[str, Word]
    people: int
    created: float


@dataclass(frozen=True, slots=True)
class Team:
    """The people under a code, how many of them are in no picture yet, and the latest picture."""

    people: int
    waiting: int
    picture: Picture | None = None


def findings(answers: Answers, order: Sequence[str]) -> Findings:
    """Strengths (largely or fully there), gaps (at most in parts) and what is not known, each the clearest first."""
    told = {one: level for one in order if (level := answers.get(one)) is not None}
    strong = sorted((one for one in told if told[one] >= THERE), key=lambda one: -told[one])
    weak = sorted((one for one in told if told[one] < THERE), key=lambda one: told[one])
    unknown = tuple(one for one in order if one not in told)
    mean = fmean(told.values()) if 2 * len(told) > len(order) else None
    return Findings(tuple(strong[:MOST]), tuple(weak[:MOST]), unknown, mean)


def changed(before: Answers, now: Answers, order: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The questions that stand higher than the last time, and those that stand lower."""
    moved = {one: _level(now, one) - _level(before, one) for one in order if _told(before, one) and _told(now, one)}
    return tuple(one for one in moved if moved[one] > 0), tuple(one for one in moved if moved[one] < 0)


def together(all_answers: Sequence[Answers]) -> dict[str, Word]:
    """A word for each question that ENOUGH people judged."""
    words = {}
    for question in sorted({question for answers in all_answers for question in answers}):
        levels = [level for answers in all_answers if (level := answers.get(question)) is not None]
        if len(levels) >= ENOUGH:
            words[question] = _word(sum(level >= THERE for level in levels), len(levels))
    return words


def is_code(text: str) -> bool:
    """Whether a text has the form of a code; an old one may be a word as well."""
    return (len(text) == CODE_LENGTH and set(text) <= set(LETTERS)) or is_old_code(text)


def is_old_code(text: str) -> bool:
    """Whether a text has the form that codes had before: six letters."""
    return _OLD_CODE.fullmatch(text) is not None


def _word(there: int, people: int) -> Word:
    """With few people there is no word between the two: it would say exactly how many are on which side."""
    if people < MIXED_FROM:
        return Word.STRONG if 2 * there >= people else Word.WEAK
    if 3 * there >= 2 * people:
        return Word.STRONG
    return Word.WEAK if 3 * there <= people else Word.MIXED


def _told(answers: Answers, one: str) -> bool:
    return answers.get(one) is not None


def _level(answers: Answers, one: str) -> int:
    return answers.get(one) or 0
