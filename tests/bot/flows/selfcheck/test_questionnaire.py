"""The self-check as functions of state and event, its diagram, and what follows from answers."""

from dataclasses import replace
from itertools import product

import pytest

from bot.domain.effects import SaveSelfCheck
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, EditMessage, Keyboard, SendMessage
from bot.domain.selfcheck import (
    LEVEL_COUNT,
    SelfCheckAnswers,
    SelfCheckProgress,
    SelfCheckResult,
    SelfCheckStage,
    compare_answers,
    compute_findings,
)
from bot.domain.turn import State, Turn
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from bot.flows.selfcheck import callbacks, chart, questionnaire, result
from knowledge.loader import BUILT_IN
from knowledge.records.selfcheck import SELFCHECK_FOLDER, SelfCheck, read_selfchecks
from prompts.telegram_html import html_to_plain
from tests.bot.flows.consultation.test_form import edges

EVENT = Event(1, EventKind.BUTTON, chat_id=10, user_id=20, message_id=5, language_code="de", callback_id="1")
CHECKS = read_selfchecks(BUILT_IN / SELFCHECK_FOLDER)
ORDER = [question.id for question in CHECKS[0].questions]
CODE = "ABCDEF"
CAPTION = 1_024  # characters; Bot API, sendPhoto


def tapped(dialogue: Dialogue, check: SelfCheckProgress | None, data: str) -> Turn:
    return dialogue.handle(State(check=check), replace(EVENT, text=f"k:{data}"))


def keep(dialogue: Dialogue, user: int, levels: SelfCheckAnswers, code: str = "") -> None:
    event = replace(EVENT, user_id=user)
    dialogue.store.inbox.add_updates([(user, "10", "{}")])
    dialogue.store.finish_update(user, event, None, (), [SaveSelfCheck(levels, code)])


def alike(level: int | None) -> dict[str, int | None]:
    return dict.fromkeys(ORDER, level)


def test_diagram_of_the_selfcheck(dialogue: Dialogue) -> None:
    """Whatever is tapped, written or commanded, it goes exactly the ways that its diagram shows."""
    keep(dialogue, 20, alike(1), CODE)
    values = ("", CODE, ORDER[0], ORDER[1], f"{ORDER[1]}:2")
    taps = [
        replace(EVENT, text=f"k:{tap}:{value}")
        for tap, value in product((*callbacks.SELFCHECK_ACTIONS, "advise"), values)
    ]
    written = [replace(EVENT, kind=EventKind.TEXT, text=text) for text in (CODE, "Was ist ein Backbone?")]
    typed = [
        replace(EVENT, kind=EventKind.COMMAND, text="", command=name) for name in ("selbstcheck", "hilfe", "start")
    ]
    ways = set()
    for stage, told, event in product(SelfCheckStage, ({}, {ORDER[0]: 2}), (*taps, *written, *typed)):
        after = dialogue.handle(State(check=SelfCheckProgress(stage, ORDER[1], told)), event).state.check
        ways |= {(stage.value, after.stage.value)} if after else set()

    assert {way for way in ways if way[0] != way[1]} == {
        way for way in edges(questionnaire.__doc__) if way[0] != way[1]
    }


def test_last_answer_keeps_the_result(dialogue: Dialogue) -> None:
    """The last answer, and nothing before it, keeps what was told; the message then has no buttons."""
    check, turns = SelfCheckProgress(at=ORDER[0]), []
    for one in ORDER:
        turns.append(tapped(dialogue, check, f"a:{one}:2"))
        check = turns[-1].state.check or check

    assert [len(turn.effects) for turn in turns] == [0] * 10 + [1]
    assert turns[-1].effects == (SaveSelfCheck(alike(2), ""),)
    assert turns[-1].state.check is None
    assert isinstance(turns[-1].messages[0], EditMessage)
    assert turns[-1].messages[0].keyboard == ()


@pytest.mark.parametrize(
    "data", ["a:vision:2", "a:ansatz:4", "a:ansatz:-1", "a:x:1", "back:vision", "back:x", "x", "", "in:ABCDEF",
             "in:../..", "bring:ABCDEF", "shared:ABCDEF", "leave:ABCDEF", "result:", "advise:", "step:x"]
)  # fmt: skip
def test_button_that_does_not_count_changes_nothing(dialogue: Dialogue, data: str) -> None:
    """Old, forged or unknown data, and codes that one is no part of, are answered with a toast."""
    check = SelfCheckProgress(at="ansatz", answers={"vision": 1})
    turn = tapped(dialogue, check, data)

    assert (turn.state.check, turn.effects) == (check, ())
    assert isinstance(turn.messages[0], AnswerCallback)


