"""Team codes: their format, the limit on guessing them, and what a team is shown."""

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
from tests.bot.flows.selfcheck.test_questionnaire import (
    CAPTION_LIMIT,
    CODE,
    EVENT,
    ORDER,
    callback_data,
    same_levels,
    save_result,
    tap,
)
from tests.conftest import Clock

NEW = "BCDFGHJKLM"  # in the current format; CODE is in the old one
WRONG = "ZZZZZZZZZZ"
JOINING = State(check=SelfCheckProgress(SelfCheckStage.JOINING))


def apply_effects(dialogue: Dialogue, *effects: Effect) -> None:
    dialogue.store.inbox.add_updates([(1, "10", "{}")])
    dialogue.store.finish_update(1, EVENT, None, (), effects)


def at_time(dialogue: Dialogue, now: float) -> Dialogue:
    return replace(dialogue, now=lambda: now)


def enter_code(dialogue: Dialogue, state: State, way: str, code: str) -> Turn:
    """Enter a code in one of the possible ways."""
    events = {
        "typed": replace(EVENT, kind=EventKind.TEXT, text=code),
        "linked": replace(EVENT, kind=EventKind.COMMAND, command="start", text=f"{TEAM_CODE_LINK}{code}"),
        "tapped": replace(EVENT, text=f"k:in:{code}"),
        "brought": replace(EVENT, text=f"k:bring:{code}"),
    }
    return dialogue.handle(replace(state, check=state.check or JOINING.check), events[way])


def shown_text(turn: Turn) -> str:
    return " ".join(message.html if isinstance(message, SendMessage) else str(message) for message in turn.messages)


def is_admitted(turn: Turn, code: str) -> bool:
    """Return whether the code led to the team."""
    return (
        turn.state.check is None
        or turn.state.check.code == code
        or ShareSelfCheck(same_levels(1), code) in turn.effects
    )


@pytest.mark.parametrize(
    "text", ["BCDFGHJKL", "BCDFGHJKLA", "BCDFGHJKLMN", "ABCDE", "ABCDEI", "ABCDEFG", "", "ABC DE"]
)
def test_invalid_code(text: str) -> None:
    """A code is ten consonants or, in the old format, six unambiguous letters; nothing else is."""
    assert not is_code(text)


def test_new_code_is_hard_to_guess(dialogue: Dialogue) -> None:
    """New codes are hard to guess, and have no vowels, so that they are never a word that somebody may type."""
    codes = {dialogue.new_code() for _ in range(100)}

    assert all(is_code(code) and len(code) == CODE_LENGTH >= 8 for code in codes)
    assert len(codes) == 100
    assert len(CODE_LETTERS) ** CODE_LENGTH > 10**13
    assert not set("AEIOUY") & set(CODE_LETTERS)


@pytest.mark.parametrize("code", [CODE, NEW])
def test_code_ignores_case_and_spaces(dialogue: Dialogue, code: str) -> None:
    """Case and spaces do not matter in a code, and codes in the old format are still valid."""
    apply_effects(dialogue, CreateTeamCode(code))
    turn = enter_code(dialogue, JOINING, "typed", f"{code[:3].lower()} {code[3:]}")

    assert f"k:in:{code}" in callback_data(turn)
    assert turn.state.check is None


def test_unknown_code_is_reported(dialogue: Dialogue) -> None:
    """A text that can only be a code is reported as unknown, and the right one is still awaited."""
    turn = enter_code(dialogue, JOINING, "typed", "zzzzz zzzzz")

    assert f"Den Code {WRONG} kenne ich nicht" in shown_text(turn)
    assert turn.state.check == JOINING.check


def test_other_word_is_answered_as_a_question(dialogue: Dialogue) -> None:
    """A word of six letters that is no team's code is answered as a question, and the code is still awaited."""
    turn = enter_code(dialogue, JOINING, "typed", "Spende")

    assert "kenne ich nicht" not in shown_text(turn)
    assert turn.state.last_question == "Spende"
    assert turn.state.check == JOINING.check


