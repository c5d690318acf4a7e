"""Codes of teams: their form, who may try how many of them, and what is shown under one."""

from dataclasses import replace

import pytest

from bot.app.bootstrap import BotRuntime, make_dialogue
from bot.domain.effects import CreateTeamCode, Effect, LeaveTeam, SaveSelfCheck, ShareSelfCheck
from bot.domain.event import EventKind
from bot.domain.message import Attachment, SendMessage
from bot.domain.selfcheck import (
    CODE_LENGTH,
    CODE_LETTERS,
    MIN_ANSWERS_FOR_MIXED,
    SelfCheckProgress,
    SelfCheckStage,
    is_code,
)
from bot.domain.turn import State, Turn
from bot.flows.dialogue import Dialogue
from bot.flows.selfcheck.team import TEAM_CODE_LINK
from bot.settings import Settings
from index.search.live_index import LiveIndex
from prompts.telegram_html import html_to_plain
from tests.bot.flows.selfcheck.test_questionnaire import CAPTION, CODE, EVENT, ORDER, alike, datas, keep, tapped
from tests.conftest import Clock

NEW = "BCDFGHJKLM"  # a code as they are made now; CODE is one of before
WRONG = "ZZZZZZZZZZ"
JOINING = State(check=SelfCheckProgress(SelfCheckStage.JOINING))


def did(dialogue: Dialogue, *effects: Effect) -> None:
    dialogue.store.inbox.add_updates([(1, "10", "{}")])
    dialogue.store.finish_update(1, EVENT, None, (), effects)


def at(dialogue: Dialogue, now: float) -> Dialogue:
    return replace(dialogue, now=lambda: now)


def tries(dialogue: Dialogue, state: State, way: str, code: str) -> Turn:
    """Try a code in one of the ways in which one can come."""
    events = {
        "typed": replace(EVENT, kind=EventKind.TEXT, text=code),
        "linked": replace(EVENT, kind=EventKind.COMMAND, command="start", text=f"{TEAM_CODE_LINK}{code}"),
        "tapped": replace(EVENT, text=f"k:in:{code}"),
        "brought": replace(EVENT, text=f"k:bring:{code}"),
    }
    return dialogue.handle(replace(state, check=state.check or JOINING.check), events[way])


def said(turn: Turn) -> str:
    return " ".join(message.html if isinstance(message, SendMessage) else str(message) for message in turn.messages)


def is_in(turn: Turn, code: str) -> bool:
    """Whether the code led to the team."""
    return turn.state.check is None or turn.state.check.code == code or ShareSelfCheck(alike(1), code) in turn.effects


@pytest.mark.parametrize(
    "text", ["BCDFGHJKL", "BCDFGHJKLA", "BCDFGHJKLMN", "ABCDE", "ABCDEI", "ABCDEFG", "", "ABC DE"]
)
def test_what_is_no_code(text: str) -> None:
    """Ten consonants, or as before six letters none of which is read as another."""
    assert not is_code(text)


def test_new_code_is_long_and_no_word(dialogue: Dialogue) -> None:
    """At least as hard to guess as ten of twenty letters; without vowels it is no word that somebody may write."""
    codes = {dialogue.new_code() for _ in range(100)}

    assert all(is_code(code) and len(code) == CODE_LENGTH >= 8 for code in codes)
    assert len(codes) == 100
    assert len(CODE_LETTERS) ** CODE_LENGTH > 10**13
    assert not set("AEIOUY") & set(CODE_LETTERS)


@pytest.mark.parametrize("code", [CODE, NEW])
def test_code_is_read_as_people_type_it(dialogue: Dialogue, code: str) -> None:
    """Small letters and spaces do not matter; a code of before is still one."""
    did(dialogue, CreateTeamCode(code))
    turn = tries(dialogue, JOINING, "typed", f"{code[:3].lower()} {code[3:]}")

    assert f"k:in:{code}" in datas(turn)
    assert turn.state.check is None


def test_unknown_code_is_named(dialogue: Dialogue) -> None:
    """What can be nothing but a code is said to be unknown, and the right one is awaited on."""
    turn = tries(dialogue, JOINING, "typed", "zzzzz zzzzz")

    assert f"Den Code {WRONG} kenne ich nicht" in said(turn)
    assert turn.state.check == JOINING.check


