"""Durable updates in: written down first, then handled in order per chat, different chats at once."""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

from bot.errors import StoreConflict, StoreError, StoreUnavailable
from bot.pipeline.retry import MAX_STORE_DOUBLINGS, Sleep, backoff_seconds, wait_for_event
from bot.store.protocol import Store

log = logging.getLogger(__name__)

HandleUpdate = Callable[[int, dict[str, Any]], None]  # handles one update in one transaction; runs in a thread
RESUME_INTERVAL = 15.0  # seconds between two looks at what other processes may have left
INCOMPLETE_WAIT = 2.0  # seconds within which what belongs to an update has come
MAX_WORKERS = 4  # chats handled at the same time; the encoder uses both cores as it is


class UpdateIncomplete(Exception):
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
        handle_update: HandleUpdate,
        chat_key: Callable[[dict[str, Any]], str],
        only_newest: Callable[[str], bool] = lambda key: False,
        sleep: Sleep = wait_for_event,
        on_received: Callable[[list[int]], None] = lambda update_ids: None,
    ) -> None:
        """``on_received`` is called with the ids of updates before they are stored."""
        self._store, self._handle_update, self._chat_key, self._only_newest = (
            store,
            handle_update,
            chat_key,
            only_newest,
        )
        self._sleep, self._on_received = sleep, on_received
        self._waiting_chats: dict[str, None] = {}  # chats that wait for their turn, in order
        self._active_chats: dict[str, bool] = {}  # chats that have it -> whether they have to wait for another one
        self._postponed: set[int] = set()  # updates that cannot be handled; the next start tries again
        self._workers: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    async def resume_pending(self) -> None:
        """Take up what was written down and not handled, before the last stop or by another process that died."""
        for _, chat in await asyncio.to_thread(self._store.pending_updates):
            self._enqueue_chat(chat)

    async def keep_resuming(self) -> None:
        """Resume at once, and every some seconds until closed: another process may die with what it was given."""
        while not self._closing.is_set():
            try:
                await self.resume_pending()
            except StoreUnavailable as error:
                log.error("what was left waits: %s", error)
            await self._sleep(self._closing, RESUME_INTERVAL)

    async def receive_updates(self, updates: Sequence[dict[str, Any]]) -> None:
        """Write updates down; when this returns they survive a crash. Those seen before are passed over."""
        rows = [
            (int(update["update_id"]), _replace_surrogates(self._chat_key(update)), _to_json(update))
            for update in updates
        ]
        self._on_received([update_id for update_id, _, _ in rows])
        new_ids = set(await asyncio.to_thread(self._store.add_updates, rows))
        for update_id, chat, _ in rows:
            if update_id in new_ids:
                self._enqueue_chat(chat)

    async def close(self) -> None:
        """Finish the updates being handled; the rest stays written down for the next start."""
        self._closing.set()
        await self.wait_until_idle()

    async def wait_until_idle(self) -> None:
        """Wait until nothing is left to handle."""
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
                except Exception as error:  # it could not be claimed or released; `keep_resuming` takes it up again
                    log.error("a chat waits: %s", error, exc_info=not isinstance(error, StoreError))
                finally:
                    if self._active_chats.pop(chat) or has_more:
                        self._waiting_chats[chat] = None
        finally:  # at once: whoever is enqueued next must not count on this worker
            self._workers.discard(asyncio.current_task())

    async def _handle_next(self, chat: str) -> bool:
        """Handle a chat's next update, again and again while the store cannot be used; says whether more wait."""
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
        claimed = self._store.claim_update(chat, self._postponed)
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
            log.error("update %d is put off: %s", claimed.update_id, error)
            self._postponed.add(claimed.update_id)
        except Exception:  # it stays written down for the next start; what is behind it is not held up
            log.exception("update %d is put off", claimed.update_id)
            self._postponed.add(claimed.update_id)
        finally:
            has_more = self._store.release_chat(chat, self._postponed)
        return has_more


def _to_json(update: dict[str, Any]) -> str:
    return _replace_surrogates(json.dumps(update, ensure_ascii=False))


def _replace_surrogates(text: str) -> str:
    """The text with a question mark for each half of a character: neither the store nor Telegram takes those."""
    return text.encode("utf-8", "replace").decode()
