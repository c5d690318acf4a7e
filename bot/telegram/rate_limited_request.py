"""The way to Telegram within its limits: every call that counts passes here, whoever makes it."""

import asyncio
import json
import logging
import math
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from telegram.error import RetryAfter
from telegram.request import HTTPXRequest, RequestData

from bot.pipeline.rate_limiter import COUNTED, EVERYBODY, SECOND, Pace
from bot.store.protocol import Store

log = logging.getLogger(__name__)
SPARED = ("answerCallbackQuery", "answerInlineQuery", "sendChatAction")  # not counted, but not made in a halt


class PacedRequest(HTTPXRequest):
    """Waits until the pace allows a call, and keeps what Telegram refuses; ``clock`` gives Unix time.

    Where Telegram has asked to wait, it is not asked before: RetryAfter is raised with what is left.
    """

    def __init__(
        self,
        pace: Pace,
        store: Store,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        super().__init__(connection_pool_size=64, pool_timeout=10)
        self._pace, self._store, self._clock, self._pause = pace, store, clock, sleep

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *args: Any, **kwargs: Any
    ) -> tuple[int, bytes]:
        """Make one call, when its time has come."""
        name = url.rpartition("/")[2]
        chat = int(str(request_data.parameters.get("chat_id", EVERYBODY))) if request_data else EVERYBODY
        if name in SPARED:
            self._refuse(EVERYBODY)
        if name not in COUNTED:
            code, answer = await super().do_request(url, method, request_data, *args, **kwargs)
        else:
            await self._enter(chat)
            try:
                if chat < 0:  # the limit of groups reaches over a minute, and so over a restart
                    await asyncio.to_thread(self._store.called, chat, self._clock())
                code, answer = await super().do_request(url, method, request_data, *args, **kwargs)
            finally:
                self._pace.end(chat, self._clock())
        if code == HTTPStatus.TOO_MANY_REQUESTS and chat != EVERYBODY and name not in SPARED:
            await self._refused(chat, answer)
        elif code == HTTPStatus.OK and name in COUNTED:
            self._pace.succeeded()
        return code, answer

    async def _enter(self, chat: int) -> None:
        self._pace.reserve(chat)
        try:
            self._refuse(chat)
            while (wait := self._pace.wait(chat, self._clock())) > 0:
                if self._pace.closing and wait > SECOND:
                    raise RetryAfter(math.ceil(wait))
                await self._pause(min(wait, SECOND))
                self._refuse(chat)
        except BaseException:
            self._pace.release(chat)
            raise
        self._pace.begin(chat)

    def _refuse(self, chat: int) -> None:
        if left := self._pace.held(chat, self._clock()):
            raise RetryAfter(math.ceil(left))

    async def _refused(self, chat: int, answer: bytes) -> None:
        try:
            seconds = float(json.loads(answer)["parameters"]["retry_after"])
        except (ValueError, KeyError, TypeError):  # no 429 as the Bot API gives it
            return
        follows = self._pace.refused(chat, seconds, self._clock())
        if EVERYBODY in follows:
            log.warning("Telegram refuses several chats at once: nothing is sent for %.0f s", seconds)
        await asyncio.to_thread(self._store.hold, follows)
