"""Sharing: the bot's link as text, as a QR code, and as a button that sends it to another chat."""

from dataclasses import dataclass

from bot.domain.commands import (
    ENTRY_PREFIX,
    SELFCHECK_LINK,
    STEP_PREFIX,
    bot_link,
    is_start_parameter,
    share_link,
)
from bot.domain.message import Attachment, Button, Keyboard, SendMessage, truncate_text
from bot.domain.turn import Turn
from bot.flows.callback_data import SHARE_BOT_CALLBACK
from bot.flows.context import TurnContext
from prompts.render import format_label, render_template

MAX_TITLE_LENGTH = 120  # characters


@dataclass(frozen=True, slots=True)
class ShareTarget:
    """The target of a shared link.

    Attributes:
        start_parameter: "" for the bot's greeting.
        falls_back: whether the link opens the greeting because the id seen last is not a valid start parameter.
    """

    title: str
    start_parameter: str = ""
    falls_back: bool = False


def share_last_seen(context: TurnContext) -> Turn:
    """Share what was seen last, an entry, a step of the introduction or the self-check; else the bot."""
    target = _last_seen_target(context) or _bot_target(context.lang)
    html = _render_share(context, target)
    if not context.services.username:
        return context.reply(html)
    message = SendMessage(html, _share_keyboard(context, target), attachment=_qr_attachment(context, target))
    return Turn(context.state, (message,))


def share_bot(context: TurnContext) -> Turn:
    """Change the tapped message to share the bot itself."""
    target = _bot_target(context.lang)
    html, keyboard = _render_share(context, target), _share_keyboard(context, target)
    return Turn(context.state, (context.edit_tapped(html, keyboard, _qr_attachment(context, target)),))


def _last_seen_target(context: TurnContext) -> ShareTarget | None:
    start_parameter, lang = context.state.shown, context.lang
    if start_parameter.startswith(SELFCHECK_LINK):
        return ShareTarget(format_label("share_selfcheck", lang), SELFCHECK_LINK)
    kind, _, target_id = start_parameter.partition("-")
    if f"{kind}-" == STEP_PREFIX:
        titles = [step.title for number, step in enumerate(context.path, 1) if str(number) == target_id]
        if not titles:
            return None
        return ShareTarget(format_label("share_step", lang, number=target_id, title=titles[0]), start_parameter)
    entry = context.services.answerer.find_entry(target_id, lang) if f"{kind}-" == ENTRY_PREFIX else None
    if entry is None:
        return None
    if not is_start_parameter(start_parameter):
        return ShareTarget(format_label("share_title", lang), falls_back=True)
    return ShareTarget(truncate_text(entry.title, MAX_TITLE_LENGTH), start_parameter)


def _bot_target(lang: str) -> ShareTarget:
    return ShareTarget(format_label("share_title", lang))


def _target_link(context: TurnContext, target: ShareTarget) -> str:
    return bot_link(context.services.username, target.start_parameter)


def _render_share(context: TurnContext, target: ShareTarget) -> str:
    link = _target_link(context, target) if context.services.username else ""
    return render_template("share", context.lang, title=target.title, link=link, unfit=target.falls_back)


def _share_keyboard(context: TurnContext, target: ShareTarget) -> Keyboard:
    lang = context.lang
    text = target.title if target.start_parameter else format_label("share_text", lang)
    forward = (Button(format_label("share", lang), url=share_link(_target_link(context, target), text)),)
    if not target.start_parameter:
        return (forward,)
    return (forward, (Button(format_label("share_bot", lang), SHARE_BOT_CALLBACK),))


def _qr_attachment(context: TurnContext, target: ShareTarget) -> Attachment:
    return Attachment("qr", {"link": _target_link(context, target), "title": target.title})
