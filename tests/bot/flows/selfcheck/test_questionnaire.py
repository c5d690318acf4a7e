"""The self-check as a pure function of state and event, its diagram, and the findings from the answers."""

from dataclasses import replace
from itertools import product

import pytest

from bot.domain.effects import SaveSelfCheck
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, EditMessage, Keyboard, SendMessage
from bot.domain.selfcheck import (
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
from knowledge.records.selfcheck import LEVEL_COUNT, SELFCHECK_FOLDER, SelfCheck, read_selfchecks
from prompts.telegram_html import html_to_plain
from tests.bot.flows.consultation.test_form import edges

EVENT = Event(1, EventKind.BUTTON, chat_id=10, user_id=20, message_id=5, language_code="de", callback_id="1")
CHECKS = read_selfchecks(BUILT_IN / SELFCHECK_FOLDER)
ORDER = [question.id for question in CHECKS[0].questions]
CODE = "ABCDEF"
CAPTION_LIMIT = 1_024  # characters; Bot API, sendPhoto


def tap(dialogue: Dialogue, check: SelfCheckProgress | None, data: str) -> Turn:
    return dialogue.handle(State(check=check), replace(EVENT, text=f"k:{data}"))


def save_result(dialogue: Dialogue, user: int, levels: SelfCheckAnswers, code: str = "") -> None:
    event = replace(EVENT, user_id=user)
    dialogue.store.inbox.add_updates([(user, "10", "{}")])
    dialogue.store.finish_update(user, event, None, (), [SaveSelfCheck(levels, code)])


def same_levels(level: int | None) -> dict[str, int | None]:
    return dict.fromkeys(ORDER, level)


def test_selfcheck_follows_its_diagram(dialogue: Dialogue) -> None:
    """The transitions of the self-check, by any tap, text or command, are exactly the arrows of its diagram."""
    save_result(dialogue, 20, same_levels(1), CODE)
    values = ("", CODE, ORDER[0], ORDER[1], f"{ORDER[1]}:2")
    taps = [
        replace(EVENT, text=f"k:{action}:{value}")
        for action, value in product((*callbacks.SELFCHECK_ACTIONS, "advise"), values)
    ]
    texts = [replace(EVENT, kind=EventKind.TEXT, text=text) for text in (CODE, "Was ist ein Backbone?")]
    commands = [
        replace(EVENT, kind=EventKind.COMMAND, text="", command=name) for name in ("selbstcheck", "hilfe", "start")
    ]
    transitions = set()
    for stage, answers, event in product(SelfCheckStage, ({}, {ORDER[0]: 2}), (*taps, *texts, *commands)):
        after = dialogue.handle(State(check=SelfCheckProgress(stage, ORDER[1], answers)), event).state.check
        transitions |= {(stage.value, after.stage.value)} if after else set()

    assert {(source, target) for source, target in transitions if source != target} == {
        (source, target) for source, target in edges(questionnaire.__doc__) if source != target
    }


def test_last_answer_stores_the_result(dialogue: Dialogue) -> None:
    """Only the last answer stores the result, and the message then has no more buttons."""
    check, turns = SelfCheckProgress(at=ORDER[0]), []
    for question_id in ORDER:
        turns.append(tap(dialogue, check, f"a:{question_id}:2"))
        check = turns[-1].state.check or check

    assert [len(turn.effects) for turn in turns] == [0] * 10 + [1]
    assert turns[-1].effects == (SaveSelfCheck(same_levels(2), ""),)
    assert turns[-1].state.check is None
    assert isinstance(turns[-1].messages[0], EditMessage)
    assert turns[-1].messages[0].keyboard == ()


@pytest.mark.parametrize(
    "data", ["a:vision:2", "a:ansatz:4", "a:ansatz:-1", "a:x:1", "back:vision", "back:x", "x", "", "in:ABCDEF",
             "in:../..", "bring:ABCDEF", "shared:ABCDEF", "leave:ABCDEF", "result:", "advise:", "step:x"]
)  # fmt: skip
def test_invalid_button_changes_nothing(dialogue: Dialogue, data: str) -> None:
    """Outdated, forged or unknown data, and codes of other teams, change nothing and are answered with a toast."""
    check = SelfCheckProgress(at="ansatz", answers={"vision": 1})
    turn = tap(dialogue, check, data)

    assert (turn.state.check, turn.effects) == (check, ())
    assert isinstance(turn.messages[0], AnswerCallback)


def test_back_shows_the_given_answer(dialogue: Dialogue) -> None:
    """Back leads to the previous question, with the given answer marked."""
    turn = tap(dialogue, SelfCheckProgress(at="ansatz", answers={"vision": 3}), "back:ansatz")

    assert turn.state.check == SelfCheckProgress(at="vision", answers={"vision": 3})
    assert "✓ ja, das haben wir" in labels(turn)


def test_removed_question_restarts_the_selfcheck(dialogue: Dialogue) -> None:
    """If the current question was removed by the editors, the self-check restarts with the first one."""
    turn = tap(dialogue, SelfCheckProgress(SelfCheckStage.PAUSED, "gone", {"gone": 1}), "go:")

    assert turn.state.check is not None
    assert turn.state.check.at == ORDER[0]


def test_actions_match_the_keyboards(dialogue: Dialogue) -> None:
    """The self-check's actions are exactly those of the buttons in its keyboards."""
    for user in (20, 21, 22):
        save_result(dialogue, user, same_levels(1), CODE)
    events = [replace(EVENT, text=f"k:{data}") for data in (
        "start:", "begin:", "result:", "team:", "create:", f"shared:{CODE}", "back:ansatz", "pause:",
    )]  # fmt: skip
    events += [replace(EVENT, kind=EventKind.TEXT, text=CODE)]
    state = State(check=SelfCheckProgress(at="ansatz"))
    turns = [dialogue.handle(state, event) for event in events]
    turns += [dialogue.handle(State(), events[0])]
    turns += [dialogue.handle(State(check=SelfCheckProgress(SelfCheckStage.JOINING)), events[-1])]
    shown = {data.split(":")[1] for turn in turns for data in callback_data(turn) if data.startswith("k:")}

    assert shown | {"start"} == {*callbacks.SELFCHECK_ACTIONS, "advise"}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.lang)