@pytest.mark.parametrize("wrong", [WRONG, "ZZZZZZ"])
@pytest.mark.parametrize("way", ["typed", "linked", "tapped", "brought"])
@pytest.mark.parametrize("right", [CODE, NEW])
def test_guessing_ends_after_ten_wrong_codes(
    dialogue: Dialogue, clock: Clock, right: str, way: str, wrong: str
) -> None:
    """After ten wrong codes, entered in any way, even the right one is refused until the hour is over."""
    apply_effects(dialogue, CreateTeamCode(right), SaveSelfCheck(same_levels(1)))
    state, early = JOINING, at_time(dialogue, clock())
    for _ in range(10):
        state = enter_code(early, state, way, wrong).state
    refused = enter_code(early, state, way, right)
    later = enter_code(at_time(dialogue, clock() + 3_600), state, way, right)

    assert not is_admitted(refused, right)
    assert refused.effects == ()
    assert is_admitted(later, right)


def test_guesses_survive_a_restart(settings: Settings, live: LiveIndex, dialogue: Dialogue, clock: Clock) -> None:
    """The number of wrong codes is stored, so that a restart does not reset it."""
    apply_effects(dialogue, CreateTeamCode(NEW))
    state = JOINING
    for _ in range(10):
        state = enter_code(at_time(dialogue, clock()), state, "tapped", WRONG).state
    dialogue.store.inbox.add_updates([(2, "10", "{}")])
    dialogue.store.finish_update(2, EVENT, state, (), ())
    restarted = make_dialogue(BotRuntime(settings, live, dialogue.store))

    state = restarted.store.users.load_state(EVENT.state_key)
    assert not is_admitted(enter_code(at_time(restarted, clock()), state, "tapped", NEW), NEW)


def test_nine_wrong_codes_and_a_clock_set_back(dialogue: Dialogue, clock: Clock) -> None:
    """Nine wrong codes do not block the right one, and guesses counted in the future are ignored."""
    apply_effects(dialogue, CreateTeamCode(NEW))
    state = JOINING
    for _ in range(9):
        state = enter_code(at_time(dialogue, clock()), state, "typed", WRONG).state
    tenth = enter_code(at_time(dialogue, clock()), state, "typed", WRONG).state

    assert is_admitted(enter_code(at_time(dialogue, clock()), state, "typed", NEW), NEW)
    assert is_admitted(enter_code(at_time(dialogue, clock() - 60), tenth, "typed", NEW), NEW)


def test_own_code_is_never_refused(dialogue: Dialogue, clock: Clock) -> None:
    """After too many wrong codes, a member still reaches their own team, and is told about the limit."""
    save_result(dialogue, 20, same_levels(1), NEW)
    state = JOINING
    for _ in range(10):
        state = enter_code(at_time(dialogue, clock()), state, "typed", WRONG).state
    refused = enter_code(at_time(dialogue, clock()), state, "typed", WRONG)

    assert "in einer Stunde wieder" in shown_text(refused)
    assert refused.state == state
    assert is_admitted(enter_code(at_time(dialogue, clock()), state, "typed", NEW), NEW)


def test_new_codes_are_limited_per_day(dialogue: Dialogue, clock: Clock) -> None:
    """A person can create five codes a day, is then asked to use one of those, and can create more the next day."""
    state, created = State(), []
    for _ in range(6):
        turn = at_time(dialogue, clock()).handle(state, replace(EVENT, text="k:create:"))
        state = turn.state
        created.append(len(turn.effects))
    tomorrow = at_time(dialogue, clock() + 86_400).handle(state, replace(EVENT, text="k:create:"))

    assert created == [1, 1, 1, 1, 1, 0]
    assert "Nehmen Sie gern einen davon" in shown_text(turn)
    assert len(tomorrow.effects) == 1


def test_two_people_see_no_picture(dialogue: Dialogue) -> None:
    """A team of two is shown only its size, a team of three a word for each question."""
    for user in (20, 21):
        save_result(dialogue, user, same_levels(3), CODE)
    few = tap(dialogue, None, f"shared:{CODE}")
    save_result(dialogue, 22, same_levels(0), CODE)
    enough = tap(dialogue, None, f"shared:{CODE}")

    assert "2 Personen" in shown_text(few)
    assert find_picture(few) is None
    assert picture_words(enough) == {"eher schon da"}


def test_people_who_join_later_are_counted_as_waiting(dialogue: Dialogue) -> None:
    """People who join after the picture was made are counted as waiting and are not part of it."""
    for user in range(20, 25):
        save_result(dialogue, user, same_levels(3), CODE)
    shown = shown_text(tap(dialogue, None, f"shared:{CODE}"))

    assert "3 Personen unter dem Code" in shown
    assert "Seitdem sind 2 Personen dazugekommen" in shown


