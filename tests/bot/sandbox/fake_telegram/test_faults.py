"""Faults, conflicts and the webhook: how network and Telegram may fail a bot."""

import asyncio
import itertools
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from telegram import Bot
from telegram.error import BadRequest, Conflict, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.sandbox.fake_telegram import FakeTelegram, FaultKind, User
from bot.sandbox.fake_telegram.world.updates import UpdateQueue
from bot.sandbox.fake_telegram.world.webhook import Webhook, WebhookDispatcher


@pytest.mark.parametrize(
    ("kind", "error", "arrived"),
    [
        (FaultKind.RATE_LIMIT, RetryAfter, 0),
        (FaultKind.SERVER_ERROR, NetworkError, 0),
        (FaultKind.BAD_GATEWAY, NetworkError, 0),
        (FaultKind.HANG, TimedOut, 0),
        (FaultKind.RESET, NetworkError, 0),
        (FaultKind.LOST, NetworkError, 1),
    ],
)
async def test_fault_occurs_once(
    fake_telegram: FakeTelegram, bot: Bot, ada: User, kind: FaultKind, error: type[TelegramError], arrived: int
) -> None:
    """Each fault raises the expected error in the library, has the expected effect, and occurs once."""
    fake_telegram.fail_next("sendMessage", kind)
    read_timeout = 0.2 if kind is FaultKind.HANG else 5
    with pytest.raises(error) as caught:
        await bot.send_message(ada.id, "x", read_timeout=read_timeout)

    assert not isinstance(caught.value, BadRequest)
    assert len(ada.bot_messages()) == arrived
    await bot.send_message(ada.id, "x")
    assert [call.method for call in fake_telegram.calls] == ["getMe", "sendMessage", "sendMessage"]


async def test_rate_limit_names_the_wait(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A rate-limit error has the given retry_after in its parameters and in its text."""
    grace = fake_telegram.add_user("Grace", started=True)
    fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, times=2, chat=ada, retry_after=7)
    await bot.send_message(grace.id, "not struck")
    for _ in range(2):
        with pytest.raises(RetryAfter) as caught:
            await bot.send_message(ada.id, "x")
        assert "Retry in 0:00:07" in str(caught.value)
    await bot.send_message(ada.id, "x")

    assert fake_telegram.calls[2].response["description"] == "Too Many Requests: retry after 7"


async def test_lost_poll_loses_no_update(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """Updates whose delivery was lost arrive with the next poll."""
    ada.send_text("da")
    fake_telegram.fail_next("getUpdates", FaultKind.LOST)
    with pytest.raises(NetworkError):
        await bot.get_updates()
    (update,) = await bot.get_updates()

    assert update.update_id == fake_telegram.last_update(ada)["update_id"]


async def test_second_poll_ends_the_first(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """Of two concurrent polls, the first one gets a conflict."""
    first = asyncio.create_task(bot.get_updates(timeout=10))
    await fake_telegram.wait_for(lambda: fake_telegram.is_polling)
    async with Bot(fake_telegram.token, base_url=fake_telegram.base_url) as twin:
        second = asyncio.create_task(twin.get_updates(timeout=10))
        with pytest.raises(Conflict, match=r"terminated by other getUpdates request; make sure that only one bot"):
            await first
        ada.send_text("x")

        assert len(await second) == 1


class WebhookReceiver:
    """A bot's webhook that records updates and gives prepared answers."""

    def __init__(self) -> None:
        self.received: list[tuple[str | None, dict[str, Any]]] = []
        self.answers: list[int] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.received.append((self.headers["X-Telegram-Bot-Api-Secret-Token"], body))
                self.send_response(hook.answers.pop(0) if hook.answers else 200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Log nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def texts(self) -> list[str]:
        """Return the texts of the received messages."""
        return [update["message"]["text"] for _, update in self.received]


@pytest.fixture
def hook() -> Iterator[WebhookReceiver]:
    """A running webhook."""
    hook = WebhookReceiver()
    thread = threading.Thread(target=hook.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield hook
    hook.server.shutdown()
    thread.join()
    hook.server.server_close()


async def wait_until_confirmed(fake_telegram: FakeTelegram) -> None:
    """Wait until the webhook has accepted all updates."""
    await fake_telegram.wait_for(lambda: fake_telegram.updates_confirmed)


async def test_webhook_receives_updates_in_order(
    fake_telegram: FakeTelegram, bot: Bot, ada: User, hook: WebhookReceiver
) -> None:
    """Pending and new updates are pushed with the secret, in order per chat."""
    ada.send_text("1")
    await bot.set_webhook(hook.url, secret_token="s3cret", allowed_updates=["message"])
    ada.send_text("2")
    ada.block_bot()
    await wait_until_confirmed(fake_telegram)

    assert hook.texts() == ["1", "2"]
    assert {secret for secret, _ in hook.received} == {"s3cret"}
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count, info.allowed_updates) == (hook.url, 0, ("message",))


async def test_failing_webhook_is_retried(
    fake_telegram: FakeTelegram, bot: Bot, ada: User, hook: WebhookReceiver
) -> None:
    """After an error response, an update is pushed again before the next one of its chat, and the error is in the
    webhook info."""
    hook.answers = [500, 404]
    await bot.set_webhook(hook.url)
    ada.send_text("1")
    ada.send_text("2")
    await wait_until_confirmed(fake_telegram)

    assert hook.texts() == ["1", "1", "1", "2"]
    assert len({update["update_id"] for _, update in hook.received}) == 2
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 404 Not Found"


def test_order_is_kept_when_a_pause_ends(hook: WebhookReceiver) -> None:
    """A chat's second update is never sent before its first, even if the pause after an error ends between them."""
    updates, ticks = UpdateQueue(threading.Condition()), itertools.count()
    for words in ("1", "2"):
        updates.put("message", {"chat": {"id": 7}, "text": words})
    hook.answers = [500]

    pusher = WebhookDispatcher(updates, Webhook(hook.url, max_connections=1), 1.0, lambda: next(ticks) * 0.6)
    with updates.condition:
        done = updates.condition.wait_for(lambda: not updates.pending, 10)
    pusher.stop()
    pusher.join()

    assert done
    assert hook.texts() == ["1", "1", "2"]


async def test_redelivery_to_a_webhook(
    fake_telegram: FakeTelegram, bot: Bot, ada: User, hook: WebhookReceiver
) -> None:
    """An update that the webhook has accepted can be delivered again."""
    await bot.set_webhook(hook.url)
    ada.send_text("1")
    await wait_until_confirmed(fake_telegram)
    fake_telegram.redeliver_update(fake_telegram.last_update(ada)["update_id"])
    await wait_until_confirmed(fake_telegram)

    assert hook.texts() == ["1", "1"]


async def test_setting_a_webhook_ends_a_poll(fake_telegram: FakeTelegram, bot: Bot, hook: WebhookReceiver) -> None:
    """Setting a webhook ends a waiting poll with a conflict, and an invalid address or secret is rejected."""
    with pytest.raises(BadRequest, match=r"unallowed characters"):
        await bot.set_webhook(hook.url, secret_token="ä")
    with pytest.raises(BadRequest, match=r"only http://127.0.0.1"):
        await bot.set_webhook("https://example.org/")
    poll = asyncio.create_task(bot.get_updates(timeout=10))
    await fake_telegram.wait_for(lambda: fake_telegram.is_polling)
    await bot.set_webhook(hook.url)

    with pytest.raises(Conflict):
        await poll
