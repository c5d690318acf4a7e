"""Durable updates in: written down first, then handled in order per chat, different chats at once."""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

from bot.errors import Conflict, StoreError, StoreUnavailable
from bot.pipeline.retry import STORE_TRIES, Rest, backoff, rest
from bot.store.protocol import Store

log = logging.getLogger(__name__)

Handle = Callable[[int, dict[str, Any]], None]  # handles one update in one transaction; runs in a thread
RESUME = 15.0  # seconds between two looks at what other processes may have left
COMPLETE = 2.0  # seconds within which what belongs to an update has come
AT_ONCE = 4  # chats handled at the same time; the encoder uses both cores as it is


class Incomplete(Exception):
    """What belongs to an update may not have come yet: it is handled after a moment."""


class Inbox:
    """Takes raw updates and calls ``handle`` for each, once, in order per chat.

    Updates wait in the store, and only the keys of their chats in memory. Chats take turns, so that one with very
    many updates holds up no other. Several processes may share a store: a chat is handled by one of them at a time.
    Of the updates of a key for which ``only_newest`` holds, those are passed over behind which another one waits.
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
        self._turns: dict[str, None] = {}  # chats that wait for their turn, in order
        self._handled: dict[str, bool] = {}  # chats that have it -> whether they have to wait for another one
        self._put_off: set[int] = set()  # updates that cannot be handled; the next start tries again
        self._workers: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    async def resume(self) -> None:
        """Take up what was written down and not handled, before the last stop or by another process that died."""
        for _, chat in await asyncio.to_thread(self._store.pending_updates):
            self._enqueue(chat)

    async def keep_resuming(self) -> None:
        """Resume at once, and every some seconds until closed: another process may die with what it was given."""
        while not self._closing.is_set():
            try:
                await self.resume()
            except StoreUnavailable as error:
                log.error("what was left waits: %s", error)
            await self._rest(self._closing, RESUME)

    async def receive(self, updates: Sequence[dict[str, Any]]) -> None:
        """Write updates down; when this returns they survive a crash. Those seen before are passed over."""
        rows = [(int(update["update_id"]), _whole(self._chat_key(update)), _written(update)) for update in updates]
        fresh = set(await asyncio.to_thread(self._store.add_updates, rows))
        for update_id, chat, _ in rows:
            if update_id in fresh:
                self._enqueue(chat)

    async def close(self) -> None:
        """Finish the updates being handled; the rest stays written down for the next start."""
        self._closing.set()
        await self.idle()

    async def idle(self) -> None:
        """Wait until nothing is left to handle."""
        while self._workers:
            await asyncio.gather(*self._workers)

    def _enqueue(self, chat: str) -> None:
        if chat in self._handled:
            self._handled[chat] = True
            return
        self._turns[chat] = None
        if len(self._workers) < AT_ONCE and not self._closing.is_set():
            self._workers.add(asyncio.create_task(self._work()))

    async def _work(self) -> None:
        try:
            while self._turns and not self._closing.is_set():
                chat = next(iter(self._turns))
                del self._turns[chat]
                self._handled[chat], more = False, False
                try:
                    more = await self._first(chat)
                except Exception as error:  # it could not be claimed or released; `keep_resuming` takes it up again
                    log.error("a chat waits: %s", error, exc_info=not isinstance(error, StoreError))
                finally:
                    if self._handled.pop(chat) or more:
                        self._turns[chat] = None
        finally:  # at once: whoever is enqueued next must not count on this worker
            self._workers.discard(asyncio.current_task())

    async def _first(self, chat: str) -> bool:
        """Handle a chat's next update, again and again while the store cannot be used; says whether more wait."""
        failures = 0
        while not self._closing.is_set():
            try:
                return await asyncio.to_thread(self._one, chat)
            except Incomplete:
                wait = COMPLETE
            except (StoreUnavailable, Conflict) as error:
                log.error("a chat waits: %s", error)
                wait, failures = backoff(min(failures, STORE_TRIES)), failures + 1
            await self._rest(self._closing, wait)
        return True

    def _one(self, chat: str) -> bool:
        claimed = self._store.claim(chat, self._put_off)
        if claimed is None:
            return False
        try:
            if claimed.behind and self._only_newest(chat):
                self._store.finish(claimed.update_id, None, None, (), ())
            else:
                self._handle(claimed.update_id, json.loads(claimed.body))
        except (StoreUnavailable, Conflict, Incomplete):
            raise
        except StoreError as error:
            log.error("update %d is put off: %s", claimed.update_id, error)
            self._put_off.add(claimed.update_id)
        except Exception:  # it stays written down for the next start; what is behind it is not held up
            log.exception("update %d is put off", claimed.update_id)
            self._put_off.add(claimed.update_id)
        finally:
            more = self._store.release(chat, self._put_off)
        return more


def _written(update: dict[str, Any]) -> str:
    return _whole(json.dumps(update, ensure_ascii=False))


def _whole(text: str) -> str:
    """The text with a question mark for each half of a character: neither the store nor Telegram takes those."""
    return text.encode("utf-8", "replace").decode()