def test_longest_result_fits_in_a_caption(check: SelfCheck) -> None:
    """The longest result, with every answer changed since the last time, fits in a picture's caption."""
    questions = sorted(check.questions, key=lambda question: -len(question.name))
    levels = (3, 3, 3, 0, 0, 0, 0, 0, 3, 3, None)
    now = {question.id: level for question, level in zip(questions, levels, strict=True)}
    before = {question_id: 3 - level for question_id, level in now.items() if level is not None}
    message = result._result_message(
        check, check.lang, SelfCheckResult(now, 1.8e9), SelfCheckResult(before, 1.7e9), CODE
    )

    assert 300 < len(html_to_plain(message.html)) <= CAPTION_LIMIT
    assert all(len(button.data.encode()) <= 64 for row in message.keyboard for button in row)


def test_strengths_and_gaps() -> None:
    """All strengths and gaps are found, the clearest first, and unanswered questions are neither."""
    answers = dict(zip(ORDER, (2, 3, 3, 3, 0, 1, 0, 1, None, 2, None), strict=True))
    findings = compute_findings(answers, ORDER)

    assert findings.strengths == ("ansatz", "handeln", "agenda", "vision", "mittel")
    assert findings.gaps == ("messung", "austausch", "abstimmung", "backbone")
    assert findings.unknown == ("fuersprache", "dringlichkeit")
    assert findings.mean == pytest.approx(15 / 9)


@pytest.mark.parametrize(("level", "verdict"), [(3, "good"), (1, "fair"), (0, "early"), (None, "open")])
def test_verdict(level: int | None, verdict: str) -> None:
    """The verdict follows from the levels, and is open if most answers are unknown."""
    assert result.summarise_result(CHECKS[0], same_levels(level), "de").verdict == verdict


def test_result_names_all_gaps_and_one_first_step(dialogue: Dialogue) -> None:
    """The result names every gap, offers entries for some, and suggests the first step for the clearest."""
    save_result(dialogue, 20, same_levels(1) | {"messung": 0})
    turn = tap(dialogue, None, "result:")
    text = result_text(turn)
    (questions,) = (check.questions for check in CHECKS if check.lang == "de")

    assert all(question.name in text for question in questions)
    assert [question.id for question in questions if question.first_step in text] == ["messung"]
    assert len([data for data in callback_data(turn) if data.startswith("e:")]) == 3


