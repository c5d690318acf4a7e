"""One call of the Bot API, and what its outcome means for the outbox."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from telegram import (
    Bot,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaAnimation,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    LinkPreviewOptions,
    Message,
    MessageId,
    ReplyParameters,
)
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.attachments.subprocess_renderer import draw_apart
from bot.pipeline.api_calls import DRAWN, SENT
from bot.pipeline.outbox import Later, Refused, Result, Sent

MEDIA = {"photo": InputMediaPhoto, "document": InputMediaDocument, "video": InputMediaVideo,
         "audio": InputMediaAudio, "animation": InputMediaAnimation}  # fmt: skip
_TYPES: dict[str, type[InlineKeyboardMarkup | LinkPreviewOptions | ReplyParameters]] = {
    "reply_markup": InlineKeyboardMarkup,
    "link_preview_options": LinkPreviewOptions,
    "reply_parameters": ReplyParameters,
}


async def call(bot: Bot, chat_id: int, method: str, params: dict[str, Any]) -> Sent:
    """Make the call. That nothing changed by an edit is no failure.

    Raises:
        TelegramError: Telegram does not take it.
        DrawingFailed, DrawingUnavailable: the file that belongs to it cannot be made, ever or now.
    """
    methods: dict[str, Callable[..., Awaitable[Message | MessageId | bool]]] = {
        "sendMessage": bot.send_message,
        "editMessageText": bot.edit_message_text,
        "editMessageCaption": bot.edit_message_caption,
        "editMessageMedia": bot.edit_message_media,
        "sendContact": bot.send_contact,
        "sendDocument": bot.send_document,
        "sendPhoto": bot.send_photo,
        "copyMessage": bot.copy_message,
        "deleteMessage": bot.delete_message,
        "answerCallbackQuery": bot.answer_callback_query,
    }
    arguments = {key: await _argument(key, value) for key, value in params.items()}
    if method != "answerCallbackQuery":
        arguments["chat_id"] = chat_id
    try:
        answer = await methods[method](**arguments)
    except BadRequest as error:
        if "message is not modified" in error.message.lower():
            return Sent(None)
        raise
    return Sent(answer.message_id if isinstance(answer, Message | MessageId) else None)


async def _argument(key: str, value: Any) -> Any:
    if key in _TYPES:
        return _TYPES[key].de_json(value)
    if key == "media":
        kind, values = value["media"][DRAWN], value["media"]["values"]
        if kind == SENT:
            return MEDIA[values["type"]](values["file"], caption=value["caption"], parse_mode=value["parse_mode"])
        drawn = await draw_apart(kind, values)
        return InputMediaPhoto(drawn.content, value["caption"], value["parse_mode"], filename=drawn.name)
    if key in ("photo", "document"):
        drawn = await draw_apart(value[DRAWN], value["values"])
        return InputFile(drawn.content, filename=drawn.name)
    return value


def outcome(error: TelegramError) -> Result:
    """What an error means: never, or later."""
    match error:
        case RetryAfter(retry_after=wait):
            return Later(wait.total_seconds() if isinstance(wait, timedelta) else float(wait))
        case BadRequest() | Forbidden() | InvalidToken():  # BadRequest is a subclass of NetworkError: it comes first
            return Refused(error.message)
        case NetworkError():
            return Later(None)
    return Refused(error.message)
