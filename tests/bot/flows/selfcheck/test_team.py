"""What one member of a team can work out of the others' answers, by filling in and looking as often as they like.

Each question of a check is an experiment of its own: it holds another combination of answers, so that a few teams try
all combinations. What is told apart is counted by everything that the member is shown, one look after another.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement, count, islice, product

import pytest

from bot.domain.effects import Effect, ErasePerson, LeaveTeam, SaveSelfCheck
from bot.domain.event import Event, EventKind
from bot.domain.message import SendMessage
from bot.domain.selfcheck import LEVEL_COUNT, POSITIVE_LEVEL, TeamRating
from bot.domain.selfcheck import aggregate_answers as words
from bot.domain.turn import State
from bot.flows.dialogue import Dialogue
from knowledge.loader import BUILT_IN
from knowledge.records.selfcheck import SELFCHECK_FOLDER, read_selfchecks

CHECK = read_selfchecks(BUILT_IN / SELFCHECK_FOLDER)[0]
ORDER = [question.id for question in CHECK.questions]
LOOKER = 1  # the member who tries
CODES = map("".join, product("BCDFGHJKLM", repeat=10))
ANSWERS = (*range(LEVEL_COUNT), None)
NUMBERS, UPDATES = count(1), 60  # of updates, and how many of them a team needs at most
SIDES = {5: "13%", 8: "8%"}  # people of a team to which the next one to join brings a new picture
Level = int | None
Case = tuple[Level, ...]  # what each of the others said
Seen = tuple[Hashable, ...]


@dataclass
class Team:
    """One team that tries a case on each question; a ``looker`` is one of it."""

    dialogue: Dialogue
    cases: Sequence[Case]
    code: str

    def __post_init__(self) -> None:
        """Write down at once all the updates that are going to be used."""
        self.updates = list(islice(NUMBERS, UPDATES))
        self.dialogue.store.inbox.add_updates([(update, "1", "{}") for update in self.updates])

    def do(self, user: int, *effects: Effect) -> None:
        """What an update of this person brings is written down."""
        update = self.updates.pop()
        event = Event(update, EventKind.BUTTON, chat_id=user, user_id=user, message_id=1)
        assert self.dialogue.store.finish_update(update, event, None, (), effects)

    def others(self, first: int, last: int) -> None:
        """These of the others fill in what the cases say."""
        for at in range(first, last):
            told = {one: case[at] for one, case in zip(ORDER, self.cases, strict=False)}
            self.do(LOOKER + 1 + at, SaveSelfCheck(dict.fromkeys(ORDER) | told, self.code))

    def fills_in(self, level: Level, *before: Effect) -> None:
        """The member says the same on each question."""
        self.do(LOOKER, *before, SaveSelfCheck(dict.fromkeys(ORDER, level), self.code))

    def looks(self) -> list[Hashable]:
        """What the member is shown on the question of each case."""
        event = Event(1, EventKind.BUTTON, LOOKER, LOOKER, 1, text=f"k:shared:{self.code}", callback_id="1")
        (said, *_) = self.dialogue.handle(State(), replace(event, language_code="de")).messages
        if not isinstance(said, SendMessage) or said.attachment is None:
            return [None] * len(self.cases)
        groups = said.attachment.values["groups"]
        rows = [row for group in groups for row in group["rows"]]  # as many as there are questions, in their order
        return [repr(row | {"name": ""}) for row in rows[: len(self.cases)]]

    def tries_everything(self) -> Iterator[list[Hashable]]:
        """Each answer filled in anew, after leaving, and after having everything deleted, with a look after each."""
        yield self.looks()
        ways: tuple[tuple[Effect, ...], ...] = ((), (LeaveTeam(self.code),), (ErasePerson(),))
        for way, level in product(ways, ANSWERS):
            self.fills_in(level, *way)
            yield self.looks()


def seen(dialogue: Dialogue, cases: Sequence[Case], first: Level, joins: int = 0) -> Iterator[tuple[Case, Seen]]:
    """Each case with all that is shown to a member whose first answer is given.

    The last ``joins`` of the others come when the member has tried everything, who then tries it once more.
    """
    for batch in (cases[at : at + len(ORDER)] for at in range(0, len(cases), len(ORDER))):
        team = Team(dialogue, batch, next(CODES))
        team.others(0, len(batch[0]) - joins)
        team.fills_in(first)
        looks = list(team.tries_everything())
        if joins:
            team.others(len(batch[0]) - joins, len(batch[0]))
            looks += team.tries_everything()
        yield from zip(batch, zip(*looks, strict=True), strict=True)


def together(found: Iterable[tuple[Case, Seen]]) -> list[list[Case]]:
    """The cases that look the same, in one list each."""
    alike = defaultdict(list)
    for case, looks in found:
        alike[looks].append(case)
    return list(alike.values())


@pytest.mark.parametrize("first", ANSWERS)
@pytest.mark.parametrize(("others", "combinations"), [(2, 10), (3, 20), (4, 35)])
def test_no_combination_is_told_apart(dialogue: Dialogue, others: int, combinations: int, first: Level) -> None:
    """However often one member fills in and looks, nothing that the others may have said looks like nothing else.

    All that there is to see is one word of two for each question, the same at each look.
    """
    cases = list(combinations_with_replacement(range(LEVEL_COUNT), others))
    alike = together(seen(dialogue, cases, first))

    assert len(cases) == combinations
    assert len([group for group in alike if len(group) == 1]) == 0
    assert len(alike) <= 2


def certain(dialogue: Dialogue, people: int, joins: int) -> tuple[str, str]:
    """In how many of all cases a member of a team knows what the last one said of those who joined it, and in how
    many at least on which side of "largely" that is."""
    before = combinations_with_replacement(range(LEVEL_COUNT), people - 1)
    cases = [(*case, *levels) for case in before for levels in product(range(LEVEL_COUNT), repeat=joins)]
    alike = together(seen(dialogue, cases, 2, joins))
    last = [[case[-1] or 0 for case in group] for group in alike]
    level = sum(len(group) for group in last if len(set(group)) == 1)
    side = sum(len(group) for group in last if len({one >= POSITIVE_LEVEL for one in group}) == 1)
    return f"{level / len(cases):.0%}", f"{side / len(cases):.0%}"


@pytest.mark.parametrize(("people", "side"), [(people, SIDES.get(people, "0%")) for people in range(3, 11)])
def test_answer_of_one_who_joins_is_never_certain(dialogue: Dialogue, people: int, side: str) -> None:
    """Nor do they learn what somebody said who joins a team of three to ten after they have tried everything.

    On which side of "largely" it is, is certain at times where a new picture was due: in it the member, one of the
    others and who joins are new.
    """
    assert certain(dialogue, people, 1) == ("0%", side)


@pytest.mark.parametrize(("people", "side"), [(3, "18%"), (4, "15%")])
def test_answer_of_one_of_two_is_never_certain(dialogue: Dialogue, people: int, side: str) -> None:
    """Nor of two, where they have everything deleted and come back as the third who is new, to get a new picture.

    On which side of "largely" it is can then be certain, in as many cases as stand here.
    """
    assert certain(dialogue, people, 2) == ("0%", side)


@pytest.mark.parametrize("people", range(3, 8))
def test_picture_knows_two_sides_only(people: int) -> None:
    """Whatever everybody says, one level more on the same side changes no word: no number of pictures tells it."""
    for case in combinations_with_replacement(ANSWERS, people):
        sides = [None if level is None else POSITIVE_LEVEL * (level >= POSITIVE_LEVEL) for level in case]

        assert words([{"vision": level} for level in case]) == words([{"vision": side} for side in sides])


def test_side_of_all_others_is_certain_in_the_smallest_teams_only() -> None:
    """In a team of three, and of four on one side, a picture can say on which side each of the others is."""
    sure = set()
    for people, own in product(range(3, 13), (0, POSITIVE_LEVEL)):
        alike = defaultdict(set)
        for there in range(people):
            levels = [own, *[POSITIVE_LEVEL] * there, *[0] * (people - 1 - there)]
            alike[words([{"vision": level} for level in levels])["vision"]].add(there)
        sure |= {(people, own, word) for word, found in alike.items() if found in ({0}, {people - 1})}

    assert sure == {
        (3, 0, TeamRating.STRONG),
        (3, POSITIVE_LEVEL, TeamRating.WEAK),
        (4, POSITIVE_LEVEL, TeamRating.WEAK),
    }
