"""Shared by the tests of inbox and outbox: updates, calls, and a recipient with prepared results."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from bot.domain.message import AlertOperator
from bot.pipeline.outbox import IDLE_WAIT, CallResult, OnSent, Outbox, Sent
from bot.pipeline.retry import wait_for_event
from bot.store import ApiCall, OutgoingCall, QueuedCall, Store
from tests.conftest import Clock


def update(number: int, chat: int) -> dict[str, Any]:
    return {"update_id": number, "chat": chat}


def key(raw: dict[str, Any]) -> str:
    return str(raw["chat"])


def noting(store: Store, handled: list[int]) -> Callable[[int, dict[str, Any]], None]:
    """Return a handler that notes the number of an update and finishes it."""

    def handle(number: int, raw: dict[str, Any]) -> None:
        assert raw["update_id"] == number
        handled.append(number)
        store.finish_update(number, None, None, (), ())

    return handle


class Counterpart:
    """Receives calls and answers each with the next of its results, then with success."""

    def __init__(self, *results: CallResult) -> None:
        self.results = list(results)
        self.taken: list[tuple[int, str]] = []
        self.news = asyncio.Condition()

    async def __call__(self, outgoing: OutgoingCall) -> CallResult:
        async with self.news:
            self.taken.append(summary(outgoing))
            self.news.notify_all()
        return self.results.pop(0) if self.results else Sent(100 + len(self.taken))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60), self.news:
            await self.news.wait_for(condition)


def summary(outgoing: OutgoingCall) -> tuple[int, str]:
    """Return the chat and the text of a call; for an e-mail, 0 and its request."""
    return (outgoing.chat_id, outgoing.params["text"]) if isinstance(outgoing, ApiCall) else (0, reference(outgoing))


def reference(outgoing: OutgoingCall) -> str:
    return "" if isinstance(outgoing, AlertOperator) else outgoing.reference


def references(queued_calls: Iterable[QueuedCall]) -> list[str]:
    """Return the requests that calls belong to."""
    return [reference(queued.call) for queued in queued_calls]


def api_call(outgoing: OutgoingCall) -> ApiCall:
    assert isinstance(outgoing, ApiCall)
    return outgoing


def texts(queued_calls: Iterable[QueuedCall]) -> list[str]:
    """Return the texts of queued messages."""
    return [api_call(queued.call).params["text"] for queued in queued_calls]


def queue(store: Store, *calls: OutgoingCall) -> None:
    store.inbox.add_updates([(1, "10", "{}")])
    store.finish_update(1, None, None, calls, ())


def text(chat: int, words: str, **more: Any) -> ApiCall:
    return ApiCall(chat, "sendMessage", {"text": words}, **more)


async def at_once(woken: asyncio.Event, seconds: float) -> None:
    """Do not wait before a retry; if there is nothing to do, wait to be woken."""
    await wait_for_event(woken, 0.0 if seconds < IDLE_WAIT else IDLE_WAIT)


async def ended(task: asyncio.Task[None]) -> None:
    """Stop the sending; calls in progress are completed."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def run_until(
    store: Store, clock: Clock, counterpart: Counterpart, taken: int, on_sent: OnSent = lambda outgoing: ()
) -> Outbox:
    outbox = Outbox(store, counterpart, clock, sleep=at_once, on_sent=on_sent)
    task = asyncio.create_task(outbox.run())
    await counterpart.until(lambda: len(counterpart.taken) >= taken)
    await ended(task)
    return outbox
