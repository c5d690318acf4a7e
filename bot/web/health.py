"""Check whether the bot can do its work, as reported by `/readyz`."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from telegram import Bot
from telegram.error import TelegramError

from bot.errors import StoreError
from bot.store import Store
from index.errors import IndexUnreachable
from index.search.live_index import LiveIndex

log = logging.getLogger(__name__)
STATUS_OK = "ok"
CHECK_TIMEOUT = 5.0  # seconds until a check counts as failed
TELEGRAM_CHECK_INTERVAL = 30.0  # seconds until Telegram is checked again after it responded


@dataclass
class HealthCheck:
    """Checks store, index and Telegram. ``timer`` returns seconds; ``has_conflict``: another program polls too."""

    bot: Bot
    store: Store
    live_index: LiveIndex
    timer: Callable[[], float] = time.monotonic
    has_conflict: bool = False
    _telegram_answered_at: float = float("-inf")
    _running_checks: dict[str, asyncio.Task[str]] = field(default_factory=dict)

    async def check_all(self) -> dict[str, str]:
        """Return "ok" or the problem of each part, without personal data."""
        checks = {"store": self._check_store, "index": self._check_index, "telegram": self._check_telegram}
        results = await asyncio.gather(*(self._run_with_timeout(name, check) for name, check in checks.items()))
        return dict(zip(checks, results, strict=True))

    async def _run_with_timeout(self, name: str, check: Callable[[], Awaitable[str]]) -> str:
        """Run one check of a part at a time, so that requests do not pile up on one that hangs."""
        task = self._running_checks.get(name)
        if task is None:
            self._running_checks[name] = task = asyncio.ensure_future(check())
            task.add_done_callback(lambda _: self._running_checks.pop(name))
        done, _ = await asyncio.wait({task}, timeout=CHECK_TIMEOUT)
        return done.pop().result() if done else f"no answer within {CHECK_TIMEOUT:.0f} s"

    async def _check_store(self) -> str:
        try:
            await asyncio.to_thread(self.store.database.check_writable)
        except StoreError as error:
            log.error("not ready: %s", error)
            return "cannot be written"
        return STATUS_OK

    async def _check_index(self) -> str:
        try:
            await asyncio.to_thread(self.live_index.current_searcher)
        except IndexUnreachable:
            return self.live_index.trouble
        return f"{STATUS_OK}, but {self.live_index.trouble}" if self.live_index.trouble else STATUS_OK

    async def _check_telegram(self) -> str:
        if self.has_conflict:
            return "another program polls with this token"
        if self.timer() - self._telegram_answered_at > TELEGRAM_CHECK_INTERVAL:
            try:
                await self.bot.get_me()
            except TelegramError as error:
                return f"cannot be reached ({type(error).__name__})"
            self._telegram_answered_at = self.timer()
        return STATUS_OK
