"""The buttons of the self-check. One of an earlier question no longer counts, so a double tap skips nothing."""

from collections.abc import Callable
from dataclasses import replace

from bot.domain.event import Event
from bot.domain.selfcheck import LEVEL_COUNT, SelfCheckProgress, SelfCheckStage
from bot.domain.turn import State, Turn
from bot.flows.context import Services
from bot.flows.selfcheck import result, team
from bot.flows.selfcheck.questionnaire import (
    UNKNOWN_LEVEL,
    cancel_selfcheck,
    find_questionnaire,
    pause_selfcheck,
    show_question,
    show_welcome,
)

CallbackHandler = Callable[[Services, State, Event, str], Turn | None]


def handle_selfcheck_callback(services: Services, state: State, event: Event, data: str) -> Turn | None:
    """The turn of a tap; None where the button no longer counts."""
    action, _, value = data.partition(":")
    if action not in SELFCHECK_ACTIONS or find_questionnaire(services, services.lang(state, event)) is None:
        return None
    if not event.private:
        return services.say(state, event, "private_only")
    return SELFCHECK_ACTIONS[action](services, state, event, value)


def _handle_start(services: Services, state: State, event: Event, _: str) -> Turn:
    return show_welcome(services, state, event)


def _begin_selfcheck(services: Services, state: State, event: Event, _: str) -> Turn:
    return show_question(services, state, event, state.check or SelfCheckProgress())


def _record_answer(services: Services, state: State, event: Event, data: str) -> Turn | None:
    question_id, _, level = data.partition(":")
    progress, order = state.check, _question_order(services, state, event)
    if (
        progress is None
        or progress.stage is SelfCheckStage.JOINING
        or progress.at != question_id
        or question_id not in order
    ):
        return None
    if level not in (UNKNOWN_LEVEL, *map(str, range(LEVEL_COUNT))):
        return None
    answer = None if level == UNKNOWN_LEVEL else int(level)
    progress = replace(progress, answers={**progress.answers, question_id: answer})
    next_index = order.index(question_id) + 1
    if next_index == len(order):
        return result.finish_selfcheck(services, state, event, progress)
    return show_question(services, state, event, replace(progress, at=order[next_index]))


def _go_back(services: Services, state: State, event: Event, question_id: str) -> Turn | None:
    progress, order = state.check, _question_order(services, state, event)
    if (
        progress is None
        or progress.stage is SelfCheckStage.JOINING
        or progress.at != question_id
        or question_id not in order[1:]
    ):
        return None
    return show_question(services, state, event, replace(progress, at=order[order.index(question_id) - 1]))


def _handle_pause(services: Services, state: State, event: Event, _: str) -> Turn | None:
    is_asking = state.check is not None and state.check.stage is SelfCheckStage.ASKING
    return pause_selfcheck(services, state, event, state.check) if state.check and is_asking else None


def _resume_selfcheck(services: Services, state: State, event: Event, _: str) -> Turn | None:
    return show_question(services, state, event, state.check) if state.check else None


def _handle_cancel(services: Services, state: State, event: Event, _: str) -> Turn | None:
    return cancel_selfcheck(services, state, event) if state.check else None


def _question_order(services: Services, state: State, event: Event) -> list[str]:
    questionnaire = find_questionnaire(services, services.lang(state, event))
    return [question.id for question in questionnaire.questions] if questionnaire else []


SELFCHECK_ACTIONS: dict[str, CallbackHandler] = {
    "start": _handle_start,
    "begin": _begin_selfcheck,
    "a": _record_answer,
    "back": _go_back,
    "pause": _handle_pause,
    "go": _resume_selfcheck,
    "cancel": _handle_cancel,
    "result": result.show_last_result,
    "again": result.repeat_selfcheck,
    "step": result.show_intro_step,
    "advise": result.request_advice,
    "team": team.show_team_options,
    "create": team.create_code,
    "join": team.ask_for_code,
    "in": team.fill_in_for_team,
    "bring": team.share_last_result,
    "shared": team.show_team_result,
    "leave": team.leave_team,
}
