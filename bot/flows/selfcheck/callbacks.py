"""The buttons of the self-check. One of an earlier question no longer counts, so a double tap skips nothing."""

from collections.abc import Callable
from dataclasses import replace

from bot.domain.event import Event
from bot.domain.selfcheck import LEVELS, Check, Stage
from bot.domain.turn import State, Turn
from bot.flows.context import Parts
from bot.flows.selfcheck import result, team
from bot.flows.selfcheck.questionnaire import UNKNOWN, cancelled, paused, questions, shown, welcome

Tap = Callable[[Parts, State, Event, str], Turn | None]


def tapped(parts: Parts, state: State, event: Event, rest: str) -> Turn | None:
    """The turn of a tap; None where the button no longer counts."""
    action, _, value = rest.partition(":")
    if action not in TAPS or questions(parts, parts.lang(state, event)) is None:
        return None
    if not event.private:
        return parts.say(state, event, "private_only")
    return TAPS[action](parts, state, event, value)


def _start(parts: Parts, state: State, event: Event, _: str) -> Turn:
    return welcome(parts, state, event)


def _begin(parts: Parts, state: State, event: Event, _: str) -> Turn:
    return shown(parts, state, event, state.check or Check())


def _answer(parts: Parts, state: State, event: Event, value: str) -> Turn | None:
    at, _, level = value.partition(":")
    check, order = state.check, _order(parts, state, event)
    if check is None or check.stage is Stage.JOINING or check.at != at or at not in order:
        return None
    if level not in (UNKNOWN, *map(str, range(LEVELS))):
        return None
    told = None if level == UNKNOWN else int(level)
    check = replace(check, answers={**check.answers, at: told})
    after = order.index(at) + 1
    if after == len(order):
        return result.finished(parts, state, event, check)
    return shown(parts, state, event, replace(check, at=order[after]))


def _back(parts: Parts, state: State, event: Event, at: str) -> Turn | None:
    check, order = state.check, _order(parts, state, event)
    if check is None or check.stage is Stage.JOINING or check.at != at or at not in order[1:]:
        return None
    return shown(parts, state, event, replace(check, at=order[order.index(at) - 1]))


def _pause(parts: Parts, state: State, event: Event, _: str) -> Turn | None:
    asking = state.check is not None and state.check.stage is Stage.ASKING
    return paused(parts, state, event, state.check) if state.check and asking else None


def _go(parts: Parts, state: State, event: Event, _: str) -> Turn | None:
    return shown(parts, state, event, state.check) if state.check else None


def _cancel(parts: Parts, state: State, event: Event, _: str) -> Turn | None:
    return cancelled(parts, state, event) if state.check else None


def _order(parts: Parts, state: State, event: Event) -> list[str]:
    asked = questions(parts, parts.lang(state, event))
    return [question.id for question in asked.questions] if asked else []


TAPS: dict[str, Tap] = {
    "start": _start,
    "begin": _begin,
    "a": _answer,
    "back": _back,
    "pause": _pause,
    "go": _go,
    "cancel": _cancel,
    "result": result.last,
    "again": result.again,
    "step": result.step,
    "advise": result.advise,
    "team": team.team,
    "create": team.create,
    "join": team.join,
    "in": team.fill_in,
    "bring": team.bring,
    "shared": team.shared,
    "leave": team.leave,
}
