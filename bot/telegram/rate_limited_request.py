"""Keep the calls of the Bot API within its limits, whoever makes them."""

import asyncio
import json
import logging
import math
import ssl
from collections.abc import Awaitable, Callable
from functools import cache
from http import HTTPStatus
from typing import Any

import httpx
from telegram.error import RetryAfter
from telegram.request import HTTPXRequest, RequestData

from bot.pipeline.rate_limiter import ALL_CHATS, COUNTED_METHODS, SECOND, UNCOUNTED_METHODS, RateLimiter
from bot.store import Store

log = logging.getLogger(__name__)


@cache
def tls_context() -> ssl.SSLContext:
    """Return how servers are verified, the same for all bots: reading the certificates takes 20 ms and a megabyte."""
    return httpx.create_ssl_context()


class RateLimitedRequest(HTTPXRequest):
    """Delays each call until the limiter allows it, and saves Telegram's flood waits; ``clock`` gives Unix time.

    During a flood wait no call is made: RetryAfter is raised with the seconds left.
    """

    def __init__(
        self,
        limiter: RateLimiter,
        store: Store,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        super().__init__(connection_pool_size=64, pool_timeout=10, httpx_kwargs={"verify": tls_context()})
        self._limiter, self._store, self._clock, self._sleep = limiter, store, clock, sleep

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *args: Any, **kwargs: Any
    ) -> tuple[int, bytes]:
        """Make one call as soon as it may be made."""
        api_method = url.rpartition("/")[2]
        chat_id = int(str(request_data.parameters.get("chat_id", ALL_CHATS))) if request_data else ALL_CHATS
        if api_method in UNCOUNTED_METHODS:
            self._raise_if_blocked(ALL_CHATS)
        if api_method not in COUNTED_METHODS:
            code, body = await super().do_request(url, method, request_data, *args, **kwargs)
        else:
            await self._wait_for_slot(chat_id)
            try:
                if chat_id < 0:  # a group's limit covers a minute, which may include a restart
                    await asyncio.to_thread(self._store.outbox.record_group_call, chat_id, self._clock())
                code, body = await super().do_request(url, method, request_data, *args, **kwargs)
            finally:
                self._limiter.end_call(chat_id, self._clock())
        if code == HTTPStatus.TOO_MANY_REQUESTS and chat_id != ALL_CHATS and api_method not in UNCOUNTED_METHODS:
            await self._save_retry_after(chat_id, body)
        elif code == HTTPStatus.OK and api_method in COUNTED_METHODS:
            self._limiter.note_success()
        return code, body

    async def _wait_for_slot(self, chat_id: int) -> None:
        try:
            while (wait := self._limiter.try_begin_call(chat_id, self._clock())) > 0:
                self._raise_if_blocked(chat_id)
                if self._limiter.is_closing and wait > SECOND:
                    raise RetryAfter(math.ceil(wait))
                await self._sleep(min(wait, SECOND))
        except BaseException:
            self._limiter.release_slot(chat_id)
            raise

    def _raise_if_blocked(self, chat_id: int) -> None:
        if seconds_left := self._limiter.retry_after(chat_id, self._clock()):
            raise RetryAfter(math.ceil(seconds_left))

    async def _save_retry_after(self, chat_id: int, body: bytes) -> None:
        try:
            seconds = float(json.loads(body)["parameters"]["retry_after"])
        except (ValueError, KeyError, TypeError):  # not a 429 of the Bot API
            return
        blocked_until = self._limiter.note_retry_after(chat_id, seconds, self._clock())
        if ALL_CHATS in blocked_until:
            log.warning("Telegram refuses several chats at once: nothing is sent for %.0f s", seconds)
        await asyncio.to_thread(self._store.outbox.save_rate_limits, blocked_until)