@pytest.mark.parametrize(
    ("levels", "text"),
    [({"backbone": None}, "Beginnen Sie mit „Koordinierende Stelle“"), ({}, "mit den anderen zusammen aus")],
)
def test_first_step_without_gaps(levels: SelfCheckAnswers, text: str) -> None:
    """Without a gap the first step is about what is unknown, or else about the others."""
    (check,) = (check for check in CHECKS if check.lang == "de")

    assert text in result.summarise_result(check, same_levels(3) | dict(levels), "de").first_step


def test_many_changes_are_counted() -> None:
    """Of many changes some are named and the others counted; the chart shows them all."""
    (check,) = (check for check in CHECKS if check.lang == "de")
    before, now = SelfCheckResult(same_levels(1), 1.7e9), SelfCheckResult(same_levels(2), 1.8e9)
    message = result._result_message(check, "de", now, before, "")

    assert "Systemischer Ansatz, Vernetztes Handeln, 8 weitere (siehe Bild)" in html_to_plain(message.html)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.lang)
def test_answers_fit_their_question(check: SelfCheck) -> None:
    """Every question has answers in its own words, all different, and a first step."""
    for question in check.questions:
        assert question.levels is not None
        assert len({*question.levels, questionnaire.level_label(question, None, check.lang)}) == LEVEL_COUNT + 1
        assert question.first_step
    by_id = {question.id: question for question in check.questions}
    assert by_id["dringlichkeit"].levels != by_id["vision"].levels


def test_questions_without_own_words_use_the_usual_ones() -> None:
    """Questions of a knowledge folder that gives no words are answered with the usual ones."""
    question = replace(CHECKS[0].questions[0], levels=None)

    assert [questionnaire.level_label(question, level, "de") for level in (0, 3, None)] == [
        "noch gar nicht", "ja", "weiß nicht",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("gaps", "steps"),
    [
        (["mittel", "dringlichkeit"], []),
        (["ansatz", "mittel"], ["k:step:4"]),
        (["mittel", "messung"], ["k:step:6"]),
    ],
)
def test_step_of_the_introduction_is_offered_if_one_treats_a_gap(
    dialogue: Dialogue, gaps: list[str], steps: list[str]
) -> None:
    """The result leads to the step about the first gap that has one; the entries help with the others."""
    save_result(dialogue, 20, same_levels(3) | dict.fromkeys(gaps, 0))
    turn = tap(dialogue, None, "result:")

    assert [data for data in callback_data(turn) if data.startswith("k:step:")] == steps


def test_changes_between_two_results() -> None:
    """Only questions answered both times count as changed."""
    before, now = {"vision": 1, "ansatz": 3, "handeln": None}, {"vision": 2, "ansatz": 0, "handeln": 3}

    assert compare_answers(before, now, ORDER) == (("vision",), ("ansatz",))


def test_questions_in_the_language_or_in_german(dialogue: Dialogue) -> None:
    """Questions are in the user's language, or in German if there are none in it."""
    plain, french, german = (
        questionnaire.find_questionnaire(TurnContext(dialogue, State(lang=lang), EVENT))
        for lang in ("de-leicht", "fr", "de")
    )

    assert plain is not None
    assert plain.lang == "de-leicht"
    assert french == german


def test_chart_marks_unknown_answers() -> None:
    """The chart shows an unanswered question as unknown, not as the lowest level."""
    values = chart.build_own_chart(CHECKS[0], "de", same_levels(None), "")

    assert {row["value"] for group in values["groups"] for row in group["rows"]} == {None}
    assert len(values["scale"]) == LEVEL_COUNT


def result_text(turn: Turn) -> str:
    return "".join(html_to_plain(message.html) for message in turn.messages if isinstance(message, SendMessage))


def keyboards(turn: Turn) -> list[Keyboard]:
    return [message.keyboard for message in turn.messages if isinstance(message, SendMessage | EditMessage)]


def labels(turn: Turn) -> list[str]:
    return [button.label for keyboard in keyboards(turn) for row in keyboard for button in row]


def callback_data(turn: Turn) -> list[str]:
    return [button.data for keyboard in keyboards(turn) for row in keyboard for button in row]
