"""Make the outbox's calls, adding what is looked up only then: message ids, threads, the state of a request.

A request has a thread in the advisers' chat: a topic if their group has topics, else the replies to its card. The
first call that needs the thread opens it, and opens another if it was deleted.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot.attachments.data_page import referenced_ids
from bot.domain.consultation import Request
from bot.domain.message import RefreshCard
from bot.errors import RenderingFailed
from bot.flows.relay import messages
from bot.pipeline.api_calls import ATTACHMENT_KIND, reply_params, text_params, topic_params
from bot.pipeline.outbox import CallResult, MakeCall, Rejected, Retry, Sent
from bot.store import Store
from bot.store.records import COPY_ALBUM, AdviserThread, ApiCall, Destination, EraseThread, MailCall, OutgoingCall
from bot.telegram.bot_api import THREAD_GONE_ERRORS, call_bot_api, classify_error, error_contains
from bot.telegram.erasure import erase_from_adviser_chat
from knowledge.loader import BUILT_IN
from prompts.message_splitter import split_html

log = logging.getLogger(__name__)
ADVISER_CHAT_WAIT = 300.0  # seconds until the next try if the bot cannot write to the advisers' chat
MESSAGE_GONE_ERRORS = ("message to edit not found", "message_id_invalid")
CHAT_CLOSED_ERRORS = ("chat not found", "rights", "chat_write_forbidden", "chat_restricted", "topic_closed")
MEDIA_RIGHT_ERROR = re.compile("rights to send (?!text|a message)")  # photos, stickers, polls, …: text may be sent
NO_TOPICS_ERRORS = ("not a forum", "not enough rights", "chat_not_modified", "method is available only")


@dataclass(frozen=True, slots=True)
class Delivery:
    """Makes calls.

    Attributes:
        send_mail: makes those that are e-mails.
        knowledge_dir: has the pictures.
        name_records: names what a person's data refer to, see `privacy.name_records`.
    """

    bot: Bot
    store: Store
    send_mail: MakeCall[MailCall]
    knowledge_dir: Path = BUILT_IN
    name_records: Callable[[Collection[str], str], Mapping[str, Mapping[str, str]]] = lambda entry_ids, lang: {}

    async def __call__(self, call: OutgoingCall) -> CallResult:
        """Make one call of the outbox."""
        if isinstance(call, MailCall):
            return await self.send_mail(call)
        assert call.chat_id is not None
        try:
            match call:
                case EraseThread():
                    return await erase_from_adviser_chat(self.bot, self.store, call)
                case ApiCall(destination=Destination.CHAT):
                    params = await asyncio.to_thread(self._complete_params, call.params)
                    return await self._call_with_message_ids(call, params)
                case _:
                    return await self._call_in_thread(call, call.chat_id)
        except ChatMigrated as error:
            await asyncio.to_thread(self.store.outbox.migrate_chat, call.chat_id, error.new_chat_id)
            return Retry(0.0)
        except RenderingFailed as error:
            return Rejected(str(error))
        except TelegramError as error:
            is_for_advisers = not isinstance(call, ApiCall) or call.destination is Destination.THREAD
            if is_for_advisers and is_chat_closed(call.chat_id, error):
                log.error("the bot cannot write to the advisers' chat: %s; messages for it wait", error.message)
                return Retry(ADVISER_CHAT_WAIT)
            return classify_error(error)

    def _complete_params(self, params: dict[str, Any]) -> dict[str, Any]:
        """Add what a file is rendered from: the folder of its picture, or a person's data, which is never queued."""
        key = next((key for key in ("photo", "document", "media") if key in params), "")
        attachment = params[key]["media"] if key == "media" else params.get(key, {})
        match attachment.get(ATTACHMENT_KIND):
            case "picture":
                additions: dict[str, Any] = {"folder": str(self.knowledge_dir)}
            case "held_page" | "held_json":
                values = attachment["values"]
                tables = self.store.erasure.load_personal_data(values["person"])
                additions = {"held": tables, "names": self.name_records(referenced_ids(tables), values["lang"])}
            case _:
                return params
        attachment = {**attachment, "values": {**attachment["values"], **additions}}
        return {**params, key: {**params[key], "media": attachment} if key == "media" else attachment}

    async def _call_with_message_ids(self, call: ApiCall, params: dict[str, Any]) -> CallResult:
        """Make a call with the ids of the messages that it edits or replies to."""
        if call.edit_of:
            target = await asyncio.to_thread(self.store.outbox.find_reply_to, call.chat_id, call.edit_of)
            if target is None:
                return Rejected("the message to edit was never sent")
            params = {**params, "message_id": target}
        params = {**params, **await self._find_reply_params(call)}
        return await call_bot_api(self.bot, call.chat_id, call.method, params)

    async def _call_in_thread(self, call: ApiCall | RefreshCard, chat_id: int) -> CallResult:
        request = await asyncio.to_thread(self.store.requests.find_request, call.reference)
        if request is None:
            return Rejected("the request was deleted")
        for _ in range(2):
            thread = await asyncio.to_thread(self.store.requests.find_thread, request.reference)
            if thread is None and request.withdrawn:
                return Sent(None)  # withdrawn before the advisers got it: they need not see it
            if thread and thread.chat_id != chat_id:  # the advisers have another chat now
                await asyncio.to_thread(self.store.erasure.leave_thread, request.reference)
                thread = None
            try:
                is_new = thread is None
                if thread is None or thread.history_sent is not None:
                    thread = await self._open_thread(chat_id, request, thread)
                if is_new and (isinstance(call, RefreshCard) or call.edit_of):
                    return Sent(None)  # the card and the history that were just sent are up to date
                if isinstance(call, RefreshCard):
                    return await self._update_card(thread, request)
                thread_params = {} if call.edit_of else _thread_params(thread)
                if call.method == COPY_ALBUM:
                    thread_params.pop("reply_parameters", None)  # an album cannot be sent as a reply
                return await self._call_with_message_ids(call, {**call.params, **thread_params})
            except BadRequest as error:
                if not error_contains(error, *THREAD_GONE_ERRORS):
                    raise
                await asyncio.to_thread(self.store.requests.save_thread, request.reference, None)  # open another
        return Retry(None)

    async def _open_thread(self, chat_id: int, request: Request, thread: AdviserThread | None) -> AdviserThread:
        """Open a thread, or finish opening one: send the card, then the history if there is one.

        Each step is saved before the next, so that an interrupted opening resumes where it stopped.
        """
        lines = await asyncio.to_thread(self.store.requests.load_transcript, request.reference)
        if thread is None:
            title = messages.format_topic_title(request)
            topic_id = await self._create_topic(chat_id, title)
            thread = AdviserThread(chat_id, topic_id, 0, len(lines), 0, title)
            if thread.thread_id:
                await self._save_thread(request, thread)
        if not thread.card:
            params = {**_card_params(request), **topic_params(thread.thread_id)}
            sent = await call_bot_api(self.bot, chat_id, "sendMessage", params)
            thread = await self._save_thread(request, replace(thread, card=sent.message_id or 0))
        await self._pin_card(thread)
        past_lines = [line for line in lines[: thread.history_length] if not line.is_queued]
        for number, part in enumerate(split_html(messages.render_history(past_lines)) if past_lines else (), 1):
            if number > (thread.history_sent or 0):
                params = {**text_params(part), **_thread_params(thread)}
                message = (chat_id, (await call_bot_api(self.bot, chat_id, "sendMessage", params)).message_id or 0)
                await asyncio.to_thread(self.store.erasure.record_posted_message, request.reference, message)
                thread = await self._save_thread(request, replace(thread, history_sent=number))
        return await self._save_thread(request, replace(thread, history_length=0, history_sent=None))

    async def _save_thread(self, request: Request, thread: AdviserThread) -> AdviserThread:
        await asyncio.to_thread(self.store.requests.save_thread, request.reference, thread)
        return thread

    async def _create_topic(self, chat_id: int, title: str) -> int:
        try:
            topic = await self.bot.create_forum_topic(chat_id, title)
        except BadRequest as error:
            if error_contains(error, *NO_TOPICS_ERRORS):
                return 0
            raise
        return topic.message_thread_id

    async def _update_card(self, thread: AdviserThread, request: Request) -> CallResult:
        params = _card_params(request)
        try:
            await call_bot_api(self.bot, thread.chat_id, "editMessageText", {**params, "message_id": thread.card})
        except BadRequest as error:
            if not error_contains(error, *MESSAGE_GONE_ERRORS):
                raise
            params = {**params, **topic_params(thread.thread_id)}
            sent = await call_bot_api(self.bot, thread.chat_id, "sendMessage", params)
            thread = await self._save_thread(request, replace(thread, card=sent.message_id or 0))
            await self._pin_card(thread)
        title = messages.format_topic_title(request)
        if thread.thread_id and thread.title != title:
            await self._update_title(thread, title)
            await self._save_thread(request, replace(thread, title=title))
        return Sent(None)

    async def _update_title(self, thread: AdviserThread, title: str) -> None:
        try:
            await self.bot.edit_forum_topic(thread.chat_id, thread.thread_id, name=title)
        except BadRequest as error:
            if error_contains(error, *THREAD_GONE_ERRORS):
                raise
            log.info("a topic keeps its title: %s", error.message)

    async def _pin_card(self, thread: AdviserThread) -> None:
        try:
            await self.bot.pin_chat_message(thread.chat_id, thread.card, disable_notification=True)
        except BadRequest as error:
            log.info("a card is not pinned: %s", error.message)  # only a convenience, which needs another right

    async def _find_reply_params(self, call: ApiCall) -> dict[str, Any]:
        """Find the counterpart, in this chat, of the message replied to: its copy, or the message it is a copy of."""
        if call.reply_to is None:
            return {}
        target = await asyncio.to_thread(self.store.outbox.find_reply_to, call.chat_id, call.reply_to)
        if target is None:
            source = await asyncio.to_thread(self.store.outbox.find_source, *call.reply_to)
            target = source[1] if source and source[0] == call.chat_id else None
        return reply_params(target) if target else {}


def is_chat_closed(chat_id: int, error: TelegramError) -> bool:
    """Whether an error means that nothing can be sent to the advisers' chat for now.

    If it is a group, "blocked by the user" is about the person whose message is to be copied.
    """
    if isinstance(error, Forbidden):
        return chat_id > 0 or not error_contains(error, "user")
    return error_contains(error, *CHAT_CLOSED_ERRORS) and not MEDIA_RIGHT_ERROR.search(error.message.lower())


def _card_params(request: Request) -> dict[str, Any]:
    return text_params(split_html(messages.render_card(request))[0], messages.build_card_keyboard(request))


def _thread_params(thread: AdviserThread) -> dict[str, Any]:
    return topic_params(thread.thread_id) or reply_params(thread.card)
