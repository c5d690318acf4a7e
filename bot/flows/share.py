"""Passing on: the bot's link as text, as QR picture, and with one tap into another chat."""

from dataclasses import dataclass

from bot.domain.deep_links import ENTRY_LINK, STEP_LINK, bot_link, fits, share_link
from bot.domain.event import Event
from bot.domain.message import Button, Change, Drawing, Keyboard, Say
from bot.domain.turn import State, Turn
from bot.flows.callback_data import BOT
from bot.flows.context import Parts
from knowledge.records.intro import steps_in
from prompts.render import label, render

MAX_TITLE = 120  # characters


@dataclass(frozen=True, slots=True)
class Place:
    """Where a link leads: a start parameter, "" for the bot's beginning. ``unfit``: it should lead further."""

    title: str
    start: str = ""
    unfit: bool = False


def share(parts: Parts, state: State, event: Event) -> Turn:
    """Share what was seen last, an entry or a step of the introduction, else the bot."""
    lang = parts.lang(state, event)
    place = _seen(parts, state, lang) or _beginning(lang)
    html = _html(parts, place, lang)
    if not parts.username:
        return Turn(state, (Say(html),))
    return Turn(state, (Say(html, _keyboard(parts, place, lang), drawing=_picture(parts, place)),))


def bot_instead(parts: Parts, state: State, event: Event, _: str) -> Turn:
    """Have the message share the bot's beginning."""
    lang = parts.lang(state, event)
    place = _beginning(lang)
    html, keyboard, picture = _html(parts, place, lang), _keyboard(parts, place, lang), _picture(parts, place)
    return Turn(state, (Change(html, keyboard, message_id=event.message_id, drawing=picture),))


def _seen(parts: Parts, state: State, lang: str) -> Place | None:
    kind, _, rest = state.shown.partition("-")
    if f"{kind}-" == STEP_LINK:
        titles = [step.title for number, step in enumerate(steps_in(parts.steps, lang), 1) if str(number) == rest]
        return Place(label("share_step", lang, number=rest, title=titles[0]), state.shown) if titles else None
    entry = parts.answerer.entry(rest, lang) if f"{kind}-" == ENTRY_LINK else None
    if entry is None:
        return None
    if not fits(state.shown):
        return Place(label("share_title", lang), unfit=True)
    return Place(_shortened(entry.title), state.shown)


def _beginning(lang: str) -> Place:
    return Place(label("share_title", lang))


def _html(parts: Parts, place: Place, lang: str) -> str:
    link = bot_link(parts.username, place.start) if parts.username else ""
    return render("share", lang, title=place.title, link=link, unfit=place.unfit)


def _keyboard(parts: Parts, place: Place, lang: str) -> Keyboard:
    text = place.title if place.start else label("share_text", lang)
    forward = (Button(label("share", lang), url=share_link(bot_link(parts.username, place.start), text)),)
    return (forward, (Button(label("share_bot", lang), BOT),)) if place.start else (forward,)


def _picture(parts: Parts, place: Place) -> Drawing:
    return Drawing("qr", {"link": bot_link(parts.username, place.start), "title": place.title})


def _shortened(title: str) -> str:
    return title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 2].rstrip() + " …"