def test_word_while_a_code_is_awaited_is_answered(dialogue: Dialogue) -> None:
    """A word of six letters that is no team's code is answered as any other; the code is awaited on."""
    turn = tries(dialogue, JOINING, "typed", "Spende")

    assert "kenne ich nicht" not in said(turn)
    assert turn.state.last_question == "Spende"
    assert turn.state.check == JOINING.check


@pytest.mark.parametrize("wrong", [WRONG, "ZZZZZZ"])
@pytest.mark.parametrize("way", ["typed", "linked", "tapped", "brought"])
@pytest.mark.parametrize("right", [CODE, NEW])
def test_guessing_ends_after_ten_wrong_codes(
    dialogue: Dialogue, clock: Clock, right: str, way: str, wrong: str
) -> None:
    """However they come, ten wrong codes an hour are all; then the right one is not let in either, until the hour is
    over."""
    did(dialogue, CreateTeamCode(right), SaveSelfCheck(alike(1)))
    state, early = JOINING, at(dialogue, clock())
    for _ in range(10):
        state = tries(early, state, way, wrong).state
    slowed = tries(early, state, way, right)
    later = tries(at(dialogue, clock() + 3_600), state, way, right)

    assert not is_in(slowed, right)
    assert slowed.effects == ()
    assert is_in(later, right)


def test_guesses_survive_a_restart(settings: Settings, live: LiveIndex, dialogue: Dialogue, clock: Clock) -> None:
    """What is counted is part of what the store keeps of the person."""
    did(dialogue, CreateTeamCode(NEW))
    state = JOINING
    for _ in range(10):
        state = tries(at(dialogue, clock()), state, "tapped", WRONG).state
    dialogue.store.inbox.add_updates([(2, "10", "{}")])
    dialogue.store.finish_update(2, EVENT, state, (), ())
    again = make_dialogue(BotRuntime(settings, live, dialogue.store))

    assert not is_in(tries(at(again, clock()), again.store.users.load_state(EVENT.state_key), "tapped", NEW), NEW)


def test_nine_wrong_codes_and_a_clock_put_back(dialogue: Dialogue, clock: Clock) -> None:
    """Nine are forgiven; and what was counted in a time that is yet to come counts no more."""
    did(dialogue, CreateTeamCode(NEW))
    state = JOINING
    for _ in range(9):
        state = tries(at(dialogue, clock()), state, "typed", WRONG).state
    tenth = tries(at(dialogue, clock()), state, "typed", WRONG).state

    assert is_in(tries(at(dialogue, clock()), state, "typed", NEW), NEW)
    assert is_in(tries(at(dialogue, clock() - 60), tenth, "typed", NEW), NEW)


def test_own_team_is_no_guess(dialogue: Dialogue, clock: Clock) -> None:
    """Who has answered under a code gets there also after many wrong ones, and is told kindly about the others."""
    keep(dialogue, 20, alike(1), NEW)
    state = JOINING
    for _ in range(10):
        state = tries(at(dialogue, clock()), state, "typed", WRONG).state
    refused = tries(at(dialogue, clock()), state, "typed", WRONG)

    assert "in einer Stunde wieder" in said(refused)
    assert refused.state == state
    assert is_in(tries(at(dialogue, clock()), state, "typed", NEW), NEW)


def test_a_few_new_codes_a_day(dialogue: Dialogue, clock: Clock) -> None:
    """After five codes a person is told kindly that they have some; a day later there are new ones."""
    state, given = State(), []
    for _ in range(6):
        turn = at(dialogue, clock()).handle(state, replace(EVENT, text="k:create:"))
        state = turn.state
        given.append(len(turn.effects))
    tomorrow = at(dialogue, clock() + 86_400).handle(state, replace(EVENT, text="k:create:"))

    assert given == [1, 1, 1, 1, 1, 0]
    assert "Nehmen Sie gern einen davon" in said(turn)
    assert len(tomorrow.effects) == 1


def test_two_people_see_no_picture(dialogue: Dialogue) -> None:
    """With two people there is only their number, with three there is a word for each question."""
    for user in (20, 21):
        keep(dialogue, user, alike(3), CODE)
    few = tapped(dialogue, None, f"shared:{CODE}")
    keep(dialogue, 22, alike(0), CODE)
    enough = tapped(dialogue, None, f"shared:{CODE}")

    assert "2 Personen" in said(few)
    assert drawing(few) is None
    assert words(enough) == {"eher schon da"}


