"""Self-checks in the store: they belong to the person, and what is told together has no names."""

from dataclasses import replace
from itertools import count

from bot.effects import Effect, Forget, LeaveCode, NewCheck, NewCode, ShareCheck
from bot.model import Event, Kind, State
from bot.selfcheck import Check, Stage
from bot.store import SqlStore
from tests.bot.conftest import Opening
from tests.conftest import Clock

ADA = Event(1, Kind.BUTTON, chat_id=10, user_id=20, message_id=5, name="Ada")
BEA = replace(ADA, chat_id=11, user_id=21, name="Bea")
CODE = "ABCDEF"


NUMBERS = count(1)


def told(store: SqlStore, event: Event, *effects: Effect) -> None:
    """What an update of this person brings is written down."""
    update = next(NUMBERS)
    store.add_updates([(update, "10", "{}")])
    store.finish(update, event, None, (), effects)


def test_last_two_are_kept(store: SqlStore, clock: Clock) -> None:
    """The newest comes first; what is older than the one before it is not held any more."""
    for level in (0, 1, 2):
        clock.now += 1
        told(store, ADA, NewCheck({"vision": level, "ansatz": None}))

    assert [result.created for result in store.checks(20)] == [clock(), clock() - 1]

    assert [result.answers for result in store.checks(20)] == [
        {"vision": 2, "ansatz": None},
        {"vision": 1, "ansatz": None},
    ]
    assert store.checks(21) == []


def test_each_person_counts_once_under_a_code(store: SqlStore) -> None:
    """Who fills in again replaces what they told before; an unknown code is none."""
    told(store, ADA, NewCode(CODE))
    told(store, ADA, NewCheck({"vision": 0}, CODE))
    told(store, BEA, ShareCheck({"vision": 3}, CODE))
    told(store, ADA, NewCheck({"vision": 1}, CODE))

    assert sorted(str(answers) for answers in store.shared(CODE) or ()) == ["{'vision': 1}", "{'vision': 3}"]
    assert (store.codes(20), store.codes(22)) == ([CODE], [])
    assert store.shared("ZZZZZZ") is None


def test_new_code_waits_for_answers(store: SqlStore) -> None:
    """A code is known from the moment it is made, before anybody told anything under it."""
    told(store, ADA, NewCode(CODE))

    assert store.shared(CODE) == []


def test_leaving_takes_out_only_the_own_part(store: SqlStore) -> None:
    """After leaving, the others' answers and the person's own result are still there."""
    told(store, ADA, NewCode(CODE), NewCheck({"vision": 0}, CODE))
    told(store, BEA, NewCheck({"vision": 3}, CODE))
    told(store, ADA, LeaveCode(CODE))

    assert store.shared(CODE) == [{"vision": 3}]
    assert len(store.checks(20)) == 1


def test_forgotten_with_the_person(store: SqlStore) -> None:
    """Results and contributions are shown as the person's, and go with them; others' stay."""
    told(store, ADA, NewCode(CODE), NewCheck({"vision": 0}, CODE))
    told(store, BEA, NewCheck({"vision": 3}, CODE))
    held = set(store.person(20))
    told(store, ADA, Forget())

    assert {"checks", "shares"} <= held
    assert store.person(20) == {}
    assert store.shared(CODE) == [{"vision": 3}]


def test_purged_with_time(store: SqlStore, clock: Clock) -> None:
    """Old results, contributions and codes that nobody uses any more go; a code in use stays."""
    told(store, ADA, NewCode(CODE), NewCode("BBBBBB"), NewCheck({"vision": 0}, CODE))
    clock.now += 1000
    told(store, BEA, NewCheck({"vision": 3}, CODE))
    store.purge(clock() - 500)

    assert store.checks(20) == []
    assert store.shared(CODE) == [{"vision": 3}]
    assert store.shared("BBBBBB") is None


def test_unfinished_check_survives_reopening(opening: Opening) -> None:
    """What is being filled in is part of the person's state."""
    state = State(check=Check(Stage.PAUSED, "ansatz", {"vision": 2, "handeln": None}, CODE))
    first = opening()
    first.add_updates([(1, "10", "{}")])
    first.finish(1, ADA, state, (), ())
    first.close()

    assert opening().state(ADA.key) == state
