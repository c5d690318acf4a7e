"""Erase a deleted request from the advisers' chat.

The whole topic is deleted if the bot may do that, else message by message; messages that cannot be deleted are
emptied, or listed for the advisers. Safe to interrupt and resume: the result for each message is saved separately.
"""

import asyncio
import logging

from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot.flows.relay import notices
from bot.pipeline.api_calls import text_params
from bot.pipeline.outbox import CallResult, Sent
from bot.store import Store
from bot.store.records import EraseThread, ErasureReason, ErasureResult, SourceMessage
from bot.telegram.bot_api import THREAD_GONE_ERRORS, call_bot_api, error_contains
from prompts.message_splitter import split_html

log = logging.getLogger(__name__)
REFUSAL_ERRORS = (BadRequest, ChatMigrated, Forbidden)
ALREADY_GONE_ERRORS = (*THREAD_GONE_ERRORS, "message to delete not found", "message_id_invalid")


async def erase_from_adviser_chat(bot: Bot, store: Store, call: EraseThread) -> CallResult:
    """Erase a request and tell the advisers; raises TelegramError if the rest must be done later."""
    reference, adviser_chat = call.reference, call.chat_id
    topic_ids = await asyncio.to_thread(store.erasure.request_topics, reference)
    topics = {topic: await _delete_topic(bot, topic, adviser_chat) for topic in topic_ids}
    remaining_chats = {chat_id for (chat_id, _), deleted in topics.items() if not deleted}
    deleted_chats = {chat_id for chat_id, _ in topics} - remaining_chats
    for message in await asyncio.to_thread(store.erasure.erasure_queue, reference):
        is_gone = message[0] in deleted_chats
        result = ErasureResult.DELETED if is_gone else await _delete_message(bot, message, adviser_chat)
        await asyncio.to_thread(store.erasure.record_erasure, reference, message, result)
    topic_params = dict[str, int]()
    for topic, deleted in topics.items():
        if deleted:
            await asyncio.to_thread(store.erasure.record_topic_erasure, reference, topic)
        elif topic[0] == adviser_chat:
            topic_params = {"message_thread_id": topic[1]}
            await _retitle_topic(bot, topic, reference)
    undeletable = await asyncio.to_thread(store.erasure.undeletable_messages, reference)
    if call.reason is ErasureReason.REQUESTER or undeletable:
        is_gone = adviser_chat in deleted_chats
        notice = notices.erasure_notice(reference, call.reason, undeletable, topic_deleted=is_gone)
        for part in split_html(notice):
            await call_bot_api(bot, adviser_chat, "sendMessage", {**text_params(part), **topic_params})
    return Sent(None)


async def _delete_topic(bot: Bot, topic: SourceMessage, adviser_chat: int) -> bool:
    try:
        await bot.delete_forum_topic(*topic)
    except REFUSAL_ERRORS as error:
        log.info("a topic is not deleted as a whole: %s", type(error).__name__)
        return _is_already_gone(error, in_adviser_chat=topic[0] == adviser_chat)
    return True


async def _delete_message(bot: Bot, message: SourceMessage, adviser_chat: int) -> ErasureResult:
    """Delete or empty a message; Telegram lets a bot delete its messages for 48 hours only, but edit them forever."""
    chat_id, message_id = message
    try:
        await bot.delete_message(chat_id, message_id)
    except REFUSAL_ERRORS as error:
        if _is_already_gone(error, in_adviser_chat=chat_id == adviser_chat):
            return ErasureResult.DELETED
    else:
        return ErasureResult.DELETED
    try:
        params = {**text_params(notices.emptied_text()), "message_id": message_id}
        await call_bot_api(bot, chat_id, "editMessageText", params)
    except REFUSAL_ERRORS:
        return ErasureResult.UNDELETABLE
    return ErasureResult.EMPTIED


async def _retitle_topic(bot: Bot, topic: SourceMessage, reference: str) -> None:
    try:
        await bot.edit_forum_topic(topic[0], topic[1], name=notices.erased_title(reference))
    except REFUSAL_ERRORS as error:
        log.info("a topic keeps its title: %s", type(error).__name__)


def _is_already_gone(error: TelegramError, *, in_adviser_chat: bool) -> bool:
    """Whether there is nothing left to delete; raises the error if the advisers' chat is out of reach.

    Do not wait for a chat that the advisers used before.
    """
    out_of_reach = isinstance(error, Forbidden) or error_contains(error, "chat not found")
    if out_of_reach and in_adviser_chat:
        raise error
    return error_contains(error, *ALREADY_GONE_ERRORS)
