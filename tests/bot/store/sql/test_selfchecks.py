"""Self-checks in the store: they belong to the person, and a team's picture has no names."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.domain.effects import CreateTeamCode, Effect, ErasePerson, LeaveTeam, SaveSelfCheck, ShareSelfCheck
from bot.domain.event import Event, EventKind
from bot.domain.selfcheck import SelfCheckProgress, SelfCheckStage, Team, TeamRating, TeamResult
from bot.domain.turn import State
from bot.store import Store, open_store_at
from bot.store.sqlite.migrations import migrations
from tests.bot.conftest import OpenStore
from tests.conftest import Clock
from tests.support.tables import tables

pytestmark = pytest.mark.durability

ADA = Event(1, EventKind.BUTTON, chat_id=10, user_id=20, message_id=5, name="Ada")
BEA = replace(ADA, chat_id=11, user_id=21, name="Bea")
CODE = "ABCDEF"


NUMBERS = count(1)


def apply_effects(store: Store, event: Event, *effects: Effect) -> None:
    """Store the effects of an update of this person."""
    update = next(NUMBERS)
    store.inbox.add_updates([(update, "10", "{}")])
    store.finish_update(update, event, None, (), effects)


def person(number: int) -> Event:
    return replace(ADA, chat_id=number, user_id=number)


def fill(store: Store, people: Iterable[int], level: int) -> None:
    """Let these people share the same answer under the code."""
    for number in people:
        apply_effects(store, person(number), SaveSelfCheck({"vision": level}, CODE))


def shared_answers(store: Store) -> list[str]:
    """Return the answers stored under the code."""
    return sorted(str(json.loads(row["answers"])) for row in tables(store)["shares"] if row["code"] == CODE)


def find_picture(store: Store) -> TeamResult | None:
    team = store.selfchecks.find_team(CODE)
    return team.result if team else None


def test_last_two_self_checks_are_kept(store: Store, clock: Clock) -> None:
    """The two most recent self-checks are kept, the newest first."""
    for level in (0, 1, 2):
        clock.now += 1
        apply_effects(store, ADA, SaveSelfCheck({"vision": level, "ansatz": None}))

    assert [result.created for result in store.selfchecks.recent_selfchecks(20)] == [clock(), clock() - 1]

    assert [result.answers for result in store.selfchecks.recent_selfchecks(20)] == [
        {"vision": 2, "ansatz": None},
        {"vision": 1, "ansatz": None},
    ]
    assert store.selfchecks.recent_selfchecks(21) == []


def test_each_person_counts_once_under_a_code(store: Store) -> None:
    """Filling in again replaces the earlier answers; an unknown code has no team."""
    apply_effects(store, ADA, CreateTeamCode(CODE))
    apply_effects(store, ADA, SaveSelfCheck({"vision": 0}, CODE))
    apply_effects(store, BEA, ShareSelfCheck({"vision": 3}, CODE))
    apply_effects(store, ADA, SaveSelfCheck({"vision": 1}, CODE))

    assert shared_answers(store) == ["{'vision': 1}", "{'vision': 3}"]
    assert (store.selfchecks.team_codes(20), store.selfchecks.team_codes(22)) == ({CODE: False}, {})
    assert store.selfchecks.find_team(CODE) == Team(2, 2)
    assert store.selfchecks.find_team("ZZZZZZ") is None


def test_new_code_waits_for_answers(store: Store) -> None:
    """A code exists from the moment it is created, before anybody shares answers under it."""
    apply_effects(store, ADA, CreateTeamCode(CODE))

    assert store.selfchecks.find_team(CODE) == Team(0, 0)


def test_leaving_removes_only_the_own_answers(store: Store) -> None:
    """Leaving a team keeps the others' answers and the person's own result."""
    apply_effects(store, ADA, CreateTeamCode(CODE), SaveSelfCheck({"vision": 0}, CODE))
    apply_effects(store, BEA, SaveSelfCheck({"vision": 3}, CODE))
    apply_effects(store, ADA, LeaveTeam(CODE))

    assert shared_answers(store) == ["{'vision': 3}"]
    assert len(store.selfchecks.recent_selfchecks(20)) == 1


def test_self_checks_are_deleted_with_the_person(store: Store) -> None:
    """Results and shared answers are exported and deleted with a person's data, and those of others stay."""
    apply_effects(store, ADA, CreateTeamCode(CODE), SaveSelfCheck({"vision": 0}, CODE))
    apply_effects(store, BEA, SaveSelfCheck({"vision": 3}, CODE))
    exported = set(store.erasure.load_personal_data(20))
    apply_effects(store, ADA, ErasePerson())

    assert {"checks", "shares"} <= exported
    assert store.erasure.load_personal_data(20) == {}
    assert shared_answers(store) == ["{'vision': 3}"]


def test_old_self_checks_are_purged(store: Store, clock: Clock) -> None:
    """Old results, shared answers and unused codes are purged; a code in use stays."""
    apply_effects(store, ADA, CreateTeamCode(CODE), CreateTeamCode("BBBBBB"), SaveSelfCheck({"vision": 0}, CODE))
    clock.now += 1000
    apply_effects(store, BEA, SaveSelfCheck({"vision": 3}, CODE))
    store.erasure.purge_expired(clock() - 500)

    assert store.selfchecks.recent_selfchecks(20) == []
    assert shared_answers(store) == ["{'vision': 3}"]
    assert store.selfchecks.find_team("BBBBBB") is None


