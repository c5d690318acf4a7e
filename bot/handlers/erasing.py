"""What the advisers' chat holds of a deleted request: a topic goes as a whole where the bot may do that, else one
message after another; what Telegram keeps is emptied, or named to the advisers. May be broken off anywhere and taken
up again: each message is settled on its own."""

import asyncio
import logging

from telegram import Bot
from telegram.error import BadRequest, ChatMigrated

from bot.flows import gone
from bot.handlers.outgoing import text_params
from bot.handlers.sender import call
from bot.outbox import Result, Sent
from bot.store.protocol import Origin, Outgoing, Rest, Store, Thread, Why
from prompts.split import split_html

log = logging.getLogger(__name__)
REFUSED = (BadRequest, ChatMigrated)  # about one message; that the bot is not in the chat is waited for
NOT_THERE = ("message to delete not found", "message_id_invalid", "message thread not found", "topic_id_invalid",
             "topic_deleted")  # fmt: skip


async def erase(bot: Bot, store: Store, outgoing: Outgoing) -> Result:
    """Delete what there is of a request and say so; raises TelegramError where it has to be gone on with later."""
    reference, why = outgoing.request, Why(outgoing.params["why"])
    thread = await asyncio.to_thread(store.thread, reference)
    whole = thread is not None and bool(thread.thread_id) and await _topic_deleted(bot, thread)
    for message in await asyncio.to_thread(store.remains, reference):
        inside = whole and thread is not None and message[0] == thread.chat_id
        rest = Rest.NOTHING if inside else await _deleted(bot, message)
        await asyncio.to_thread(store.settle, reference, message, rest)
    if whole:
        await asyncio.to_thread(store.put_thread, reference, None)
        thread = None
    elif thread and thread.thread_id:
        await _untitled(bot, thread, reference)
    left = await asyncio.to_thread(store.left, reference)
    if why is Why.PERSON or left:
        place = {"message_thread_id": thread.thread_id} if thread and thread.thread_id else {}
        for part in split_html(gone.notice(reference, why, left, whole=whole)):
            await call(bot, outgoing.chat_id, "sendMessage", {**text_params(part), **place})
    return Sent(None)


async def _topic_deleted(bot: Bot, thread: Thread) -> bool:
    try:
        await bot.delete_forum_topic(thread.chat_id, thread.thread_id)
    except REFUSED as error:
        log.info("a topic is not deleted as a whole: %s", type(error).__name__)
        return _not_there(error)
    return True


async def _deleted(bot: Bot, message: Origin) -> Rest:
    """Delete a message; Telegram does so with ours for 48 hours only, but lets us replace their text later, too."""
    chat_id, message_id = message
    try:
        await bot.delete_message(chat_id, message_id)
    except REFUSED as error:
        if _not_there(error):
            return Rest.NOTHING
    else:
        return Rest.NOTHING
    try:
        await call(bot, chat_id, "editMessageText", {**text_params(gone.emptied()), "message_id": message_id})
    except REFUSED:
        return Rest.ALL
    return Rest.EMPTIED


async def _untitled(bot: Bot, thread: Thread, reference: str) -> None:
    try:
        await bot.edit_forum_topic(thread.chat_id, thread.thread_id, name=gone.title(reference))
    except REFUSED as error:
        log.info("a topic keeps its title: %s", type(error).__name__)


def _not_there(error: BadRequest | ChatMigrated) -> bool:
    """Whether there is nothing to delete any more; raises the error where the whole chat is out of reach."""
    if "chat not found" in error.message.lower():
        raise error
    return any(words in error.message.lower() for words in NOT_THERE)
