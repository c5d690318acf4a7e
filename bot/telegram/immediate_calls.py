"""Calls that bypass the outbox, since they are worthless when late: typing, and answers to inline queries."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from concurrent.futures import Future

from telegram import Bot
from telegram.error import TelegramError

from bot.flows.inline_query import InlineOffer
from bot.pipeline.rate_limiter import RateLimiter
from bot.telegram.inline_results import answer_inline_query


class ImmediateCalls:
    """Makes calls in the background, from any thread; to be created in the event loop. ``clock`` gives Unix time."""

    def __init__(self, bot: Bot, limiter: RateLimiter, clock: Callable[[], float]) -> None:
        self._bot, self._limiter, self._clock = bot, limiter, clock
        self._loop = asyncio.get_running_loop()
        self._running: set[Future[None]] = set()

    def show_typing(self, chat_id: int) -> None:
        """Show that the bot is typing, if the rate limits leave room for it."""
        self._start(self._send_typing(chat_id))

    def answer_inline_query(self, query_id: str, offer: InlineOffer) -> None:
        """Answer an inline query."""
        self._start(answer_inline_query(self._bot, query_id, offer))

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