def test_picture_says_that_people_wait(dialogue: Dialogue) -> None:
    """Who joins after the picture was made is counted there as waiting, and not as part of it."""
    for user in range(20, 25):
        keep(dialogue, user, alike(3), CODE)
    shown = said(tapped(dialogue, None, f"shared:{CODE}"))

    assert "3 Personen unter dem Code" in shown
    assert "Seitdem sind 2 Personen dazugekommen" in shown


def test_picture_ends_when_too_few_of_it_are_left(dialogue: Dialogue) -> None:
    """Where somebody of three leaves, there is no picture; who comes back brings none of the same people."""
    for user in (20, 21, 22):
        keep(dialogue, user, alike(3), CODE)
    dialogue.store.inbox.add_updates([(30, "10", "{}")])
    dialogue.store.finish_update(30, replace(EVENT, user_id=22), None, (), [LeaveTeam(CODE)])
    left = tapped(dialogue, None, f"shared:{CODE}")
    keep(dialogue, 23, alike(0), CODE)
    back = tapped(dialogue, None, f"shared:{CODE}")

    assert drawing(left) is drawing(back) is None
    assert said(left) == said(back)
    assert "sobald 3 Personen dazugekommen sind" in said(left)
    assert "k:create:" in datas(left)


def test_mixed_is_said_of_six(dialogue: Dialogue) -> None:
    """That people see something differently is said from six people on."""
    for user in range(20, 23):
        keep(dialogue, user, alike(3), CODE)
    few = words(tapped(dialogue, None, f"shared:{CODE}"))
    for user in range(23, 20 + MIN_ANSWERS_FOR_MIXED):
        keep(dialogue, user, alike(0), CODE)

    assert few == {"eher schon da"}
    assert words(tapped(dialogue, None, f"shared:{CODE}")) == {"verschieden gesehen"}


def test_answers_in_a_picture_stay(dialogue: Dialogue) -> None:
    """Who is part of a picture is told so, however they come back, and a new self-check is one of their own."""
    for user in (20, 21, 22):
        keep(dialogue, user, alike(1), NEW)
    ways = [tries(dialogue, JOINING, way, NEW) for way in ("typed", "linked", "tapped", "brought")]
    again = dialogue.handle(State(), replace(EVENT, text="k:again:"))

    assert all("stecken schon im gemeinsamen Bild" in said(turn) for turn in ways)
    assert [turn.effects for turn in ways] == [()] * 4
    assert again.state.check == SelfCheckProgress(at=ORDER[0])


def test_picture_that_was_made_meanwhile(dialogue: Dialogue) -> None:
    """Who was filling in once more when the picture was made is told at the end that their first answers stay."""
    keep(dialogue, 20, alike(1), NEW)
    last = ORDER[-1]
    check = SelfCheckProgress(at=last, answers=alike(3), code=NEW)
    before = tapped(dialogue, check, f"a:{last}:3").messages[0]
    for user in (21, 22):
        keep(dialogue, user, alike(1), NEW)
    after = tapped(dialogue, check, f"a:{last}:3").messages[0]

    assert "gehören jetzt ohne Namen" in str(before)
    assert "was Sie zuerst geantwortet haben" in str(after)


def test_own_result_is_brought_to_a_code(dialogue: Dialogue) -> None:
    """Who has a result need not fill in again."""
    did(dialogue, SaveSelfCheck(alike(2)), CreateTeamCode(CODE))

    assert tapped(dialogue, None, f"bring:{CODE}").effects == (ShareSelfCheck(alike(2), CODE),)


@pytest.mark.parametrize("lang", ["de", "en", "de-leicht"])
@pytest.mark.parametrize("levels", [(3, 3, 3), (0, 0, 0), (3, 3, 3, 0, 0, 0)])
def test_caption_of_a_picture_fits(dialogue: Dialogue, lang: str, levels: tuple[int, ...]) -> None:
    """If a team says the same on every question, that fits under the picture."""
    for user, level in enumerate((*levels, 1, 1), 20):
        keep(dialogue, user, alike(level), NEW)
    shown = dialogue.handle(State(lang=lang), replace(EVENT, text=f"k:shared:{NEW}")).messages[0]

    assert isinstance(shown, SendMessage)
    assert shown.attachment is not None
    assert 300 < len(html_to_plain(shown.html)) <= CAPTION


def drawing(turn: Turn) -> Attachment | None:
    return next((message.attachment for message in turn.messages if isinstance(message, SendMessage)), None)


def words(turn: Turn) -> set[str]:
    """What the picture says."""
    found = drawing(turn)
    assert found is not None
    return {row["word"]["text"] for group in found.values["groups"] for row in group["rows"]}