def test_back_shows_what_was_told(dialogue: Dialogue) -> None:
    """Back leads to the question before, where the answer given is marked."""
    turn = tapped(dialogue, SelfCheckProgress(at="ansatz", answers={"vision": 3}), "back:ansatz")

    assert turn.state.check == SelfCheckProgress(at="vision", answers={"vision": 3})
    assert "✓ ja, das haben wir" in labels(turn)


def test_question_that_was_taken_out_begins_anew(dialogue: Dialogue) -> None:
    """Where editors took out the question that somebody stood at, it goes on with the first."""
    turn = tapped(dialogue, SelfCheckProgress(SelfCheckStage.PAUSED, "gone", {"gone": 1}), "go:")

    assert turn.state.check is not None
    assert turn.state.check.at == ORDER[0]


def test_every_tap_is_in_a_keyboard(dialogue: Dialogue) -> None:
    """The table of buttons holds what keyboards show, and nothing else."""
    for user in (20, 21, 22):
        keep(dialogue, user, alike(1), CODE)
    events = [replace(EVENT, text=f"k:{data}") for data in (
        "start:", "begin:", "result:", "team:", "create:", f"shared:{CODE}", "back:ansatz", "pause:",
    )]  # fmt: skip
    events += [replace(EVENT, kind=EventKind.TEXT, text=CODE)]
    state = State(check=SelfCheckProgress(at="ansatz"))
    turns = [dialogue.handle(state, event) for event in events]
    turns += [dialogue.handle(State(), events[0])]
    turns += [dialogue.handle(State(check=SelfCheckProgress(SelfCheckStage.JOINING)), events[-1])]
    shown = {data.split(":")[1] for turn in turns for data in datas(turn) if data.startswith("k:")}

    assert shown | {"start"} == {*callbacks.SELFCHECK_ACTIONS, "advise"}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.lang)
def test_caption_fits_whatever_was_told(check: SelfCheck) -> None:
    """The longest result, with everything changed since the last time, fits under a picture."""
    names = sorted(check.questions, key=lambda question: -len(question.name))
    spread = {one.id: level for one, level in zip(names, (3, 3, 3, 0, 0, 0, None, 1, 2, 1, 2), strict=True)}
    past = {one.id: 3 - level for one in names if (level := spread[one.id]) is not None}
    said = result._result_message(
        check, check.lang, SelfCheckResult(spread, 1.8e9), SelfCheckResult(past, 1.7e9), CODE
    )

    assert 300 < len(html_to_plain(said.html)) <= CAPTION
    assert all(len(data.encode()) <= 64 for row in said.keyboard for data in [button.data for button in row])


def test_strengths_and_gaps() -> None:
    """Three of each at most, the clearest first; what is not known is neither."""
    answers = dict(zip(ORDER, (2, 3, 3, 3, 0, 1, 0, 1, None, 2, None), strict=True))
    found = compute_findings(answers, ORDER)

    assert found.strengths == ("ansatz", "handeln", "agenda")
    assert found.gaps == ("messung", "austausch", "abstimmung")
    assert found.unknown == ("fuersprache", "dringlichkeit")
    assert found.mean == pytest.approx(15 / 9)


@pytest.mark.parametrize(("level", "verdict"), [(3, "good"), (1, "fair"), (0, "early"), (None, "open")])
def test_verdict(level: int | None, verdict: str) -> None:
    """Where most is not known, no verdict is given on the rest."""
    assert result.summarise_result(CHECKS[0], alike(level)).verdict == verdict


def test_what_changed() -> None:
    """Only what was known both times has moved."""
    before, now = {"vision": 1, "ansatz": 3, "handeln": None}, {"vision": 2, "ansatz": 0, "handeln": 3}

    assert compare_answers(before, now, ORDER) == (("vision",), ("ansatz",))


def test_questions_in_the_language_or_in_german(dialogue: Dialogue) -> None:
    """Each language is asked its own questions, and German ones where it has none."""
    easy, french, german = (
        questionnaire.find_questionnaire(TurnContext(dialogue, State(lang=lang), EVENT))
        for lang in ("de-leicht", "fr", "de")
    )

    assert easy is not None
    assert easy.lang == "de-leicht"
    assert french == german


def test_chart_marks_what_is_not_known() -> None:
    """A row without a level says so instead of standing at nothing."""
    values = chart.build_own_chart(CHECKS[0], "de", alike(None), "")

    assert {row["value"] for group in values["groups"] for row in group["rows"]} == {None}
    assert len(values["scale"]) == LEVEL_COUNT


def keyboards(turn: Turn) -> list[Keyboard]:
    return [message.keyboard for message in turn.messages if isinstance(message, SendMessage | EditMessage)]


def labels(turn: Turn) -> list[str]:
    return [button.label for keyboard in keyboards(turn) for row in keyboard for button in row]


def datas(turn: Turn) -> list[str]:
    return [button.data for keyboard in keyboards(turn) for row in keyboard for button in row]
