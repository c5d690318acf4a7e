"""Whether the bot can do its work now: what `/readyz` says."""

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
OK = "ok"
PATIENCE = 5.0  # seconds for an answer; what takes longer is not well
FRESH = 30.0  # seconds for which Telegram is not asked again after it answered


@dataclass
class Health:
    """Looks at the parts that the bot needs. ``timer`` counts seconds."""

    bot: Bot
    store: Store
    live: LiveIndex
    timer: Callable[[], float] = time.monotonic
    conflict: bool = False  # another program polls with our token
    _answered: float = float("-inf")
    _looking: dict[str, asyncio.Task[str]] = field(default_factory=dict)

    async def check(self) -> dict[str, str]:
        """What is well begins with "ok", what is not is said in a few words without anything personal."""
        looks = {"store": self._store, "index": self._index, "telegram": self._telegram}
        found = await asyncio.gather(*(self._within(name, look) for name, look in looks.items()))
        return dict(zip(looks, found, strict=True))

    async def _within(self, name: str, look: Callable[[], Awaitable[str]]) -> str:
        """One look at a time: a part that hangs is not asked by every monitor anew."""
        task = self._looking.get(name)
        if task is None:
            self._looking[name] = task = asyncio.ensure_future(look())
            task.add_done_callback(lambda _: self._looking.pop(name))
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        return done.pop().result() if done else f"no answer within {PATIENCE:.0f} s"

    async def _store(self) -> str:
        try:
            await asyncio.to_thread(self.store.check)
        except StoreError as error:
            log.error("not ready: %s", error)
            return "cannot be written"
        return OK

    async def _index(self) -> str:
        try:
            await asyncio.to_thread(self.live.searcher)
        except IndexUnreachable:
            return self.live.trouble
        return f"{OK}, but {self.live.trouble}" if self.live.trouble else OK

    async def _telegram(self) -> str:
        if self.conflict:
            return "another program polls with this token"
        if self.timer() - self._answered > FRESH:
            try:
                await self.bot.get_me()
            except TelegramError as error:
                return f"cannot be reached ({type(error).__name__})"
            self._answered = self.timer()
        return OK
