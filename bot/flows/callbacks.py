"""Tapped buttons: a table from callback data, or its part up to the colon, to what they do."""

from collections.abc import Callable
from dataclasses import replace

from bot.answering.answerer import ENTRY, TALK, THUMB
from bot.answering.language import OURS
from bot.domain.event import Event, Kind
from bot.domain.message import Say, Toast
from bot.domain.turn import State, Turn
from bot.flows import burst, feedback, handout, intro, intro_buttons, privacy, questions, share
from bot.flows.callback_data import ASIDE, BOT, CHECK, DELETE, DESK, FORM, GO, IMPROVE, LANG, PAGE, STEP, WHY
from bot.flows.consultation import form, form_buttons
from bot.flows.context import Parts
from bot.flows.relay import adviser_buttons, requester
from bot.flows.selfcheck import callbacks
from bot.flows.why import why
from prompts.render import label, render

PRIVATE = (
    TALK,
    f"{GO}talk",
    f"{PAGE}data",
    f"{PAGE}delete",
    DELETE,
    FORM,
    CHECK,
    handout.PDF,
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
    if not event.text.startswith(DELETE):
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
    return handout.page(parts, state, event)


BUTTONS: dict[str, Tap] = {
    ENTRY: questions.show,
    THUMB: feedback.thumb,
    IMPROVE: feedback.chosen,
    STEP: intro_buttons.tapped,
    TALK: _talk,
    f"{GO}talk": _talk,
    f"{GO}ask": _ask,
    f"{GO}guide": _guide,
    WHY: why,
    LANG: _language,
    PAGE: privacy.turned,
    f"{DELETE}yes": privacy.deleted,
    f"{DELETE}no": privacy.kept,
    FORM: form_buttons.tapped,
    BOT: share.bot_instead,
    DESK: adviser_buttons.button,
    ASIDE: requester.button,
    CHECK: callbacks.tapped,
    handout.PDF: _take_along,
}
