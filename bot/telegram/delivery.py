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
from bot.errors import RenderingFailed
from bot.flows.relay import messages
from bot.pipeline.api_calls import ATTACHMENT_KIND, text_params
from bot.pipeline.outbox import CallResult, Rejected, Retry, Sent
from bot.store.protocol import (
    ERASE_THREAD,
    REFRESH_CARD,
    REQUEST_MAIL_DELETION,
    SEND_MAIL,
    AdviserThread,
    Destination,
    OutgoingCall,
    Store,
)
from bot.telegram.bot_api import call_bot_api, classify_error
from bot.telegram.erasure import erase_from_adviser_chat
from knowledge.loader import BUILT_IN
from prompts.message_splitter import split_html

log = logging.getLogger(__name__)
ADVISER_CHAT_WAIT = 300.0  # seconds until the next try where the bot is not in the advisers' chat
THREAD_GONE_ERRORS = ("message thread not found", "topic_deleted", "topic_id_invalid")
MESSAGE_GONE_ERRORS = ("message to edit not found", "message_id_invalid")
CHAT_CLOSED_ERRORS = ("chat not found", "rights", "chat_write_forbidden", "chat_restricted", "topic_closed")
MEDIA_RIGHT_ERROR = re.compile(
    "rights to send (?!text|a message)"
)  # photos, stickers, polls, … but words may be sent
NO_TOPICS_ERRORS = ("not a forum", "not enough rights", "chat_not_modified", "method is available only")
MailSender = Callable[[OutgoingCall], Awaitable[CallResult]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Makes calls. ``mail`` makes those that are e-mails; ``knowledge`` has the pictures."""

    bot: Bot
    store: Store
    send_mail: MailSender
    knowledge_dir: Path = BUILT_IN

    async def __call__(self, outgoing: OutgoingCall) -> CallResult:
        """Make one call of the outbox."""
        if outgoing.method in (SEND_MAIL, REQUEST_MAIL_DELETION):
            return await self.send_mail(outgoing)
        try:
            return await self._make_call(outgoing)
        except ChatMigrated as error:
            await asyncio.to_thread(self.store.migrate_chat, outgoing.chat_id, error.new_chat_id)
            return Retry(0.0)
        except RenderingFailed as error:
            return Rejected(str(error))
        except TelegramError as error:
            if outgoing.destination is Destination.THREAD and is_chat_closed(outgoing.chat_id, error):
                log.error("the advisers' chat cannot be written to: %s; what is for it waits", error.message)
                return Retry(ADVISER_CHAT_WAIT)
            return classify_error(error)

    async def _make_call(self, outgoing: OutgoingCall) -> CallResult:
        if outgoing.method == ERASE_THREAD:
            return await erase_from_adviser_chat(self.bot, self.store, outgoing)
        if outgoing.destination is Destination.THREAD:
            return await self._call_in_thread(outgoing)
        return await self._call_with_message_ids(
            outgoing, await asyncio.to_thread(self._complete_params, outgoing.params)
        )

    def _complete_params(self, params: dict[str, Any]) -> dict[str, Any]:
        """The parameters, with what a file is made from: the folder of its picture, or a person's data, of which the
        queue holds no second copy."""
        file_param = next((file_param for file_param in ("photo", "document", "media") if file_param in params), "")
        attachment = params[file_param]["media"] if file_param == "media" else params.get(file_param, {})
        match attachment.get(ATTACHMENT_KIND):
            case "picture":
                additions: dict[str, Any] = {"folder": str(self.knowledge_dir)}
            case "held_page" | "held_json":
                additions = {"held": self.store.load_personal_data(attachment["values"]["person"])}
            case _:
                return params
        attachment = {**attachment, "values": {**attachment["values"], **additions}}
        return {
            **params,
            file_param: {**params[file_param], "media": attachment} if file_param == "media" else attachment,
        }

    async def _call_with_message_ids(self, outgoing: OutgoingCall, params: dict[str, Any]) -> CallResult:
        """Make a call with the ids of the messages that it edits or replies to."""
        if outgoing.edit_of:
            target = await asyncio.to_thread(self.store.find_reply_to, outgoing.chat_id, outgoing.edit_of)
            if target is None:
                return Rejected("the message to edit was never sent")
            params = {**params, "message_id": target}
        return await call_bot_api(
            self.bot, outgoing.chat_id, outgoing.method, {**params, **await self._find_reply_params(outgoing)}
        )

    async def _call_in_thread(self, outgoing: OutgoingCall) -> CallResult:
        request = await asyncio.to_thread(self.store.find_request, outgoing.request)
        if request is None:
            return Rejected("the request was deleted")
        for _ in range(2):
            thread = await asyncio.to_thread(self.store.find_thread, request.reference)
            if thread and thread.chat_id != outgoing.chat_id:  # the advisers have another chat now
                await asyncio.to_thread(self.store.leave_thread, request.reference)
                thread = None
            try:
                is_new = thread is None
                if thread is None or thread.history_sent is not None:
                    thread = await self._open_thread(outgoing.chat_id, request, thread)
                if is_new and (outgoing.method == REFRESH_CARD or outgoing.edit_of):
                    return Sent(None)  # the card and the history show it as it is now
                if outgoing.method == REFRESH_CARD:
                    return await self._update_card(thread, request)
                thread_params = {} if outgoing.edit_of else _thread_params(thread)
                return await self._call_with_message_ids(outgoing, {**outgoing.params, **thread_params})
            except BadRequest as error:
                if not _error_contains(error, THREAD_GONE_ERRORS):
                    raise
                await asyncio.to_thread(self.store.save_thread, request.reference, None)  # deleted: open another
        return Retry(None)

    async def _open_thread(self, chat_id: int, request: Request, thread: AdviserThread | None) -> AdviserThread:
        """A thread with the card, and with what was said before where there was something.

        Each step is written down before the next, so that it is taken up where it was broken off.
        """
        lines = await asyncio.to_thread(self.store.load_transcript, request.reference)
        if thread is None:
            thread = AdviserThread(chat_id, await self._create_topic(chat_id, request), 0, len(lines), 0)
            if thread.thread_id:
                await self._save_thread(request, thread)
        if not thread.card:
            sent = await call_bot_api(
                self.bot, chat_id, "sendMessage", {**_card_params(request), **_topic_params(thread)}
            )
            thread = await self._save_thread(request, replace(thread, card=sent.message_id or 0))
        await self._pin_card(thread)
        past_lines = [line for line in lines[: thread.history_length] if not line.is_queued]
        for number, part in enumerate(split_html(messages.render_history(past_lines)) if past_lines else (), 1):
            if number > (thread.history_sent or 0):
                sent_part = await call_bot_api(
                    self.bot, chat_id, "sendMessage", {**text_params(part), **_thread_params(thread)}
                )
                await asyncio.to_thread(
                    self.store.record_posted_message, request.reference, (chat_id, sent_part.message_id or 0)
                )
                thread = await self._save_thread(request, replace(thread, history_sent=number))
        return await self._save_thread(request, replace(thread, history_length=0, history_sent=None))

    async def _save_thread(self, request: Request, thread: AdviserThread) -> AdviserThread:
        await asyncio.to_thread(self.store.save_thread, request.reference, thread)
        return thread

    async def _create_topic(self, chat_id: int, request: Request) -> int:
        try:
            topic = await self.bot.create_forum_topic(chat_id, messages.format_topic_title(request))
        except BadRequest as error:
            if _error_contains(error, NO_TOPICS_ERRORS):
                return 0
            raise
        return topic.message_thread_id

    async def _update_card(self, thread: AdviserThread, request: Request) -> CallResult:
        params = _card_params(request)
        try:
            await call_bot_api(self.bot, thread.chat_id, "editMessageText", {**params, "message_id": thread.card})
        except BadRequest as error:
            if not _error_contains(error, MESSAGE_GONE_ERRORS):
                raise
            sent = await call_bot_api(self.bot, thread.chat_id, "sendMessage", {**params, **_topic_params(thread)})
            await self._pin_card(await self._save_thread(request, replace(thread, card=sent.message_id or 0)))
        if thread.thread_id:
            await self._update_title(thread, request)
        return Sent(None)

    async def _update_title(self, thread: AdviserThread, request: Request) -> None:
        try:
            await self.bot.edit_forum_topic(
                thread.chat_id, thread.thread_id, name=messages.format_topic_title(request)
            )
        except BadRequest as error:
            if _error_contains(error, THREAD_GONE_ERRORS):
                raise
            log.info("a topic keeps its title: %s", error.message)

    async def _pin_card(self, thread: AdviserThread) -> None:
        try:
            await self.bot.pin_chat_message(thread.chat_id, thread.card, disable_notification=True)
        except BadRequest as error:
            log.info("a card is not pinned: %s", error.message)  # a comfort that needs a right of its own

    async def _find_reply_params(self, outgoing: OutgoingCall) -> dict[str, Any]:
        """The message in the chat that stands for the one replied to: its copy, or what it is a copy of."""
        if outgoing.reply_to is None:
            return {}
        target = await asyncio.to_thread(self.store.find_reply_to, outgoing.chat_id, outgoing.reply_to)
        if target is None:
            source = await asyncio.to_thread(self.store.find_source, *outgoing.reply_to)
            target = source[1] if source and source[0] == outgoing.chat_id else None
        return {"reply_parameters": _reply_parameters(target)} if target else {}


def is_chat_closed(chat_id: int, error: TelegramError) -> bool:
    """Whether the advisers' chat as a whole cannot be written to, and what is for it has to wait.

    Where it is a group, "blocked by the user" is about the person whose message is to be copied.
    """
    if isinstance(error, Forbidden):
        return chat_id > 0 or not _error_contains(error, ("user",))
    return _error_contains(error, CHAT_CLOSED_ERRORS) and not MEDIA_RIGHT_ERROR.search(error.message.lower())


def _card_params(request: Request) -> dict[str, Any]:
    return text_params(split_html(messages.render_card(request))[0], messages.build_card_keyboard(request))


def _topic_params(thread: AdviserThread) -> dict[str, Any]:
    return {"message_thread_id": thread.thread_id} if thread.thread_id else {}


def _thread_params(thread: AdviserThread) -> dict[str, Any]:
    return _topic_params(thread) or {"reply_parameters": _reply_parameters(thread.card)}


def _reply_parameters(message_id: int) -> dict[str, Any]:
    return {"message_id": message_id, "allow_sending_without_reply": True}


def _error_contains(error: TelegramError, phrases: tuple[str, ...]) -> bool:
    return any(phrase in error.message.lower() for phrase in phrases)
