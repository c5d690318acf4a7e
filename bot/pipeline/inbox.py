"""Store updates first, then handle them in order per chat, several chats at a time."""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

from bot.errors import StoreConflict, StoreError, StoreUnavailable
from bot.pipeline.retry import MAX_STORE_DOUBLINGS, Sleep, backoff_seconds, wait_for_event
from bot.store import Store

log = logging.getLogger(__name__)

HandleUpdate = Callable[[int, dict[str, Any]], None]  # handles one update in one transaction; runs in a thread
RESUME_INTERVAL = 15.0  # seconds between two checks for updates that other processes left behind
INCOMPLETE_WAIT = 2.0  # seconds within which the other messages of an album arrive
MAX_WORKERS = 4  # chats handled at a time; the encoder alone uses all cores


class UpdateIncomplete(Exception):
    """Other messages of the same album may still arrive: handle the update again in a moment."""


class Inbox:
    """Stores raw updates and calls ``handle_update`` for each, once, in order per chat.

    Only the keys of chats with pending updates are in memory. Chats take turns, so that a flood in one does not delay
    the others. Several processes may share a store; only one of them handles a chat at a time. If
    ``only_newest(key)`` is true, an update is skipped when a newer one with the same key is pending.
    """

    def __init__(
        self,
        store: Store,
        handle_update: HandleUpdate,
        chat_key: Callable[[dict[str, Any]], str],
        only_newest: Callable[[str], bool] = lambda key: False,
        sleep: Sleep = wait_for_event,
        on_received: Callable[[list[int]], None] = lambda update_ids: None,
    ) -> None:
        """``on_received`` is called with the ids of updates before they are stored."""
        self._store, self._handle_update, self._chat_key = store, handle_update, chat_key
        self._only_newest, self._sleep, self._on_received = only_newest, sleep, on_received
        self._waiting_chats: dict[str, None] = {}  # chats waiting for a worker, in order
        self._active_chats: dict[str, bool] = {}  # chats being handled -> whether to enqueue them again
        self._postponed: set[int] = set()  # updates that could not be handled; they are tried again after a restart
        self._workers: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    async def resume_pending(self) -> None:
        """Enqueue updates that were stored but not handled, before a restart or by another process that died."""
        for _, chat in await asyncio.to_thread(self._store.inbox.pending_updates):
            self._enqueue_chat(chat)

    async def keep_resuming(self) -> None:
        """Resume now and every `RESUME_INTERVAL` until closed, since another process may die at any time."""
        while not self._closing.is_set():
            try:
                await self.resume_pending()
            except StoreUnavailable as error:
                log.error("pending updates wait: %s", error)
            await self._sleep(self._closing, RESUME_INTERVAL)

    async def receive_updates(self, updates: Sequence[dict[str, Any]]) -> None:
        """Store updates; once this returns they survive a crash. Updates that were stored before are ignored.

        Raises:
            StoreUnavailable: nothing was stored.
        """
        rows = [(int(raw["update_id"]), _replace_surrogates(self._chat_key(raw)), _to_json(raw)) for raw in updates]
        self._on_received([update_id for update_id, _, _ in rows])
        new_ids = set(await asyncio.to_thread(self._store.inbox.add_updates, rows))
        for update_id, chat, _ in rows:
            if update_id in new_ids:
                self._enqueue_chat(chat)

    async def close(self) -> None:
        """Finish the updates being handled; the others stay in the store for the next start."""
        self._closing.set()
        await self.wait_until_idle()

    async def wait_until_idle(self) -> None:
        """Wait until no update is being handled or waiting."""
        while self._workers:
            await asyncio.gather(*self._workers)

    def _enqueue_chat(self, chat: str) -> None:
        if chat in self._active_chats:
            self._active_chats[chat] = True
            return
        self._waiting_chats[chat] = None
        if len(self._workers) < MAX_WORKERS and not self._closing.is_set():
            self._workers.add(asyncio.create_task(self._run_worker()))

    async def _run_worker(self) -> None:
        try:
            while self._waiting_chats and not self._closing.is_set():
                chat = next(iter(self._waiting_chats))
                del self._waiting_chats[chat]
                self._active_chats[chat], has_more = False, False
                try:
                    has_more = await self._handle_next(chat)
                except Exception as error:  # claiming or releasing failed; `keep_resuming` will enqueue it again
                    log.error("a chat waits: %s", error, exc_info=not isinstance(error, StoreError))
                finally:
                    if self._active_chats.pop(chat) or has_more:
                        self._waiting_chats[chat] = None
        finally:  # immediately: the next chat enqueued must not rely on this worker
            self._workers.discard(asyncio.current_task())

    async def _handle_next(self, chat: str) -> bool:
        """Handle a chat's next update, retrying while the store is unavailable; return whether more are pending."""
        failures = 0
        while not self._closing.is_set():
            try:
                return await asyncio.to_thread(self._handle_claimed, chat)
            except UpdateIncomplete:
                wait = INCOMPLETE_WAIT
            except (StoreUnavailable, StoreConflict) as error:
                log.error("a chat waits: %s", error)
                wait, failures = backoff_seconds(min(failures, MAX_STORE_DOUBLINGS)), failures + 1
            await self._sleep(self._closing, wait)
        return True

    def _handle_claimed(self, chat: str) -> bool:
        claimed = self._store.inbox.claim_update(chat, self._postponed)
        if claimed is None:
            return False
        try:
            if claimed.more_waiting and self._only_newest(chat):
                self._store.finish_update(claimed.update_id, None, None, (), ())
            else:
                self._handle_update(claimed.update_id, json.loads(claimed.body))
        except (StoreUnavailable, StoreConflict, UpdateIncomplete):
            raise
        except StoreError as error:
            log.error("update %d is postponed: %s", claimed.update_id, error)
            self._postponed.add(claimed.update_id)
        except Exception:  # it stays in the store for the next start, and does not block those behind it
            log.exception("update %d is postponed", claimed.update_id)
            self._postponed.add(claimed.update_id)
        finally:
            has_more = self._store.inbox.release_chat(chat, self._postponed)
        return has_more


def _to_json(update: dict[str, Any]) -> str:
    return _replace_surrogates(json.dumps(update, ensure_ascii=False))


def _replace_surrogates(text: str) -> str:
    """Replace lone surrogates by question marks, since neither the store nor Telegram accepts them."""
    return text.encode("utf-8", "replace").decode()
