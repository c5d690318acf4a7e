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

from bot.attachments.subprocess_renderer import render_in_subprocess
from bot.pipeline.api_calls import ATTACHMENT_KIND, UPLOADED_FILE
from bot.pipeline.outbox import CallResult, Rejected, Retry, Sent

INPUT_MEDIA_TYPES = {"photo": InputMediaPhoto, "document": InputMediaDocument, "video": InputMediaVideo,
         "audio": InputMediaAudio, "animation": InputMediaAnimation}  # fmt: skip
_PARAM_TYPES: dict[str, type[InlineKeyboardMarkup | LinkPreviewOptions | ReplyParameters]] = {
    "reply_markup": InlineKeyboardMarkup,
    "link_preview_options": LinkPreviewOptions,
    "reply_parameters": ReplyParameters,
}


async def call_bot_api(bot: Bot, chat_id: int, method: str, params: dict[str, Any]) -> Sent:
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
    arguments = {key: await _convert_argument(key, value) for key, value in params.items()}
    if method != "answerCallbackQuery":
        arguments["chat_id"] = chat_id
    try:
        response = await methods[method](**arguments)
    except BadRequest as error:
        if "message is not modified" in error.message.lower():
            return Sent(None)
        raise
    return Sent(response.message_id if isinstance(response, Message | MessageId) else None)


async def _convert_argument(key: str, value: Any) -> Any:
    if key in _PARAM_TYPES:
        return _PARAM_TYPES[key].de_json(value)
    if key == "media":
        kind, values = value["media"][ATTACHMENT_KIND], value["media"]["values"]
        if kind == UPLOADED_FILE:
            return INPUT_MEDIA_TYPES[values["type"]](
                values["file"], caption=value["caption"], parse_mode=value["parse_mode"]
            )
        rendered = await render_in_subprocess(kind, values)
        return InputMediaPhoto(rendered.content, value["caption"], value["parse_mode"], filename=rendered.name)
    if key in ("photo", "document"):
        rendered = await render_in_subprocess(value[ATTACHMENT_KIND], value["values"])
        return InputFile(rendered.content, filename=rendered.name)
    return value


def classify_error(error: TelegramError) -> CallResult:
    """What an error means: never, or later."""
    match error:
        case RetryAfter(retry_after=retry_after):
            return Retry(retry_after.total_seconds() if isinstance(retry_after, timedelta) else float(retry_after))
        case BadRequest() | Forbidden() | InvalidToken():  # BadRequest is a subclass of NetworkError: it comes first
            return Rejected(error.message)
        case NetworkError():
            return Retry(None)
    return Rejected(error.message)
