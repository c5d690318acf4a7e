"""Make one call of the Bot API, and classify its errors for the outbox."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from telegram import (
    Bot,
    BotCommandScope,
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
from bot.store.records import COPY_ALBUM, DELETE_MENU, SET_MENU, SET_REACTION

THREAD_GONE_ERRORS = ("message thread not found", "topic_deleted", "topic_id_invalid")
INPUT_MEDIA_TYPES = {"photo": InputMediaPhoto, "document": InputMediaDocument, "video": InputMediaVideo,
         "audio": InputMediaAudio, "animation": InputMediaAnimation}  # fmt: skip
_METHODS: dict[str, Callable[..., Awaitable[Message | MessageId | tuple[MessageId, ...] | bool]]] = {
    "sendMessage": Bot.send_message,
    "editMessageText": Bot.edit_message_text,
    "editMessageCaption": Bot.edit_message_caption,
    "editMessageMedia": Bot.edit_message_media,
    "editMessageReplyMarkup": Bot.edit_message_reply_markup,
    "sendContact": Bot.send_contact,
    "sendDocument": Bot.send_document,
    "sendPhoto": Bot.send_photo,
    "copyMessage": Bot.copy_message,
    COPY_ALBUM: Bot.copy_messages,
    "deleteMessage": Bot.delete_message,
    "answerCallbackQuery": Bot.answer_callback_query,
    SET_MENU: Bot.set_my_commands,
    DELETE_MENU: Bot.delete_my_commands,
    SET_REACTION: Bot.set_message_reaction,
}
_METHODS_WITHOUT_CHAT = ("answerCallbackQuery", SET_MENU, DELETE_MENU)
_PARAM_TYPES: dict[str, type[BotCommandScope | InlineKeyboardMarkup | LinkPreviewOptions | ReplyParameters]] = {
    "scope": BotCommandScope,
    "reply_markup": InlineKeyboardMarkup,
    "link_preview_options": LinkPreviewOptions,
    "reply_parameters": ReplyParameters,
}


async def call_bot_api(bot: Bot, chat_id: int, method: str, params: dict[str, Any]) -> Sent:
    """Make a call; an edit that changes nothing counts as successful.

    Args:
        params: the method's parameters as JSON, without the chat; placeholders of files are rendered here.

    Raises:
        TelegramError: Telegram rejects it, or cannot be reached.
        RenderingFailed, RenderingUnavailable: its file can never be rendered, or not now.
    """
    arguments = {key: await _convert_argument(key, value) for key, value in params.items()}
    if method not in _METHODS_WITHOUT_CHAT:
        arguments["chat_id"] = chat_id
    try:
        response = await _METHODS[method](bot, **arguments)
    except BadRequest as error:
        if error_contains(error, "message is not modified"):
            return Sent(None)
        raise
    if isinstance(response, tuple):
        return _match_copies(params["message_ids"], [copy.message_id for copy in response])
    return Sent(response.message_id if isinstance(response, Message | MessageId) else None)


def _match_copies(originals: list[int], copies: list[int]) -> Sent:
    """Return the first copy, and the others with their originals: 0 if some were skipped, so that nobody knows which.

    Raises BadRequest if there are no copies.
    """
    if not copies:
        raise BadRequest("message to copy not found")
    if len(copies) < len(originals):
        return Sent(None, tuple((0, copy) for copy in copies))
    return Sent(copies[0], tuple(zip(originals[1:], copies[1:], strict=True)))


async def _convert_argument(key: str, value: Any) -> Any:
    if key in _PARAM_TYPES:
        return _PARAM_TYPES[key].de_json(value)
    if key == "media":
        kind, values = value["media"][ATTACHMENT_KIND], value["media"]["values"]
        if kind == UPLOADED_FILE:
            media_type = INPUT_MEDIA_TYPES[values["type"]]
            return media_type(values["file"], caption=value["caption"], parse_mode=value["parse_mode"])
        rendered = await render_in_subprocess(kind, values)
        return InputMediaPhoto(rendered.content, value["caption"], value["parse_mode"], filename=rendered.name)
    if key in ("photo", "document"):
        rendered = await render_in_subprocess(value[ATTACHMENT_KIND], value["values"])
        return InputFile(rendered.content, filename=rendered.name)
    return value


def error_contains(error: TelegramError, *phrases: str) -> bool:
    """Whether Telegram's description of an error contains one of these phrases, which are in lower case."""
    return any(phrase in error.message.lower() for phrase in phrases)


def classify_error(error: TelegramError) -> CallResult:
    """Return whether a call that failed is to be retried or has failed for good."""
    match error:
        case RetryAfter(retry_after=retry_after):
            return Retry(retry_after.total_seconds() if isinstance(retry_after, timedelta) else float(retry_after))
        case BadRequest() | Forbidden() | InvalidToken():  # before NetworkError, which BadRequest is a subclass of
            return Rejected(error.message)
        case NetworkError():
            return Retry(None)
    return Rejected(error.message)
