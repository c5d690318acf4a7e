"""The outbox's calls, with what is known only when they are made: message ids, threads, the state of a request.

A request has its thread at the advisers: a topic where their group has topics, else the replies to its card. It is
opened by the first call that needs it, and opened anew where it was deleted.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot.domain.consultation import Request
from bot.errors import DrawingFailed
from bot.flows.relay import card
from bot.pipeline.api_calls import DRAWN, text_params
from bot.pipeline.outbox import Later, Refused, Result, Sent
from bot.store.protocol import CARD, ERASE, MAIL, UNPOST, Outgoing, Place, Store, Thread
from bot.telegram.bot_api import call, outcome
from bot.telegram.erasure import erase
from knowledge.loader import HOUSE
from prompts.message_splitter import split_html

log = logging.getLogger(__name__)
DESK_WAIT = 300.0  # seconds until the next try where the bot is not in the advisers' chat
NO_THREAD = ("message thread not found", "topic_deleted", "topic_id_invalid")
NO_MESSAGE = ("message to edit not found", "message_id_invalid")
SHUT = ("chat not found", "rights", "chat_write_forbidden", "chat_restricted", "topic_closed")
ONE_KIND = re.compile("rights to send (?!text|a message)")  # photos, stickers, polls, … but words may be sent
NO_FORUM = ("not a forum", "not enough rights", "chat_not_modified", "method is available only")
Mail = Callable[[Outgoing], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Makes calls. ``mail`` makes those that are e-mails; ``knowledge`` has the pictures."""

    bot: Bot
    store: Store
    mail: Mail
    knowledge: Path = HOUSE

    async def __call__(self, outgoing: Outgoing) -> Result:
        """Make one call of the outbox."""
        if outgoing.method in (MAIL, UNPOST):
            return await self.mail(outgoing)
        try:
            return await self._made(outgoing)
        except ChatMigrated as error:
            await asyncio.to_thread(self.store.move, outgoing.chat_id, error.new_chat_id)
            return Later(0.0)
        except DrawingFailed as error:
            return Refused(str(error))
        except TelegramError as error:
            if outgoing.place is Place.THREAD and is_shut(outgoing.chat_id, error):
                log.error("the advisers' chat cannot be written to: %s; what is for it waits", error.message)
                return Later(DESK_WAIT)
            return outcome(error)

    async def _made(self, outgoing: Outgoing) -> Result:
        if outgoing.method == ERASE:
            return await erase(self.bot, self.store, outgoing)
        if outgoing.place is Place.THREAD:
            return await self._in_thread(outgoing)
        return await self._aimed(outgoing, await asyncio.to_thread(self._completed, outgoing.params))

    def _completed(self, params: dict[str, Any]) -> dict[str, Any]:
        """The parameters, with what a file is made from: the folder of its picture, or a person's data, of which the
        queue holds no second copy."""
        name = next((name for name in ("photo", "document", "media") if name in params), "")
        drawing = params[name]["media"] if name == "media" else params.get(name, {})
        match drawing.get(DRAWN):
            case "picture":
                known: dict[str, Any] = {"folder": str(self.knowledge)}
            case "held_page" | "held_json":
                known = {"held": self.store.person(drawing["values"]["person"])}
            case _:
                return params
        drawing = {**drawing, "values": {**drawing["values"], **known}}
        return {**params, name: {**params[name], "media": drawing} if name == "media" else drawing}

    async def _aimed(self, outgoing: Outgoing, params: dict[str, Any]) -> Result:
        """Make a call with the ids of the messages that it edits or replies to."""
        if outgoing.edits:
            target = await asyncio.to_thread(self.store.caused, outgoing.chat_id, outgoing.edits)
            if target is None:
                return Refused("the message to edit was never sent")
            params = {**params, "message_id": target}
        return await call(self.bot, outgoing.chat_id, outgoing.method, {**params, **await self._reply(outgoing)})

    async def _in_thread(self, outgoing: Outgoing) -> Result:
        request = await asyncio.to_thread(self.store.request, outgoing.request)
        if request is None:
            return Refused("the request was deleted")
        for _ in range(2):
            thread = await asyncio.to_thread(self.store.thread, request.reference)
            if thread and thread.chat_id != outgoing.chat_id:  # the advisers have another chat now
                await asyncio.to_thread(self.store.leave_thread, request.reference)
                thread = None
            try:
                fresh = thread is None
                if thread is None or thread.told is not None:
                    thread = await self._opened(outgoing.chat_id, request, thread)
                if fresh and (outgoing.method == CARD or outgoing.edits):
                    return Sent(None)  # the card and the history show it as it is now
                if outgoing.method == CARD:
                    return await self._card(thread, request)
                into = {} if outgoing.edits else _into(thread)
                return await self._aimed(outgoing, {**outgoing.params, **into})
            except BadRequest as error:
                if not _says(error, NO_THREAD):
                    raise
                await asyncio.to_thread(self.store.put_thread, request.reference, None)  # deleted: open another
        return Later(None)

    async def _opened(self, chat_id: int, request: Request, thread: Thread | None) -> Thread:
        """A thread with the card, and with what was said before where there was something.

        Each step is written down before the next, so that it is taken up where it was broken off.
        """
        lines = await asyncio.to_thread(self.store.lines, request.reference)
        if thread is None:
            thread = Thread(chat_id, await self._topic(chat_id, request), 0, len(lines), 0)
            if thread.thread_id:
                await self._keep(request, thread)
        if not thread.card:
            sent = await call(self.bot, chat_id, "sendMessage", {**_card_params(request), **_topic_of(thread)})
            thread = await self._keep(request, replace(thread, card=sent.message_id or 0))
        await self._pin(thread)
        said = [line for line in lines[: thread.lines] if not line.waits]
        for number, part in enumerate(split_html(card.history(said)) if said else (), 1):
            if number > (thread.told or 0):
                told = await call(self.bot, chat_id, "sendMessage", {**text_params(part), **_into(thread)})
                await asyncio.to_thread(self.store.posted, request.reference, (chat_id, told.message_id or 0))
                thread = await self._keep(request, replace(thread, told=number))
        return await self._keep(request, replace(thread, lines=0, told=None))

    async def _keep(self, request: Request, thread: Thread) -> Thread:
        await asyncio.to_thread(self.store.put_thread, request.reference, thread)
        return thread

    async def _topic(self, chat_id: int, request: Request) -> int:
        try:
            topic = await self.bot.create_forum_topic(chat_id, card.title(request))
        except BadRequest as error:
            if _says(error, NO_FORUM):
                return 0
            raise
        return topic.message_thread_id

    async def _card(self, thread: Thread, request: Request) -> Result:
        params = _card_params(request)
        try:
            await call(self.bot, thread.chat_id, "editMessageText", {**params, "message_id": thread.card})
        except BadRequest as error:
            if not _says(error, NO_MESSAGE):
                raise
            sent = await call(self.bot, thread.chat_id, "sendMessage", {**params, **_topic_of(thread)})
            await self._pin(await self._keep(request, replace(thread, card=sent.message_id or 0)))
        if thread.thread_id:
            await self._titled(thread, request)
        return Sent(None)

    async def _titled(self, thread: Thread, request: Request) -> None:
        try:
            await self.bot.edit_forum_topic(thread.chat_id, thread.thread_id, name=card.title(request))
        except BadRequest as error:
            if _says(error, NO_THREAD):
                raise
            log.info("a topic keeps its title: %s", error.message)

    async def _pin(self, thread: Thread) -> None:
        try:
            await self.bot.pin_chat_message(thread.chat_id, thread.card, disable_notification=True)
        except BadRequest as error:
            log.info("a card is not pinned: %s", error.message)  # a comfort that needs a right of its own

    async def _reply(self, outgoing: Outgoing) -> dict[str, Any]:
        """The message in the chat that stands for the one replied to: its copy, or what it is a copy of."""
        if outgoing.replies is None:
            return {}
        target = await asyncio.to_thread(self.store.caused, outgoing.chat_id, outgoing.replies)
        if target is None:
            cause = await asyncio.to_thread(self.store.cause, *outgoing.replies)
            target = cause[1] if cause and cause[0] == outgoing.chat_id else None
        return {"reply_parameters": _replying(target)} if target else {}


def is_shut(chat_id: int, error: TelegramError) -> bool:
    """Whether the advisers' chat as a whole cannot be written to, and what is for it has to wait.

    Where it is a group, "blocked by the user" is about the person whose message is to be copied.
    """
    if isinstance(error, Forbidden):
        return chat_id > 0 or not _says(error, ("user",))
    return _says(error, SHUT) and not ONE_KIND.search(error.message.lower())


def _card_params(request: Request) -> dict[str, Any]:
    return text_params(split_html(card.html(request))[0], card.keyboard(request))


def _topic_of(thread: Thread) -> dict[str, Any]:
    return {"message_thread_id": thread.thread_id} if thread.thread_id else {}


def _into(thread: Thread) -> dict[str, Any]:
    return _topic_of(thread) or {"reply_parameters": _replying(thread.card)}


def _replying(message_id: int) -> dict[str, Any]:
    return {"message_id": message_id, "allow_sending_without_reply": True}


def _says(error: TelegramError, words: tuple[str, ...]) -> bool:
    return any(part in error.message.lower() for part in words)
