"""The buttons of the self-check. Those of an earlier question are no longer valid, so a double tap skips nothing."""

from dataclasses import replace

from bot.domain.selfcheck import SelfCheckProgress, SelfCheckStage
from bot.domain.turn import Turn
from bot.flows import intro
from bot.flows.context import CallbackHandler, TurnContext, dispatch_action
from bot.flows.selfcheck import result, team
from bot.flows.selfcheck.questionnaire import (
    UNKNOWN_LEVEL,
    cancel_selfcheck,
    find_questionnaire,
    pause_selfcheck,
    require_questionnaire,
    show_question,
    show_welcome,
)
from knowledge.records.selfcheck import LEVEL_COUNT


def handle_selfcheck_callback(context: TurnContext, data: str) -> Turn | None:
    """Return the turn of a tap; None if the button is not valid."""
    return dispatch_action(SELFCHECK_ACTIONS, context, data) if find_questionnaire(context) else None


def record_answer(context: TurnContext, data: str, *, echo: str = "") -> Turn | None:
    """Return the turn of an answer, "<question>:<level>"; None if that is not the current question.

    ``echo`` says above the next question how an answer in other words was understood.
    """
    question_id, _, level = data.partition(":")
    progress, order = _progress_at(context, question_id), _question_order(context)
    if progress is None or level not in (UNKNOWN_LEVEL, *map(str, range(LEVEL_COUNT))):
        return None
    answer = None if level == UNKNOWN_LEVEL else int(level)
    progress = replace(progress, answers={**progress.answers, question_id: answer})
    next_index = order.index(question_id) + 1
    if next_index == len(order):
        return result.finish_selfcheck(context, progress)
    note = "check_understood" if echo else ""
    return show_question(context, replace(progress, at=order[next_index]), note, level=echo)


def go_back(context: TurnContext, question_id: str) -> Turn | None:
    """Return the turn that leads back from a question; None if it is the first, or not the current one."""
    progress, order = _progress_at(context, question_id), _question_order(context)
    if progress is None or question_id == order[0]:
        return None
    return show_question(context, replace(progress, at=order[order.index(question_id) - 1]))


def _progress_at(context: TurnContext, question_id: str) -> SelfCheckProgress | None:
    """Return the progress of the self-check if this is its current question."""
    progress = context.state.check
    if progress is None or progress.stage is SelfCheckStage.JOINING or progress.at != question_id:
        return None
    return progress if question_id in _question_order(context) else None


def _question_order(context: TurnContext) -> list[str]:
    return [question.id for question in require_questionnaire(context).questions]


def _handle_pause(context: TurnContext, _: str) -> Turn | None:
    progress = context.state.check
    return pause_selfcheck(context, progress) if progress and progress.stage is SelfCheckStage.ASKING else None


SELFCHECK_ACTIONS: dict[str, CallbackHandler] = {
    "start": lambda context, _: show_welcome(context),
    "begin": lambda context, _: show_question(context, context.state.check or SelfCheckProgress()),
    "a": record_answer,
    "back": go_back,
    "pause": _handle_pause,
    "go": lambda context, _: show_question(context, context.state.check) if context.state.check else None,
    "cancel": lambda context, _: cancel_selfcheck(context) if context.state.check else None,
    "result": result.show_last_result,
    "again": result.repeat_selfcheck,
    "step": intro.show_given_step,
    "team": team.show_team_options,
    "create": team.create_code,
    "join": team.ask_for_code,
    "in": team.fill_in_for_team,
    "bring": team.share_last_result,
    "shared": team.show_team_result,
    "leave": team.leave_team,
}
