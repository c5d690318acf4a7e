"""Limits that Telegram enforces on well-formed calls, and the error texts it refuses them with.

The texts are those of Telegram's servers (tdlib/telegram-bot-api and tdlib/td). Where only the limit is documented,
not the text, the text begins with "fake Telegram:".
"""

import re

from bot.sandbox.fake_telegram.rules import entities as message_entities
from bot.sandbox.fake_telegram.rules.html_parser import HtmlError, normalise_url, parse_html
from bot.sandbox.fake_telegram.rules.schema import Json
from prompts.message_splitter import utf16_length

TEXT_LIMIT = 4096  # UTF-16 code units
CAPTION_LIMIT = 1024  # UTF-16 code units
BUTTON_DATA_LIMIT = 64  # bytes
BUTTONS_LIMIT = 100
COMMANDS_LIMIT = 100
ALERT_TEXT_LIMIT = 200
_REACTIONS = """
❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥
🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨
🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡
"""
REACTION_EMOJI = frozenset(_REACTIONS.split())  # Bot API, ReactionTypeEmoji
COMMAND_PATTERN = re.compile(r"[a-z0-9_]+")
CHAT_ACTION_PATTERN = re.compile(
    "cancel|typing|(record|upload)_(video|audio|voice|video_note)|upload_(photo|document)|choose_sticker|"
    "(pick_up|find)_location"
)


class ApiError(Exception):
    """An error answer (``ok`` is false)."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def to_json(self) -> Json:
        """Return the body of the answer."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        return body | {"parameters": self.parameters} if self.parameters else body


class LimitError(ApiError):
    """A refusal that a correct bot never causes, e.g. a text that is too long or does not parse."""

    def __init__(self, description: str) -> None:
        super().__init__(400, f"Bad Request: {description}")


def bad_request(description: str) -> ApiError:
    """Make a 400 that depends on circumstances, so that a correct bot may receive it."""
    return ApiError(400, f"Bad Request: {description}")


def forbidden(description: str) -> ApiError:
    """Make a 403: the bot may not write there."""
    return ApiError(403, f"Forbidden: {description}")


def unauthorized() -> ApiError:
    """Make a 401: a well-formed token of another bot."""
    return ApiError(401, "Unauthorized")


def not_found() -> ApiError:
    """Make a 404: no such method, or a malformed token."""
    return ApiError(404, "Not Found")


def too_many_requests(seconds: int) -> ApiError:
    """Make a 429 that asks to wait this many seconds."""
    return ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def entity_too_large() -> LimitError:
    """Make a 413: more bytes than Telegram accepts."""
    error = LimitError("")
    error.code, error.description = 413, "Request Entity Too Large"
    return error


def chat_migrated(chat_id: int) -> ApiError:
    """Make a 400: the group was upgraded to the supergroup with this id."""
    return ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat_id)


def conflict(description: str) -> ApiError:
    """Make a 409: another consumer of updates."""
    return ApiError(409, f"Conflict: {description}")


CHAT_NOT_FOUND = "chat not found"
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


def parse_message_text(text: str, parse_mode: str | None, entities: list[Json] | None) -> tuple[str, list[Json]]:
    """Return the text of a message and its entities as Telegram stores them; raises LimitError."""
    if not text:
        raise LimitError("message text is empty")
    plain, parsed = _parse_formatting(text, parse_mode, entities)
    if not plain:
        raise LimitError("text must be non-empty")
    if utf16_length(plain) > TEXT_LIMIT:
        raise LimitError("message is too long")
    return plain, parsed


def parse_caption(text: str, parse_mode: str | None, entities: list[Json] | None) -> tuple[str, list[Json]]:
    """Return a caption, which may be empty, and its entities as Telegram stores them; raises LimitError."""
    plain, parsed = _parse_formatting(text, parse_mode, entities)
    if utf16_length(plain) > CAPTION_LIMIT:
        raise LimitError("message caption is too long")
    return plain, parsed