def test_picture_is_removed_if_a_member_leaves(dialogue: Dialogue) -> None:
    """If one of three people leaves, there is no picture, and one new person does not bring it back."""
    for user in (20, 21, 22):
        save_result(dialogue, user, same_levels(3), CODE)
    dialogue.store.inbox.add_updates([(30, "10", "{}")])
    dialogue.store.finish_update(30, replace(EVENT, user_id=22), None, (), [LeaveTeam(CODE)])
    after_leaving = tap(dialogue, None, f"shared:{CODE}")
    save_result(dialogue, 23, same_levels(0), CODE)
    after_joining = tap(dialogue, None, f"shared:{CODE}")

    assert find_picture(after_leaving) is find_picture(after_joining) is None
    assert shown_text(after_leaving) == shown_text(after_joining)
    assert "sobald 3 Personen dazugekommen sind" in shown_text(after_leaving)
    assert "k:create:" in callback_data(after_leaving)


def test_differing_opinions_are_only_named_from_six_people(dialogue: Dialogue) -> None:
    """Only in a team of six or more does the picture say that opinions differ."""
    for user in range(20, 23):
        save_result(dialogue, user, same_levels(3), CODE)
    few = picture_words(tap(dialogue, None, f"shared:{CODE}"))
    for user in range(23, 20 + MIN_ANSWERS_FOR_MIXED):
        save_result(dialogue, user, same_levels(0), CODE)

    assert few == {"eher schon da"}
    assert picture_words(tap(dialogue, None, f"shared:{CODE}")) == {"verschieden gesehen"}


def test_answers_in_the_picture_stay(dialogue: Dialogue) -> None:
    """A member whose answers are in the picture is told so, and can repeat the self-check only on their own."""
    for user in (20, 21, 22):
        save_result(dialogue, user, same_levels(1), NEW)
    ways = [enter_code(dialogue, JOINING, way, NEW) for way in ("typed", "linked", "tapped", "brought")]
    repeated = dialogue.handle(State(), replace(EVENT, text="k:again:"))

    assert all("stecken schon im gemeinsamen Bild" in shown_text(turn) for turn in ways)
    assert [turn.effects for turn in ways] == [()] * 4
    assert repeated.state.check == SelfCheckProgress(at=ORDER[0])


def test_picture_made_while_filling_in_again(dialogue: Dialogue) -> None:
    """If the picture is made while a member fills in the self-check again, they are told their first answers stay."""
    save_result(dialogue, 20, same_levels(1), NEW)
    last = ORDER[-1]
    check = SelfCheckProgress(at=last, answers=same_levels(3), code=NEW)
    before = tap(dialogue, check, f"a:{last}:3").messages[0]
    for user in (21, 22):
        save_result(dialogue, user, same_levels(1), NEW)
    after = tap(dialogue, check, f"a:{last}:3").messages[0]

    assert "gehören jetzt ohne Namen" in str(before)
    assert "was Sie zuerst geantwortet haben" in str(after)


def test_own_result_is_shared_with_a_team(dialogue: Dialogue) -> None:
    """A person's own result can be shared with a team without filling in the self-check again."""
    apply_effects(dialogue, SaveSelfCheck(same_levels(2)), CreateTeamCode(CODE))

    assert tap(dialogue, None, f"bring:{CODE}").effects == (ShareSelfCheck(same_levels(2), CODE),)


@pytest.mark.parametrize("lang", ["de", "en", "de-leicht"])
@pytest.mark.parametrize("levels", [(3, 3, 3), (0, 0, 0), (3, 3, 3, 0, 0, 0)])
def test_caption_of_a_team_picture_fits(dialogue: Dialogue, lang: str, levels: tuple[int, ...]) -> None:
    """The longest description of a team's picture fits in the caption."""
    for user, level in enumerate((*levels, 1, 1), 20):
        save_result(dialogue, user, same_levels(level), NEW)
    shown = dialogue.handle(State(lang=lang), replace(EVENT, text=f"k:shared:{NEW}")).messages[0]

    assert isinstance(shown, SendMessage)
    assert shown.attachment is not None
    assert 300 < len(html_to_plain(shown.html)) <= CAPTION_LIMIT


def find_picture(turn: Turn) -> Attachment | None:
    return next((message.attachment for message in turn.messages if isinstance(message, SendMessage)), None)


def picture_words(turn: Turn) -> set[str]:
    """Return the words in the picture."""
    attachment = find_picture(turn)
    assert attachment is not None
    return {row["word"]["text"] for group in attachment.values["groups"] for row in group["rows"]}
