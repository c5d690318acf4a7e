"""Summarise the bot's calls for the log beside the chats."""

import contextlib

from bot.sandbox.fake_telegram import RecordedCall
from bot.sandbox.fake_telegram.rules.html_parser import HtmlError, parse_html
from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world.world import World

MAX_CALLS = 200  # calls shown
MAX_SUMMARY_LENGTH = 60  # characters of a text in a summary
HIDDEN_PARAMS = ("chat_id", "message_id", "reply_markup", "parse_mode", "link_preview_options", "callback_query_id")


def list_calls(world: World) -> list[Json]:
    """Return the newest calls, oldest first, without polls that returned nothing."""
    lines: list[Json] = []
    for call in reversed(world.calls):
        if len(lines) == MAX_CALLS:
            break
        if call.method != "getUpdates" or call.status != 200 or call.response["result"]:
            lines.append(_call_view(world, call))
    return lines[::-1]


def _call_view(world: World, call: RecordedCall) -> Json:
    return {
        "at": round(call.finished_at, 3),
        "method": call.method,
        "status": call.status,
        "ms": round(call.duration_ms, 1),
        "summary": _summarise_call(world, call),
    }


def _summarise_call(world: World, call: RecordedCall) -> str:
    if call.status == 0:
        return ""
    if call.status != 200:
        return str((call.response or {}).get("description", ""))
    if call.method == "getUpdates":
        return ", ".join(next(key for key in update if key != "update_id") for update in call.response["result"])
    return " ".join(part for part in (_recipient_text(world, call.params), _content_text(call.params)) if part)


def _recipient_text(world: World, params: Json) -> str:
    chat = world.chats.get(params["chat_id"]) if isinstance(params.get("chat_id"), int) else None
    if chat is None:
        return ""
    return f"→ {chat.title or (chat.person.full_name if chat.person else '')}:"


def _content_text(params: Json) -> str:
    for name in ("text", "caption", "name", "action"):
        if params.get(name):
            return _shorten_text(str(params[name]), html=params.get("parse_mode") == "HTML")
    media = params.get("media")
    if isinstance(media, dict):
        return str(media.get("type", ""))
    return _shorten_text(
        " ".join(str(value) for name, value in params.items() if name not in HIDDEN_PARAMS and _is_plain_value(value))
    )


def _is_plain_value(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _shorten_text(text: str, *, html: bool = False) -> str:
    if html:
        with contextlib.suppress(HtmlError):
            text = parse_html(text)[0]
    text = " ".join(text.split())
    return text if len(text) <= MAX_SUMMARY_LENGTH else f"{text[: MAX_SUMMARY_LENGTH - 2]} …"