def _parse_formatting(text: str, parse_mode: str | None, entities: list[Json] | None) -> tuple[str, list[Json]]:
    parsed: list[Json] = [] if parse_mode else list(entities or [])
    mode = (parse_mode or "").lower()
    if mode == "html":
        try:
            text, parsed = parse_html(text)
        except HtmlError as error:
            raise LimitError(f"can't parse entities: {error}") from None
    elif mode in ("markdown", "markdownv2"):
        raise LimitError(f"fake Telegram: {parse_mode} is not supported, use HTML or entities")
    elif mode:
        raise LimitError("unsupported parse_mode")
    text, parsed = message_entities.trim_text(text, parsed)
    return text, message_entities.detect_entities(text, parsed)


def check_reply_markup(markup: Json | None) -> Json | None:
    """Return the reply markup, or None if its inline keyboard is empty; raises LimitError if a button is invalid."""
    rows = (markup or {}).get("inline_keyboard")
    if rows is None:
        return markup
    buttons = [button for row in rows for button in row]
    if len(buttons) > BUTTONS_LIMIT:
        raise LimitError("reply markup is too long")
    for button in buttons:
        _check_button(button)
    nonempty_rows = [row for row in rows if row]
    return {"inline_keyboard": nonempty_rows} if nonempty_rows else None


def _check_button(button: Json) -> None:
    actions = set(button) - {"text", "style", "icon_custom_emoji_id"}
    if not actions:
        raise LimitError("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if not button["text"].strip():
        raise LimitError("fake Telegram: Telegram silently drops an inline button without text")
    if len(actions) > 1:
        raise LimitError(f"fake Telegram: an inline button must have one action, not {', '.join(sorted(actions))}")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(data.encode()) <= BUTTON_DATA_LIMIT:
        raise LimitError("BUTTON_DATA_INVALID")
    url = button.get("url")
    if url is not None and not normalise_url(url):
        raise LimitError(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def check_commands(commands: list[Json]) -> list[Json]:
    """Return menu commands as Telegram stores them; raises LimitError if there are too many or one is invalid."""
    if len(commands) > COMMANDS_LIMIT:
        raise LimitError("BOT_COMMANDS_TOO_MUCH")
    return [_normalise_command(item) for item in commands]


def _normalise_command(item: Json) -> Json:
    command = item["command"].strip().removeprefix("/")
    description = item["description"].strip()
    if not command:
        raise LimitError("command must be non-empty")
    if len(command) > 32:
        raise LimitError("command length must not exceed 32")
    if not description:
        raise LimitError("command description must be non-empty")
    if len(description) > 256:
        raise LimitError("command description length must not exceed 256")
    if not COMMAND_PATTERN.fullmatch(command):
        raise LimitError("BOT_COMMAND_INVALID")
    return {"command": command, "description": description}


def check_language_code(code: str) -> str:
    """Return a two-letter language code or ""; raises LimitError for anything else."""
    if not re.fullmatch(r"(?:[a-z]{2})?", code):
        raise LimitError("invalid language code specified")
    return code


def check_profile_text(field_name: str, text: str, limit: int) -> str:
    """Return a text of the bot's profile; raises LimitError if it has more than ``limit`` characters."""
    if len(text) > limit:
        raise LimitError(f"fake Telegram: {field_name} must be at most {limit} characters, not {len(text)}")
    return text


def check_chat_action(action: str) -> None:
    """Raise LimitError unless Telegram knows this chat action."""
    if not CHAT_ACTION_PATTERN.fullmatch(action.lower()):
        raise LimitError("wrong parameter action in request")


def check_reaction(reaction: list[Json]) -> tuple[str, ...]:
    """Return the emoji of a bot's reaction, at most one; raises LimitError for any that a bot may not set.

    A custom emoji needs the permission of the chat's administrators, which nobody gives here.
    """
    if len(reaction) > 1:
        raise LimitError("REACTIONS_TOO_MANY")
    if any(item["type"] != "emoji" or item["emoji"] not in REACTION_EMOJI for item in reaction):
        raise LimitError("REACTION_INVALID")
    return tuple(item["emoji"] for item in reaction)


def check_alert_text(text: str) -> None:
    """Raise LimitError if the text that answers a tap is too long."""
    if len(text) > ALERT_TEXT_LIMIT:
        raise LimitError("MESSAGE_TOO_LONG")


def check_secret_token(secret: str) -> None:
    """Raise LimitError if the secret token of a webhook is too long or has other characters than A-Za-z0-9_-."""
    if len(secret) > 256:
        raise LimitError("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise LimitError("secret token contains unallowed characters")
