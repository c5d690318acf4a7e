"""The calls of the bot in few words, for the log beside the chats."""

import contextlib
from typing import Any

from bot.sandbox.fake_telegram import Call
from bot.sandbox.fake_telegram.rules.html_parser import HtmlError, parse
from bot.sandbox.fake_telegram.world.world import World

Json = dict[str, Any]

KEPT = 200  # calls that are shown
LENGTH = 60  # characters of a text in a summary
BESIDE = ("chat_id", "message_id", "reply_markup", "parse_mode", "link_preview_options", "callback_query_id")


def log(world: World) -> list[Json]:
    """The newest calls, oldest first; polls that brought nothing are left out."""
    found: list[Json] = []
    for call in reversed(world.calls):
        if len(found) == KEPT:
            break
        if call.method != "getUpdates" or call.status != 200 or call.response["result"]:
            found.append(_line(world, call))
    return found[::-1]


def _line(world: World, call: Call) -> Json:
    return {
        "at": round(call.time, 3),
        "method": call.method,
        "status": call.status,
        "ms": round(call.ms, 1),
        "summary": _summary(world, call),
    }


def _summary(world: World, call: Call) -> str:
    if call.status == 0:
        return "keine Antwort"
    if call.status != 200:
        return str((call.response or {}).get("description", ""))
    if call.method == "getUpdates":
        return ", ".join(next(key for key in update if key != "update_id") for update in call.response["result"])
    return " ".join(part for part in (_to(world, call.params), _what(call.params)) if part)


def _to(world: World, params: Json) -> str:
    chat = world.chats.get(params["chat_id"]) if isinstance(params.get("chat_id"), int) else None
    if chat is None:
        return ""
    return f"an {chat.title or (chat.person.full_name if chat.person else '')}:"


def _what(params: Json) -> str:
    for name in ("text", "caption", "name", "action"):
        if params.get(name):
            return _short(str(params[name]), html=params.get("parse_mode") == "HTML")
    media = params.get("media")
    if isinstance(media, dict):
        return str(media.get("type", ""))
    return _short(" ".join(str(value) for name, value in params.items() if name not in BESIDE and _plain(value)))


def _plain(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _short(text: str, *, html: bool = False) -> str:
    if html:
        with contextlib.suppress(HtmlError):
            text = parse(text)[0]
    text = " ".join(text.split())
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 2]} …"
