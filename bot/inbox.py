"""Durable updates in: written down first, then handled in order per chat, different chats at once."""

import asyncio
import contextlib
import json
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any

from bot.errors import StoreError, StoreUnavailable
from bot.outbox import STORE_TRIES, backoff
from bot.store.protocol import Store

log = logging.getLogger(__name__)

Handle = Callable[[int, dict[str, Any]], None]  # handles one update in one transaction; runs in a thread
AT_ONCE = 4  # chats handled at the same time; the encoder uses both cores as it is


class Inbox:
    """Takes raw updates and calls ``handle`` for each, once, in order per chat.

    Of the updates of a key for which ``only_newest`` holds, those are passed over behind which another one waits.
    """

    def __init__(
        self,
        store: Store,
        handle: Handle,
        chat_key: Callable[[dict[str, Any]], str],
        only_newest: Callable[[str], bool] = lambda key: False,
    ) -> None:
        self._store, self._handle, self._chat_key, self._only_newest = store, handle, chat_key, only_newest
        self._waiting: dict[str, deque[tuple[int, str]]] = defaultdict(deque)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._closing = asyncio.Event()

    async def resume(self) -> None:
        """Take up what was written down but not handled before the last stop."""
        for update_id, chat, body in await asyncio.to_thread(self._store.pending_updates):
            self._enqueue(update_id, chat, body)

    async def receive(self, updates: Sequence[dict[str, Any]]) -> None:
        """Write updates down; when this returns they survive a crash. Those seen before are passed over."""
        rows = [(int(update["update_id"]), self._chat_key(update), json.dumps(update)) for update in updates]
        fresh = set(await asyncio.to_thread(self._store.add_updates, rows))
        for row in rows:
            if row[0] in fresh:
                self._enqueue(*row)

    async def close(self) -> None:
        """Finish the updates being handled; the rest stays written down for the next start."""
        self._closing.set()
        await asyncio.gather(*self._tasks.values())

    async def idle(self) -> None:
        """Wait until nothing is left to handle."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values())

    def _enqueue(self, update_id: int, chat: str, body: str) -> None:
        self._waiting[chat].append((update_id, body))
        if chat not in self._tasks and not self._closing.is_set():
            self._tasks[chat] = asyncio.create_task(self._work(chat))

    async def _work(self, chat: str) -> None:
        queue, failures = self._waiting[chat], 0
        while queue and not self._closing.is_set():
            try:
                async with self._slots:
                    await asyncio.to_thread(self._take, chat, *queue[0], len(queue) > 1)
            except StoreUnavailable as error:  # the update stays first, so that its chat keeps its order
                log.error("update %d waits: %s", queue[0][0], error)
                await self._pause(backoff(min(failures, STORE_TRIES)))
                failures += 1
            except StoreError as error:
                log.error("update %d is put off: %s", queue.popleft()[0], error)
            except Exception as error:  # it stays written down, and is taken up at the next start
                log.exception("update %d is put off: %s", queue.popleft()[0], type(error).__name__)
            else:
                queue.popleft()
                failures = 0
        del self._tasks[chat]
        if not queue:
            del self._waiting[chat]

    def _take(self, chat: str, update_id: int, body: str, more: bool) -> None:
        if more and self._only_newest(chat):
            self._store.finish(update_id, None, None, (), ())
        else:
            self._handle(update_id, json.loads(body))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()
