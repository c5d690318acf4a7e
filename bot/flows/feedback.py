"""Thumbs, and questions that may be kept to improve answers: only with a consent of its own, asked for once."""

from dataclasses import replace

from bot.domain.effects import DropQuestions, Feedback, KeepQuestion
from bot.domain.event import Event
from bot.domain.message import Button, Change, Say, Toast
from bot.domain.turn import State, Turn
from bot.flows.callback_data import IMPROVE
from bot.flows.context import Parts
from prompts.render import label, render

CONSENT = "2026-11-25"  # version of the wording in prompts/*/improve_ask.j2
NO = "no"


def thumb(parts: Parts, state: State, event: Event, rest: str) -> Turn | None:
    """Count a thumb. After one down the person is asked, once, whether the question may be kept."""
    lang = parts.lang(state, event)
    value, _, entry = rest.partition(":")
    if value not in ("0", "1") or parts.answerer.show(entry, lang) is None:
        return None
    thanks, counted = Toast(label("thanks_feedback", lang)), Feedback(entry, int(value))
    if value == "1" or not event.private or not _last(state, entry):
        return Turn(state, (thanks,), (counted,))
    if agreed(state):
        return Turn(state, (Toast(label("improve_again", lang)),), (counted, _kept(state, entry)))
    if state.improve == NO or state.form:
        return Turn(state, (thanks,), (counted,))
    yes = f"{IMPROVE}yes:{state.last_message}:{entry}"
    if len(yes.encode()) > 64:
        return Turn(state, (thanks,), (counted,))
    html = render("improve_ask", lang, question=state.last_question, days=parts.retention_days)
    row = (Button(label("improve_yes", lang), yes), Button(label("improve_no", lang), f"{IMPROVE}no"))
    return Turn(state, (Say(html, (row,)), thanks), (counted,))


def chosen(parts: Parts, state: State, event: Event, rest: str) -> Turn | None:
    """What the person says to it. Their question is kept where it is still the last one."""
    lang = parts.lang(state, event)
    answer, _, rest = rest.partition(":")
    message, _, entry = rest.partition(":")
    if answer == "no":
        said = Change(render("improve_no", lang), message_id=event.message_id)
        return Turn(replace(state, improve=NO), (said,))
    if answer != "yes" or not message.isdecimal():
        return None
    there = int(message) == state.last_message and _last(state, entry)
    said = Change(render("improve_kept", lang, there=there), message_id=event.message_id)
    return Turn(replace(state, improve=CONSENT), (said,), (_kept(state, entry),) if there else ())


def stopped(parts: Parts, state: State, event: Event) -> Turn:
    """The consent is taken back: what was kept is deleted, and nothing more is kept."""
    said = Say(render("improve_stopped", parts.lang(state, event)))
    return Turn(replace(state, improve=NO), (said,), (DropQuestions(),))


def agreed(state: State) -> bool:
    """Whether the person agreed to the wording that holds now."""
    return state.improve == CONSENT


def _last(state: State, entry: str) -> bool:
    """Whether the last question is known, and got this answer."""
    return bool(state.last_question) and state.last_entry == entry


def _kept(state: State, entry: str) -> KeepQuestion:
    return KeepQuestion(state.last_question, entry, CONSENT)
