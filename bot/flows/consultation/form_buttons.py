"""The buttons of the form. One of an earlier question no longer counts, so a double tap skips nothing."""

from collections.abc import Callable
from dataclasses import replace

from bot.domain.consultation import KINDS, OPTIONAL, Ask, Form, Reach
from bot.domain.event import Event
from bot.domain.turn import State, Turn
from bot.flows.consultation import review
from bot.flows.consultation.form import filled, following, preceding, shown
from bot.flows.context import Parts

PARTS = ("question", "progress")
KEPT = (Ask.CONCERN, Ask.ORGANISATION, Ask.PLACE, Ask.ADDRESS, Ask.TIMES)  # what was written, and can stay
Tap = Callable[[Parts, State, Event, Form, str], Turn | None]


def tapped(parts: Parts, state: State, event: Event, rest: str) -> Turn | None:
    """The turn of a tap; None where the button no longer counts."""
    action, _, value = rest.partition(":")
    if state.form is None or action not in TAPS:
        return None
    return TAPS[action](parts, replace(state, form=replace(state.form, paused=False)), event, state.form, value)


def cancelled(parts: Parts, state: State, event: Event) -> Turn:
    """The form is thrown away; nothing was passed on."""
    return parts.say(replace(state, form=None), event, "cancelled", contact=parts.contact)


def _at(parts: Parts, state: State, event: Event, form: Form, at: Ask) -> Turn:
    return shown(parts, replace(state, form=replace(form, at=at, paused=False)), event)


def _use(parts: Parts, state: State, event: Event, form: Form, _: str) -> Turn | None:
    return (
        filled(parts, state, event, form.brief.question) if form.at is Ask.CONCERN and form.brief.question else None
    )


def _kind(parts: Parts, state: State, event: Event, form: Form, kind: str) -> Turn | None:
    return filled(parts, state, event, kind) if form.at is Ask.KIND and kind in KINDS else None


def _reach(parts: Parts, state: State, event: Event, form: Form, reach: str) -> Turn | None:
    return filled(parts, state, event, reach) if form.at is Ask.REACH and reach in set(Reach) else None


def _skip(parts: Parts, state: State, event: Event, form: Form, at: str) -> Turn | None:
    return filled(parts, state, event, "") if form.at == at and form.at in OPTIONAL else None


def _keep(parts: Parts, state: State, event: Event, form: Form, at: str) -> Turn | None:
    there = form.at in KEPT and bool(getattr(form.details, form.at.value))
    return _at(parts, state, event, form, following(form)) if form.at == at and there else None


def _back(parts: Parts, state: State, event: Event, form: Form, at: str) -> Turn | None:
    return _at(parts, state, event, form, preceding(form)) if form.at == at and form.at is not Ask.CONCERN else None


def _go(parts: Parts, state: State, event: Event, form: Form, at: str) -> Turn | None:
    return _at(parts, state, event, form, Ask(at)) if form.at is Ask.REVIEW and at in review.LINES else None


def _share(parts: Parts, state: State, event: Event, form: Form, part: str) -> Turn | None:
    if form.at is not Ask.REVIEW or part not in PARTS:
        return None
    changed = replace(form, shares=form.shares ^ {part}, paused=False)
    return shown(parts, replace(state, form=changed), event)


def _send(parts: Parts, state: State, event: Event, form: Form, seen: str) -> Turn | None:
    if form.at is not Ask.REVIEW:
        return None
    if seen != review.digest(form):
        return shown(parts, state, event, "form_changed")
    return review.send(parts, state, event)


def _cancel(parts: Parts, state: State, event: Event, form: Form, _: str) -> Turn | None:
    return cancelled(parts, state, event)


def _resume(parts: Parts, state: State, event: Event, form: Form, _: str) -> Turn | None:
    return shown(parts, state, event)


TAPS: dict[str, Tap] = {
    "use": _use,
    "kind": _kind,
    "reach": _reach,
    "skip": _skip,
    "keep": _keep,
    "back": _back,
    "go": _go,
    "share": _share,
    "send": _send,
    "cancel": _cancel,
    "resume": _resume,
}
