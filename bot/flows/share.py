"""Passing on: the bot's link as text, as QR picture, and with one tap into another chat."""

from dataclasses import dataclass

from bot.domain.deep_links import ENTRY_PREFIX, STEP_PREFIX, bot_link, is_start_parameter, share_link
from bot.domain.event import Event
from bot.domain.message import Attachment, Button, EditMessage, Keyboard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import SHARE_BOT_CALLBACK
from bot.flows.context import Services
from knowledge.records.intro import steps_in_language
from prompts.render import format_label, render_template

MAX_TITLE_LENGTH = 120  # characters


@dataclass(frozen=True, slots=True)
class ShareTarget:
    """Where a link leads: a start parameter, "" for the bot's beginning. ``unfit``: it should lead further."""

    title: str
    start_parameter: str = ""
    falls_back: bool = False


def share_last_seen(services: Services, state: State, event: Event) -> Turn:
    """Share what was seen last, an entry or a step of the introduction, else the bot."""
    lang = services.lang(state, event)
    target = _last_seen_target(services, state, lang) or _bot_target(lang)
    html = _render_share(services, target, lang)
    if not services.username:
        return Turn(state, (SendMessage(html),))
    return Turn(
        state,
        (SendMessage(html, _share_keyboard(services, target, lang), attachment=_qr_attachment(services, target)),),
    )


def share_bot(services: Services, state: State, event: Event, _: str) -> Turn:
    """Have the message share the bot's beginning."""
    lang = services.lang(state, event)
    target = _bot_target(lang)
    html, keyboard, qr_code = (
        _render_share(services, target, lang),
        _share_keyboard(services, target, lang),
        _qr_attachment(services, target),
    )
    return Turn(state, (EditMessage(html, keyboard, message_id=event.message_id, attachment=qr_code),))


def _last_seen_target(services: Services, state: State, lang: str) -> ShareTarget | None:
    kind, _, target_id = state.shown.partition("-")
    if f"{kind}-" == STEP_PREFIX:
        titles = [
            step.title
            for number, step in enumerate(steps_in_language(services.steps, lang), 1)
            if str(number) == target_id
        ]
        return (
            ShareTarget(format_label("share_step", lang, number=target_id, title=titles[0]), state.shown)
            if titles
            else None
        )
    entry = services.answerer.find_entry(target_id, lang) if f"{kind}-" == ENTRY_PREFIX else None
    if entry is None:
        return None
    if not is_start_parameter(state.shown):
        return ShareTarget(format_label("share_title", lang), falls_back=True)
    return ShareTarget(_shorten_title(entry.title), state.shown)


def _bot_target(lang: str) -> ShareTarget:
    return ShareTarget(format_label("share_title", lang))


def _render_share(services: Services, target: ShareTarget, lang: str) -> str:
    link = bot_link(services.username, target.start_parameter) if services.username else ""
    return render_template("share", lang, title=target.title, link=link, unfit=target.falls_back)


def _share_keyboard(services: Services, target: ShareTarget, lang: str) -> Keyboard:
    text = target.title if target.start_parameter else format_label("share_text", lang)
    forward = (
        Button(
            format_label("share", lang), url=share_link(bot_link(services.username, target.start_parameter), text)
        ),
    )
    return (
        (forward, (Button(format_label("share_bot", lang), SHARE_BOT_CALLBACK),))
        if target.start_parameter
        else (forward,)
    )


def _qr_attachment(services: Services, target: ShareTarget) -> Attachment:
    return Attachment("qr", {"link": bot_link(services.username, target.start_parameter), "title": target.title})


def _shorten_title(title: str) -> str:
    return title if len(title) <= MAX_TITLE_LENGTH else title[: MAX_TITLE_LENGTH - 2].rstrip() + " …"
