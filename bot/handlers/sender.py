"""One call of the Bot API, and what its outcome means for the outbox."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from telegram import Bot, InlineKeyboardMarkup, LinkPreviewOptions, Message, ReplyParameters
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.outbox import Later, Refused, Result, Sent
from bot.store.protocol import Outgoing

_TYPES: dict[str, type[InlineKeyboardMarkup | LinkPreviewOptions | ReplyParameters]] = {
    "reply_markup": InlineKeyboardMarkup,
    "link_preview_options": LinkPreviewOptions,
    "reply_parameters": ReplyParameters,
}


async def call(bot: Bot, outgoing: Outgoing, message_id: int | None = None) -> Result:
    """Make the call; ``message_id`` is the message to edit where the call itself names none."""
    methods: dict[str, Callable[..., Awaitable[Message | bool]]] = {
        "sendMessage": bot.send_message,
        "editMessageText": bot.edit_message_text,
        "sendContact": bot.send_contact,
        "answerCallbackQuery": bot.answer_callback_query,
    }
    try:
        answer = await methods[outgoing.method](**_arguments(outgoing, message_id))
    except RetryAfter as error:
        wait = error.retry_after
        return Later(wait.total_seconds() if isinstance(wait, timedelta) else float(wait))
    except BadRequest as error:  # a subclass of NetworkError, so it must come first
        unchanged = "message is not modified" in error.message.lower()
        return Sent(None) if unchanged else Refused(error.message)
    except (Forbidden, InvalidToken) as error:
        return Refused(error.message)
    except NetworkError:
        return Later(None)
    except TelegramError as error:
        return Refused(error.message)
    return Sent(answer.message_id if isinstance(answer, Message) else None)


def _arguments(outgoing: Outgoing, message_id: int | None) -> dict[str, Any]:
    arguments = {
        key: _TYPES[key].de_json(value) if key in _TYPES else value for key, value in outgoing.params.items()
    }
    if outgoing.method != "answerCallbackQuery":
        arguments["chat_id"] = outgoing.chat_id
    if message_id is not None:
        arguments["message_id"] = message_id
    return arguments