def test_picture_is_made_with_three_members_and_stays(store: Store, clock: Clock) -> None:
    """A team's picture is made with its third member, and is not changed by members who fill in again."""
    fill(store, (1, 2), 3)
    before = find_picture(store)
    fill(store, (3,), 3)
    first, early = find_picture(store), clock.now
    clock.now += 1
    fill(store, (1, 2, 3), 0)
    apply_effects(store, person(4), SaveSelfCheck({"vision": 0}, CODE), LeaveTeam(CODE))
    fill(store, (4, 5), 0)

    assert before is None
    assert first == TeamResult({"vision": TeamRating.STRONG}, 3, early)
    assert store.selfchecks.find_team(CODE) == Team(5, 2, first)
    assert (store.selfchecks.team_codes(1), store.selfchecks.team_codes(4)) == ({CODE: True}, {CODE: False})
    assert shared_answers(store) == ["{'vision': 0}"] * 2 + ["{'vision': 3}"] * 3


def test_next_picture_is_made_with_three_more_members(store: Store, clock: Clock) -> None:
    """With every third new member, a new picture of the whole team is made."""
    fill(store, (1, 2, 3, 4, 5), 3)
    clock.now += 1
    fill(store, (6,), 0)

    assert store.selfchecks.find_team(CODE) == Team(6, 0, TeamResult({"vision": TeamRating.STRONG}, 6, clock.now))


def test_picture_is_removed_with_too_few_members(store: Store) -> None:
    """The picture is removed when fewer than three of its members are left, and does not return with one of them."""
    fill(store, (1, 2, 3), 3)
    apply_effects(store, person(3), LeaveTeam(CODE))
    after_leaving = store.selfchecks.find_team(CODE)
    fill(store, (3,), 0)

    assert after_leaving == Team(2, 0)
    assert store.selfchecks.find_team(CODE) == Team(3, 1)
    fill(store, (4, 5), 3)
    assert find_picture(store) is not None
    for number in (1, 2, 4):
        apply_effects(store, person(number), ErasePerson())
    assert tables(store)["pictures"] == []


def test_picture_has_no_answers_of_deleted_members(store: Store) -> None:
    """After a member's deletion their answers are gone, but the picture, which has only words, stays."""
    fill(store, (1, 2), 3)
    fill(store, (3, 4), 0)
    fill(store, (5,), 1)
    fill(store, (6,), 2)
    apply_effects(store, person(6), ErasePerson())

    assert shared_answers(store) == ["{'vision': 0}"] * 2 + ["{'vision': 1}"] + ["{'vision': 3}"] * 2
    (row,) = tables(store)["pictures"]
    assert (row["words"], row["people"]) == ('{"vision":"mixed"}', 6)


def test_picture_is_purged_with_its_answers(store: Store, clock: Clock) -> None:
    """A picture is purged with the answers that it was made from, even if new members are waiting."""
    fill(store, (1, 2, 3), 3)
    clock.now += 1000
    fill(store, (4, 5), 0)
    store.erasure.purge_expired(clock() - 500)

    assert store.selfchecks.find_team(CODE) == Team(2, 2)
    assert tables(store)["pictures"] == []


def test_teams_have_separate_pictures(store: Store) -> None:
    """Answers under one code do not affect the picture of another."""
    fill(store, (1, 2, 3), 3)
    for number in (1, 2):
        apply_effects(store, person(number), ShareSelfCheck({"vision": 0}, "BBBBBB"))
    apply_effects(store, person(1), LeaveTeam("BBBBBB"))

    assert find_picture(store) is not None
    assert store.selfchecks.find_team("BBBBBB") == Team(1, 1)


def test_pictures_are_made_on_migration(tmp_path: Path, clock: Clock) -> None:
    """When a store without pictures is migrated, teams that are large enough get their pictures at once."""
    path = tmp_path / "bot.db"
    with closing(sqlite3.connect(path)) as connection:
        old = Database(connection)
        migrations.apply(old, stop_before="0011_pictures")
        for code, people in ((CODE, 4), ("BBBBBB", 2)):
            old.table("codes").insert({"code": code, "created": clock()})
            old.table("shares").insert_all(
                {"code": code, "user_id": number, "answers": '{"vision": 2}', "created": clock()}
                for number in range(1, people + 1)
            )
    with closing(open_store_at(f"sqlite:///{path}", clock)) as store:
        team, other = store.selfchecks.find_team(CODE), store.selfchecks.find_team("BBBBBB")
        codes = store.selfchecks.team_codes(1)

    assert team == Team(4, 0, TeamResult({"vision": TeamRating.STRONG}, 4, clock()))
    assert other == Team(2, 2)
    assert codes == {CODE: True, "BBBBBB": False}


def test_unfinished_self_check_survives_a_restart(open_store: OpenStore) -> None:
    """A self-check being filled in survives a restart."""
    state = State(check=SelfCheckProgress(SelfCheckStage.PAUSED, "ansatz", {"vision": 2, "handeln": None}, CODE))
    first = open_store()
    first.inbox.add_updates([(1, "10", "{}")])
    first.finish_update(1, ADA, state, (), ())
    first.close()

    assert open_store().users.load_state(ADA.state_key) == state
