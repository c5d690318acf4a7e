"""Faults, conflicts and the webhook: what the network and Telegram do to a bot."""

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
async def test_a_fault_strikes_once(
    fake_telegram: FakeTelegram, bot: Bot, ada: User, kind: FaultKind, error: type[TelegramError], arrived: int
) -> None:
    """Each fault is what the library takes it for, leaves the effect it should, and is over after one call."""
    fake_telegram.fail_next("sendMessage", kind)
    patience = 0.2 if kind is FaultKind.HANG else 5
    with pytest.raises(error) as caught:
        await bot.send_message(ada.id, "x", read_timeout=patience)

    assert not isinstance(caught.value, BadRequest)
    assert len(ada.bot_messages()) == arrived
    await bot.send_message(ada.id, "x")
    assert [call.method for call in fake_telegram.calls] == ["getMe", "sendMessage", "sendMessage"]


async def test_a_rate_limit_says_how_long(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """retry_after is what was set, in the parameters and in the words."""
    grace = fake_telegram.add_user("Grace", started=True)
    fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, times=2, chat=ada, retry_after=7)
    await bot.send_message(grace.id, "not struck")
    for _ in range(2):
        with pytest.raises(RetryAfter) as caught:
            await bot.send_message(ada.id, "x")
        assert "Retry in 0:00:07" in str(caught.value)
    await bot.send_message(ada.id, "x")

    assert fake_telegram.calls[2].response["description"] == "Too Many Requests: retry after 7"


async def test_a_lost_poll_loses_nothing(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """Updates whose delivery got lost come with the next poll."""
    ada.send_text("da")
    fake_telegram.fail_next("getUpdates", FaultKind.LOST)
    with pytest.raises(NetworkError):
        await bot.get_updates()
    (update,) = await bot.get_updates()

    assert update.update_id == fake_telegram.last_update(ada)["update_id"]


async def test_the_second_poller_ends_the_first(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """Of two that wait, the one who came first gets a conflict."""
    first = asyncio.create_task(bot.get_updates(timeout=10))
    await fake_telegram.wait_for(lambda: fake_telegram.is_polling)
    async with Bot(fake_telegram.token, base_url=fake_telegram.base_url) as twin:
        second = asyncio.create_task(twin.get_updates(timeout=10))
        with pytest.raises(Conflict, match=r"terminated by other getUpdates request; make sure that only one bot"):
            await first
        ada.send_text("x")

        assert len(await second) == 1


class Hook:
    """A bot's webhook: notes what comes, answers as told."""

    def __init__(self) -> None:
        self.got: list[tuple[str | None, dict[str, Any]]] = []
        self.answers: list[int] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.got.append((self.headers["X-Telegram-Bot-Api-Secret-Token"], body))
                self.send_response(hook.answers.pop(0) if hook.answers else 200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing on the terminal."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def texts(self) -> list[str]:
        """What was written in the messages that came."""
        return [update["message"]["text"] for _, update in self.got]


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A running webhook."""
    hook = Hook()
    thread = threading.Thread(target=hook.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield hook
    hook.server.shutdown()
    thread.join()
    hook.server.server_close()


async def settled(fake_telegram: FakeTelegram) -> None:
    """Wait until the webhook took everything."""
    await fake_telegram.wait_for(lambda: fake_telegram.updates_confirmed)


async def test_a_webhook_gets_updates_in_order(fake_telegram: FakeTelegram, bot: Bot, ada: User, hook: Hook) -> None:
    """What waited and what comes is pushed with the secret, in the chat's order."""
    ada.send_text("1")
    await bot.set_webhook(hook.url, secret_token="s3cret", allowed_updates=["message"])
    ada.send_text("2")
    ada.block_bot()
    await settled(fake_telegram)

    assert hook.texts() == ["1", "2"]
    assert {secret for secret, _ in hook.got} == {"s3cret"}
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count, info.allowed_updates) == (hook.url, 0, ("message",))


async def test_a_webhook_that_fails_is_tried_again(
    fake_telegram: FakeTelegram, bot: Bot, ada: User, hook: Hook
) -> None:
    """Anything but 2xx brings the same update again before the next of the chat, and shows in the info."""
    hook.answers = [500, 404]
    await bot.set_webhook(hook.url)
    ada.send_text("1")
    ada.send_text("2")
    await settled(fake_telegram)

    assert hook.texts() == ["1", "1", "1", "2"]
    assert len({update["update_id"] for _, update in hook.got}) == 2
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 404 Not Found"


def test_rest_that_ends_meanwhile(hook: Hook) -> None:
    """A chat's second update is not sent before its first, also where the rest after a failure ends between them."""
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


async def test_redelivery_to_a_webhook(fake_telegram: FakeTelegram, bot: Bot, ada: User, hook: Hook) -> None:
    """An update that the webhook took can come once more."""
    await bot.set_webhook(hook.url)
    ada.send_text("1")
    await settled(fake_telegram)
    fake_telegram.redeliver_update(fake_telegram.last_update(ada)["update_id"])
    await settled(fake_telegram)

    assert hook.texts() == ["1", "1"]


async def test_setting_a_webhook_ends_a_poll(fake_telegram: FakeTelegram, bot: Bot, hook: Hook) -> None:
    """A waiting poll is sent away; what is no address or secret is refused."""
    with pytest.raises(BadRequest, match=r"unallowed characters"):
        await bot.set_webhook(hook.url, secret_token="ä")
    with pytest.raises(BadRequest, match=r"only http://127.0.0.1"):
        await bot.set_webhook("https://example.org/")
    poll = asyncio.create_task(bot.get_updates(timeout=10))
    await fake_telegram.wait_for(lambda: fake_telegram.is_polling)
    await bot.set_webhook(hook.url)

    with pytest.raises(Conflict):
        await poll
