"""What one member of a team can infer about the others' answers by filling in and looking as often as they like.

Each question of a self-check is a separate experiment with another combination of answers, so that a few teams cover
all combinations. Two combinations are indistinguishable if they show the member the same sequence of pictures.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement, count, islice, product

import pytest

from bot.domain.effects import Effect, ErasePerson, LeaveTeam, SaveSelfCheck
from bot.domain.event import Event, EventKind
from bot.domain.message import SendMessage
from bot.domain.selfcheck import POSITIVE_LEVEL, TeamRating, aggregate_answers
from bot.domain.turn import State
from bot.flows.dialogue import Dialogue
from knowledge.loader import BUILT_IN
from knowledge.records.selfcheck import LEVEL_COUNT, SELFCHECK_FOLDER, read_selfchecks

CHECK = read_selfchecks(BUILT_IN / SELFCHECK_FOLDER)[0]
ORDER = [question.id for question in CHECK.questions]
OBSERVER = 1  # the member who tries to infer the others' answers
CODES = map("".join, product("BCDFGHJKLM", repeat=10))
ANSWERS = (*range(LEVEL_COUNT), None)
NUMBERS, UPDATES = count(1), 60  # update ids, and the maximum number of updates per team
SIDES = {5: "13%", 8: "8%"}  # for the team sizes at which the next person to join brings a new picture
Level = int | None
Case = tuple[Level, ...]  # the answer of each of the others
Views = tuple[Hashable, ...]


@dataclass
class Team:
    """A team with another case on each question; the observer is one of its members."""

    dialogue: Dialogue
    cases: Sequence[Case]
    code: str

    def __post_init__(self) -> None:
        """Store all the updates that will be used, at once."""
        self.updates = list(islice(NUMBERS, UPDATES))
        self.dialogue.store.inbox.add_updates([(update, "1", "{}") for update in self.updates])

    def apply(self, user: int, *effects: Effect) -> None:
        """Store the effects of an update of this person."""
        update = self.updates.pop()
        event = Event(update, EventKind.BUTTON, chat_id=user, user_id=user, message_id=1)
        assert self.dialogue.store.finish_update(update, event, None, (), effects)

    def others_fill_in(self, first: int, last: int) -> None:
        """Let the others from ``first`` to ``last`` fill in the answers of their cases."""
        for number in range(first, last):
            answers = {question_id: case[number] for question_id, case in zip(ORDER, self.cases, strict=False)}
            self.apply(OBSERVER + 1 + number, SaveSelfCheck(dict.fromkeys(ORDER) | answers, self.code))

    def fill_in(self, level: Level, *before: Effect) -> None:
        """Let the observer give the same answer to every question."""
        self.apply(OBSERVER, *before, SaveSelfCheck(dict.fromkeys(ORDER, level), self.code))

    def look(self) -> list[Hashable]:
        """Return what the observer is shown on the question of each case."""
        event = Event(1, EventKind.BUTTON, OBSERVER, OBSERVER, 1, text=f"k:shared:{self.code}", callback_id="1")
        (message, *_) = self.dialogue.handle(State(), replace(event, language_code="de")).messages
        if not isinstance(message, SendMessage) or message.attachment is None:
            return [None] * len(self.cases)
        groups = message.attachment.values["groups"]
        rows = [row for group in groups for row in group["rows"]]  # one per question, in their order
        return [repr(row | {"name": ""}) for row in rows[: len(self.cases)]]

    def try_everything(self) -> Iterator[list[Hashable]]:
        """Fill in every answer again, also after leaving or deleting all data; yield what is shown each time."""
        yield self.look()
        preparations: tuple[tuple[Effect, ...], ...] = ((), (LeaveTeam(self.code),), (ErasePerson(),))
        for effects, level in product(preparations, ANSWERS):
            self.fill_in(level, *effects)
            yield self.look()


def observe(dialogue: Dialogue, cases: Sequence[Case], first: Level, joins: int = 0) -> Iterator[tuple[Case, Views]]:
    """Yield each case with everything shown to an observer whose first answer is ``first``.

    The last ``joins`` of the others join after the observer has tried everything; then the observer does so again.
    """
    for batch in (cases[start : start + len(ORDER)] for start in range(0, len(cases), len(ORDER))):
        team = Team(dialogue, batch, next(CODES))
        team.others_fill_in(0, len(batch[0]) - joins)
        team.fill_in(first)
        views = list(team.try_everything())
        if joins:
            team.others_fill_in(len(batch[0]) - joins, len(batch[0]))
            views += team.try_everything()
        yield from zip(batch, zip(*views, strict=True), strict=True)


def group_indistinguishable(observations: Iterable[tuple[Case, Views]]) -> list[list[Case]]:
    """Group the cases that show the same."""
    groups = defaultdict(list)
    for case, views in observations:
        groups[views].append(case)
    return list(groups.values())


@pytest.mark.parametrize("first", ANSWERS)
@pytest.mark.parametrize(("others", "combinations"), [(2, 10), (3, 20), (4, 35)])
def test_no_combination_can_be_identified(dialogue: Dialogue, others: int, combinations: int, first: Level) -> None:
    """However often a member fills in and looks, no combination of the others' answers can be identified."""
    cases = list(combinations_with_replacement(range(LEVEL_COUNT), others))
    groups = group_indistinguishable(observe(dialogue, cases, first))

    assert len(cases) == combinations
    assert len([group for group in groups if len(group) == 1]) == 0
    assert len(groups) <= 2  # one of two words per question, the same each time


