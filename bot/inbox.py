"""Durable updates in: written down first, then handled in order per chat, different chats at once."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from bot.errors import Conflict, StoreError, StoreUnavailable
from bot.outbox import STORE_TRIES, Rest, backoff, rest
from bot.store.protocol import Store

log = logging.getLogger(__name__)

Handle = Callable[[int, dict[str, Any]], None]  # handles one update in one transaction; runs in a thread
KEPT = 100  # bodies that wait in memory; what is behind them is read when its turn comes
AT_ONCE = 4  # chats handled at the same time; the encoder uses both cores as it is


class Inbox:
    """Takes raw updates and calls ``handle`` for each, once, in order per chat.

    Chats take turns, so that one with very many updates holds up no other. Where many updates wait, their bodies wait
    in the store and only their numbers in memory. Of the updates of a key for which ``only_newest`` holds, those are
    passed over behind which another one waits.
    """

    def __init__(
        self,
        store: Store,
        handle: Handle,
        chat_key: Callable[[dict[str, Any]], str],
        only_newest: Callable[[str], bool] = lambda key: False,
        rest: Rest = rest,
    ) -> None:
        self._store, self._handle, self._chat_key, self._only_newest = store, handle, chat_key, only_newest
        self._rest = rest
        self._waiting: dict[str, deque[int]] = {}  # by chat, also where the last one is being handled
        self._bodies: dict[int, str] = {}
        self._turns: deque[str] = deque()  # those of them whose next update may be handled
        self._workers: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    async def resume(self) -> None:
        """Take up what was written down but not handled before the last stop."""
        for update_id, chat in await asyncio.to_thread(self._store.pending_updates):
            self._enqueue(update_id, chat)

    async def receive(self, updates: Sequence[dict[str, Any]]) -> None:
        """Write updates down; when this returns they survive a crash. Those seen before are passed over."""
        rows = [(int(update["update_id"]), _whole(self._chat_key(update)), _written(update)) for update in updates]
        fresh = set(await asyncio.to_thread(self._store.add_updates, rows))
        for update_id, chat, body in rows:
            if update_id in fresh:
                if len(self._bodies) < KEPT:
                    self._bodies[update_id] = body
                self._enqueue(update_id, chat)

    async def close(self) -> None:
        """Finish the updates being handled; the rest stays written down for the next start."""
        self._closing.set()
        await self.idle()

    async def idle(self) -> None:
        """Wait until nothing is left to handle."""
        while self._workers:
            await asyncio.gather(*self._workers)

    def _enqueue(self, update_id: int, chat: str) -> None:
        if chat in self._waiting:
            self._waiting[chat].append(update_id)
            return
        self._waiting[chat] = deque((update_id,))
        self._turns.append(chat)
        if len(self._workers) < AT_ONCE and not self._closing.is_set():
            self._workers.add(asyncio.create_task(self._work()))

    async def _work(self) -> None:
        try:
            while self._turns and not self._closing.is_set():
                chat = self._turns.popleft()
                await self._first(chat)
                if self._waiting[chat]:
                    self._turns.append(chat)
                else:
                    del self._waiting[chat]
        finally:  # at once: whoever is enqueued next must not count on this worker
            self._workers.discard(asyncio.current_task())

    async def _first(self, chat: str) -> None:
        """Handle a chat's next update; it stays the next one while the store cannot be used."""
        queue, failures = self._waiting[chat], 0
        while not self._closing.is_set():
            try:
                await asyncio.to_thread(self._one, queue[0], passed=len(queue) > 1 and self._only_newest(chat))
            except (StoreUnavailable, Conflict) as error:
                log.error("update %d waits: %s", queue[0], error)
                await self._rest(self._closing, backoff(min(failures, STORE_TRIES)))
                failures += 1
                continue
            except StoreError as error:
                log.error("update %d is put off: %s", queue[0], error)
            except Exception:  # it stays written down for the next start; what is behind it is not held up
                log.exception("update %d is put off", queue[0])
            self._bodies.pop(queue.popleft(), None)
            return

    def _one(self, update_id: int, *, passed: bool) -> None:
        if passed:
            self._store.finish(update_id, None, None, (), ())
        elif body := self._bodies.get(update_id) or self._store.update(update_id):
            self._handle(update_id, json.loads(body))


def _written(update: dict[str, Any]) -> str:
    return _whole(json.dumps(update, ensure_ascii=False))


def _whole(text: str) -> str:
    """The text with a question mark for each half of a character: neither the store nor Telegram takes those."""
    return text.encode("utf-8", "replace").decode()
