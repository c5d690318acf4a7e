"""What tests of inbox and outbox share: updates, calls, and a counterpart that answers as told."""

import asyncio
from collections.abc import Callable
from typing import Any

from bot.pipeline.outbox import IDLE_WAIT, CallResult, Outbox, Sent
from bot.pipeline.retry import wait_for_event
from bot.store import OutgoingCall, Store
from tests.conftest import Clock


def update(number: int, chat: int) -> dict[str, Any]:
    return {"update_id": number, "chat": chat}


def key(raw: dict[str, Any]) -> str:
    return str(raw["chat"])


def noting(store: Store, handled: list[int]) -> Callable[[int, dict[str, Any]], None]:
    """Handles an update by noting its number and finishing it."""

    def handle(number: int, raw: dict[str, Any]) -> None:
        assert raw["update_id"] == number
        handled.append(number)
        store.finish_update(number, None, None, (), ())

    return handle


class Counterpart:
    """Takes calls and answers each with the next of its results, then with success."""

    def __init__(self, *results: CallResult) -> None:
        self.results = list(results)
        self.taken: list[tuple[int, str]] = []
        self.news = asyncio.Condition()

    async def __call__(self, outgoing: OutgoingCall) -> CallResult:
        async with self.news:
            self.taken.append((outgoing.chat_id, outgoing.params["text"]))
            self.news.notify_all()
        return self.results.pop(0) if self.results else Sent(100 + len(self.taken))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10), self.news:
            await self.news.wait_for(condition)


def queue(store: Store, *calls: OutgoingCall) -> None:
    store.add_updates([(1, "10", "{}")])
    store.finish_update(1, None, None, calls, ())


def text(chat: int, words: str, **more: int) -> OutgoingCall:
    return OutgoingCall(chat, "sendMessage", {"text": words}, **more)  # type: ignore[arg-type]  # test shorthand


async def at_once(woken: asyncio.Event, seconds: float) -> None:
    """Where a store is waited for, let no time pass; where there is nothing to do, wait to be woken."""
    await wait_for_event(woken, 0.0 if seconds < IDLE_WAIT else IDLE_WAIT)


async def ended(task: asyncio.Task[None]) -> None:
    """End the sending; what is under way is finished."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def run_until(store: Store, clock: Clock, counterpart: Counterpart, taken: int) -> Outbox:
    outbox = Outbox(store, counterpart, clock, sleep=at_once)
    task = asyncio.create_task(outbox.run())
    await counterpart.until(lambda: len(counterpart.taken) >= taken)
    await ended(task)
    return outbox
