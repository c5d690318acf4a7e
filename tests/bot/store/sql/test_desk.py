"""What belongs to an advisers' chat, on both databases."""

import pytest

from bot.domain.effects import (
    BlockRequester,
    DeleteTextBlock,
    ErasePerson,
    NoteColleague,
    NoteGreeting,
    SaveTextBlock,
    UnblockRequester,
)
from bot.domain.event import Event, EventKind
from bot.store import Store
from bot.store.records import Colleague
from tests.conftest import Clock

pytestmark = pytest.mark.durability

ADA, BEA, CEM, DESK, OTHER = 20, 30, 31, -1_009_900, -1_009_901


def test_text_blocks_of_each_chat(store: Store) -> None:
    """Each advisers' chat has its own text blocks in the order of their names; a new text replaces the old one."""
    blocks = [SaveTextBlock(DESK, "termin", "A"), SaveTextBlock(DESK, "anfang", "B"), SaveTextBlock(OTHER, "x", "C")]
    store.apply((), [*blocks, SaveTextBlock(DESK, "termin", "D")])
    both = store.desk.text_blocks(DESK), store.desk.text_blocks(OTHER)
    store.apply((), [DeleteTextBlock(DESK, "anfang"), DeleteTextBlock(OTHER, "nothing")])

    assert [list(blocks.items()) for blocks in both] == [[("anfang", "B"), ("termin", "D")], [("x", "C")]]
    assert store.desk.text_blocks(DESK) == {"termin": "D"}


def test_colleagues_are_listed_by_when_they_were_seen(store: Store, clock: Clock) -> None:
    """Colleagues are listed with their latest names, whoever was seen last first, and not those of long ago."""
    start = clock.now
    store.apply((), [NoteColleague(DESK, BEA, "Bea", "bea"), NoteColleague(OTHER, ADA, "Ada", "")])
    clock.now += 10
    store.apply((), [NoteColleague(DESK, CEM, "Cem", "")])
    clock.now += 10
    store.apply((), [NoteColleague(DESK, BEA, "Bea B.", "")])

    bea, cem = Colleague(BEA, "Bea B.", "", start + 20), Colleague(CEM, "Cem", "", start + 10)
    assert store.desk.colleagues(DESK, 0) == [bea, cem]
    assert store.desk.colleagues(DESK, start + 11) == [bea]


def test_blocking_ends_with_an_erasure(store: Store, clock: Clock) -> None:
    """A person is blocked until a time, until it is lifted, or until they delete everything about themselves."""
    store.apply((), [BlockRequester(ADA, clock() + 10)])
    first = store.desk.blocked_until(ADA)
    store.apply((), [BlockRequester(ADA, clock() + 20)])
    longer = store.desk.blocked_until(ADA)
    store.apply((), [UnblockRequester(ADA)])
    lifted = store.desk.blocked_until(ADA)
    store.apply((), [BlockRequester(ADA, clock() + 20), NoteColleague(DESK, ADA, "Ada", "")])
    store.inbox.add_updates([(1, str(ADA), "{}")])
    store.finish_update(1, Event(1, EventKind.BUTTON, ADA, ADA, 5), None, (), [ErasePerson()])

    assert (first, longer, lifted) == (clock() + 10, clock() + 20, 0)
    assert (store.desk.blocked_until(ADA), store.desk.colleagues(DESK, 0)) == (0, [])


def test_everything_moves_with_the_group(store: Store, clock: Clock) -> None:
    """If a group gets another id, its text blocks, colleagues and greeting move with it."""
    unknown = store.desk.greeted_at(DESK)
    block, colleague = SaveTextBlock(DESK, "termin", "A"), NoteColleague(DESK, BEA, "Bea", "")
    store.apply((), [block, colleague, NoteGreeting(DESK)])
    for _ in range(2):  # both the update and the refused call say so
        store.outbox.migrate_chat(DESK, OTHER)

    moved = (store.desk.text_blocks(OTHER), len(store.desk.colleagues(OTHER, 0)), store.desk.greeted_at(OTHER))
    assert (unknown, moved) == (0, ({"termin": "A"}, 1, clock()))
    assert store.desk.text_blocks(DESK) == {}
