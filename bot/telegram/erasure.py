"""What the advisers' chat holds of a deleted request: a topic goes as a whole where the bot may do that, else one
message after another; what Telegram keeps is emptied, or named to the advisers. May be broken off anywhere and taken
up again: each message is settled on its own."""

import asyncio
import logging

from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot.flows.relay import notices
from bot.pipeline.api_calls import text_params
from bot.pipeline.outbox import Result, Sent
from bot.store.protocol import Origin, Outgoing, Rest, Store, Why
from bot.telegram.bot_api import call
from prompts.message_splitter import split_html

log = logging.getLogger(__name__)
REFUSED = (BadRequest, ChatMigrated, Forbidden)
NOT_THERE = ("message to delete not found", "message_id_invalid", "message thread not found", "topic_id_invalid",
             "topic_deleted")  # fmt: skip


async def erase(bot: Bot, store: Store, outgoing: Outgoing) -> Result:
    """Delete what there is of a request and say so; raises TelegramError where it has to be gone on with later."""
    reference, why, desk = outgoing.request, Why(outgoing.params["why"]), outgoing.chat_id
    known = await asyncio.to_thread(store.topics, reference)
    topics = {topic: await _topic_deleted(bot, topic, desk) for topic in known}
    whole = {chat_id for chat_id, _ in topics} - {chat_id for (chat_id, _), deleted in topics.items() if not deleted}
    for message in await asyncio.to_thread(store.remains, reference):
        rest = Rest.NOTHING if message[0] in whole else await _deleted(bot, message, desk)
        await asyncio.to_thread(store.settle, reference, message, rest)
    place = dict[str, int]()
    for topic, deleted in topics.items():
        if deleted:
            await asyncio.to_thread(store.settle_topic, reference, topic)
        elif topic[0] == desk:
            place = {"message_thread_id": topic[1]}
            await _untitled(bot, topic, reference)
    left = await asyncio.to_thread(store.left, reference)
    if why is Why.PERSON or left:
        for part in split_html(notices.notice(reference, why, left, whole=desk in whole)):
            await call(bot, desk, "sendMessage", {**text_params(part), **place})
    return Sent(None)


async def _topic_deleted(bot: Bot, topic: Origin, desk: int) -> bool:
    try:
        await bot.delete_forum_topic(*topic)
    except REFUSED as error:
        log.info("a topic is not deleted as a whole: %s", type(error).__name__)
        return _not_there(error, is_desk=topic[0] == desk)
    return True


async def _deleted(bot: Bot, message: Origin, desk: int) -> Rest:
    """Delete a message; Telegram does so with ours for 48 hours only, but lets us replace their text later, too."""
    chat_id, message_id = message
    try:
        await bot.delete_message(chat_id, message_id)
    except REFUSED as error:
        if _not_there(error, is_desk=chat_id == desk):
            return Rest.NOTHING
    else:
        return Rest.NOTHING
    try:
        await call(bot, chat_id, "editMessageText", {**text_params(notices.emptied()), "message_id": message_id})
    except REFUSED:
        return Rest.ALL
    return Rest.EMPTIED


async def _untitled(bot: Bot, topic: Origin, reference: str) -> None:
    try:
        await bot.edit_forum_topic(*topic, name=notices.title(reference))
    except REFUSED as error:
        log.info("a topic keeps its title: %s", type(error).__name__)


def _not_there(error: TelegramError, *, is_desk: bool) -> bool:
    """Whether there is nothing to delete any more; raises the error if the advisers' chat is out of reach. One that
    was theirs before is not waited for."""
    out_of_reach = isinstance(error, Forbidden) or "chat not found" in error.message.lower()
    if out_of_reach and is_desk:
        raise error
    return any(words in error.message.lower() for words in NOT_THERE)
