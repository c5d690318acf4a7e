"""Tapped buttons: a table from callback data, or its part up to the colon, to what they do."""

from collections.abc import Callable
from dataclasses import replace

from bot.answering.answerer import ENTRY, TALK, THUMB
from bot.answering.language import OURS
from bot.domain.event import Event, Kind
from bot.domain.message import Say, Toast
from bot.domain.turn import State, Turn
from bot.flows import (
    burst,
    desk_buttons,
    form,
    form_buttons,
    improve,
    intro,
    intro_buttons,
    privacy,
    questions,
    selfcheck_buttons,
    share,
    takeaway,
    talk,
)
from bot.flows.parts import Parts
from bot.flows.review import FORM
from bot.flows.selfcheck import CHECK
from bot.flows.sides import ASIDE, DESK
from bot.flows.start import GO
from bot.flows.why import WHY, why
from prompts.render import label, render

LANG = "l:"  # callback data
PRIVATE = (
    TALK,
    f"{GO}talk",
    f"{privacy.PAGE}data",
    f"{privacy.PAGE}delete",
    privacy.DELETE,
    FORM,
    CHECK,
    takeaway.PDF,
)  # never in front of a group
Tap = Callable[[Parts, State, Event, str], Turn | None]  # given what stands behind the colon; None: no longer valid


def button(parts: Parts, state: State, event: Event) -> Turn:
    """The turn that a tap brings; Telegram is told of each tap once, so that the button stops waiting."""
    name, colon, rest = event.text.partition(":")
    tap = BUTTONS.get(event.text) or BUTTONS.get(name + colon)
    if tap and not event.private and event.text.startswith(PRIVATE):
        tap = _private
    turn = tap(parts, state, event, rest) if tap else None
    if turn is None:
        return Turn(state, (Toast(label("gone", parts.lang(state, event))),))
    if not event.text.startswith(privacy.DELETE):
        turn = burst.tapped(parts, state, event, turn)
    if any(isinstance(message, Toast) for message in turn.messages):
        return turn
    return replace(turn, messages=(*turn.messages, Toast()))


def _private(parts: Parts, state: State, event: Event, _: str) -> Turn:
    return parts.say(state, event, "private_only")


def _talk(parts: Parts, state: State, event: Event, _: str) -> Turn:
    return form.begin(parts, state, event)


def _ask(parts: Parts, state: State, event: Event, _: str) -> Turn:
    return parts.say(state, event, "ask")


def _guide(parts: Parts, state: State, event: Event, _: str) -> Turn:
    return intro.begin(parts, state, replace(event, kind=Kind.COMMAND))


def _language(parts: Parts, state: State, event: Event, lang: str) -> Turn | None:
    return Turn(replace(state, lang=lang), (Say(render("language_set", lang)),)) if lang in OURS else None


def _take_along(parts: Parts, state: State, event: Event, _: str) -> Turn:
    return takeaway.page(parts, state, event)


BUTTONS: dict[str, Tap] = {
    ENTRY: questions.show,
    THUMB: improve.thumb,
    improve.IMPROVE: improve.chosen,
    intro.STEP: intro_buttons.tapped,
    TALK: _talk,
    f"{GO}talk": _talk,
    f"{GO}ask": _ask,
    f"{GO}guide": _guide,
    WHY: why,
    LANG: _language,
    privacy.PAGE: privacy.turned,
    f"{privacy.DELETE}yes": privacy.deleted,
    f"{privacy.DELETE}no": privacy.kept,
    FORM: form_buttons.tapped,
    share.BOT: share.bot_instead,
    DESK: desk_buttons.button,
    ASIDE: talk.button,
    CHECK: selfcheck_buttons.tapped,
    takeaway.PDF: _take_along,
}
