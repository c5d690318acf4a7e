"""Calls that bypass the outbox: typing and answers to inline queries, worthless when late, and membership checks."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Future

from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    LinkPreviewOptions,
)
from telegram.constants import ChatMemberStatus
from telegram.error import BadRequest, TelegramError

from bot.flows.inline_query import InlineOffer, InlineResult
from bot.pipeline.rate_limiter import RateLimiter

log = logging.getLogger(__name__)
CACHE_SECONDS = 30  # how long Telegram may repeat an inline answer to the same person
MEMBER_STATUSES = {ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.MEMBER}
MEMBERSHIP_TIMEOUT = 20.0  # seconds


class ImmediateCalls:
    """Makes calls from any other thread than the event loop's, in which it is created. ``clock`` gives Unix time."""

    def __init__(self, bot: Bot, limiter: RateLimiter, clock: Callable[[], float]) -> None:
        self._bot, self._limiter, self._clock = bot, limiter, clock
        self._loop = asyncio.get_running_loop()
        self._running: set[Future[None]] = set()

    def show_typing(self, chat_id: int) -> None:
        """Show that the bot is typing, if the rate limits leave room for it; do not wait for that."""
        self._start(self._send_typing(chat_id))

    def answer_inline_query(self, query_id: str, offer: InlineOffer) -> None:
        """Answer an inline query without waiting for that; the next letter typed sends another query."""
        self._start(self._send_inline_answer(query_id, offer))

    def is_member(self, chat_id: int, user_id: int) -> bool:
        """Ask Telegram whether a person is in a chat.

        Raises TelegramError if Telegram cannot be reached, and TimeoutError after `MEMBERSHIP_TIMEOUT`.
        """
        check = self._check_membership(chat_id, user_id)
        return asyncio.run_coroutine_threadsafe(check, self._loop).result(MEMBERSHIP_TIMEOUT)

    async def wait_until_done(self) -> None:
        """Wait for the calls in progress."""
        await asyncio.gather(*map(asyncio.wrap_future, self._running), return_exceptions=True)

    def _start(self, call: Coroutine[None, None, None]) -> None:
        future = asyncio.run_coroutine_threadsafe(call, self._loop)
        self._running.add(future)
        future.add_done_callback(self._running.discard)

    async def _send_typing(self, chat_id: int) -> None:
        if self._limiter.may_show_typing(chat_id, self._clock()):
            with contextlib.suppress(TelegramError):  # only a courtesy; the answer is sent all the same
                await self._bot.send_chat_action(chat_id, "typing")

    async def _send_inline_answer(self, query_id: str, offer: InlineOffer) -> None:
        try:
            await self._bot.answer_inline_query(
                query_id,
                [_to_article(number, result) for number, result in enumerate(offer.results, start=1)],
                cache_time=CACHE_SECONDS,
                is_personal=True,
                button=InlineQueryResultsButton(offer.button_label, start_parameter=offer.start_parameter),
            )
        except TelegramError as error:  # for example, the query is too old by now
            log.info("an inline query was not answered: %s", type(error).__name__)

    async def _check_membership(self, chat_id: int, user_id: int) -> bool:
        try:
            member = await self._bot.get_chat_member(chat_id, user_id)
        except BadRequest:  # Telegram has never seen this person there
            return False
        restricted = member.status == ChatMemberStatus.RESTRICTED and getattr(member, "is_member", False)
        return member.status in MEMBER_STATUSES or bool(restricted)


def _to_article(number: int, result: InlineResult) -> InlineQueryResultArticle:
    button = InlineKeyboardButton(result.button_label, url=result.button_url)
    no_preview = LinkPreviewOptions(is_disabled=True)
    return InlineQueryResultArticle(
        str(number),
        result.title,
        InputTextMessageContent(result.html, parse_mode="HTML", link_preview_options=no_preview),
        reply_markup=InlineKeyboardMarkup([[button]]),
        description=result.description,
    )