def certainty(dialogue: Dialogue, people: int, joins: int) -> tuple[str, str]:
    """Return the shares of cases in which a member knows the answer of the last person to join, and at least on which
    side of "largely" it is."""
    before = combinations_with_replacement(range(LEVEL_COUNT), people - 1)
    cases = [(*case, *levels) for case in before for levels in product(range(LEVEL_COUNT), repeat=joins)]
    groups = group_indistinguishable(observe(dialogue, cases, 2, joins))
    last = [[case[-1] or 0 for case in group] for group in groups]
    exact = sum(len(group) for group in last if len(set(group)) == 1)
    side = sum(len(group) for group in last if len({level >= POSITIVE_LEVEL for level in group}) == 1)
    return f"{exact / len(cases):.0%}", f"{side / len(cases):.0%}"


@pytest.mark.parametrize(("people", "side"), [(people, SIDES.get(people, "0%")) for people in (*range(3, 9), 10)])
def test_answer_of_a_new_member_is_never_certain(dialogue: Dialogue, people: int, side: str) -> None:
    """A member never learns the answer of a person who joins their team of three to ten."""
    # The side of "largely" can be certain if a new picture is due, in which the member and two others are new.
    assert certainty(dialogue, people, 1) == ("0%", side)


@pytest.mark.parametrize(("people", "side"), [(3, "18%"), (4, "15%")])
def test_answers_of_two_new_members_are_never_certain(dialogue: Dialogue, people: int, side: str) -> None:
    """A member who deletes all data and rejoins together with two others never learns the answer of either."""
    # As the third new person they get a new picture, so the side of "largely" can be certain in these cases.
    assert certainty(dialogue, people, 2) == ("0%", side)


@pytest.mark.parametrize("people", range(3, 8))
def test_picture_shows_only_two_sides(people: int) -> None:
    """Levels on the same side give the same words, so that no number of pictures tells them apart."""
    for case in combinations_with_replacement(ANSWERS, people):
        sides = [None if level is None else POSITIVE_LEVEL * (level >= POSITIVE_LEVEL) for level in case]

        assert aggregate_answers([{"vision": level} for level in case]) == aggregate_answers(
            [{"vision": side} for side in sides]
        )


def test_sides_are_revealed_only_in_the_smallest_teams() -> None:
    """Only in teams of three, or of four on one side, can a picture reveal on which side each of the others is."""
    revealed = set()
    for people, own in product(range(3, 13), (0, POSITIVE_LEVEL)):
        positives = defaultdict(set)  # the possible numbers of positive answers among the others, by the word shown
        for positive in range(people):
            levels = [own, *[POSITIVE_LEVEL] * positive, *[0] * (people - 1 - positive)]
            positives[aggregate_answers([{"vision": level} for level in levels])["vision"]].add(positive)
        revealed |= {(people, own, word) for word, counts in positives.items() if counts in ({0}, {people - 1})}

    assert revealed == {
        (3, 0, TeamRating.STRONG),
        (3, POSITIVE_LEVEL, TeamRating.WEAK),
        (4, POSITIVE_LEVEL, TeamRating.WEAK),
    }
