"""The whole bot, run as `gwbot run` runs it, against the fake Telegram over HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from bot.app.bootstrap import BotRuntime, UpdateSource, open_store_from_settings, run_bot
from bot.pipeline.rate_limiter import NO_LIMITS, RateLimits
from bot.sandbox.fake_telegram import FakeTelegram, Group, MessageView, User
from bot.settings import Settings
from bot.web.server import run_http_server
from index.search.live_index import LiveIndex
from tests.support.stores import write_empty_store

ConnectedTo = Callable[[Group | User], AbstractAsyncContextManager[None]]  # runs a bot connected to this adviser chat


@pytest.fixture
def fake_telegram() -> Iterator[FakeTelegram]:
    """A fake Telegram; fails the test if any call violated the Bot API's rules."""
    with FakeTelegram() as started:
        yield started
        assert started.violations == []


@pytest.fixture
def bot_settings(fake_telegram: FakeTelegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a bot that polls the fake Telegram."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GW_TELEGRAM_TOKEN", fake_telegram.token)
    monkeypatch.setenv("GW_TELEGRAM_API_URL", fake_telegram.url)
    settings = Settings()
    write_empty_store(settings.sqlite_path)
    return settings


@asynccontextmanager
async def running(
    settings: Settings,
    live: LiveIndex,
    *,
    webhook: bool = False,
    clock: Callable[[], float] = time.time,
    limits: RateLimits = NO_LIMITS,
    receives_updates: bool = True,
    trust_clock: bool = True,
    publishes: bool = False,
) -> AsyncIterator[None]:
    """Run the bot inside the block, then stop it as SIGTERM does.

    Without ``receives_updates``, it neither polls nor serves HTTP. With ``trust_clock``, it trusts its clock at
    once, as if somebody had just set it. With ``publishes``, it begins with two dozen calls for its profile.
    """
    stop, wake_scheduler, store = asyncio.Event(), asyncio.Event(), open_store_from_settings(settings, clock)
    if trust_clock:
        wake_scheduler.set()
    source = UpdateSource.WEBHOOK if webhook else UpdateSource.POLLING if receives_updates else UpdateSource.NONE
    runtime = BotRuntime(
        settings, live, store, clock, source, limits, wake_scheduler=wake_scheduler, publishes=publishes
    )
    async with run_http_server(
        runtime.status_server.application, settings, webhook=webhook, enabled=receives_updates
    ):
        task = asyncio.create_task(run_bot(runtime, stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)
            store.close()


@pytest.fixture
async def polling(bot_settings: Settings, live: LiveIndex) -> AsyncIterator[None]:
    """A running bot that polls."""
    async with running(bot_settings, live):
        yield


async def wait_for_text(
    fake_telegram: FakeTelegram, person: User, text: str, chat: Group | None = None
) -> MessageView:
    """Wait until the bot has sent a message that contains this text; return the latest one."""
    messages = await fake_telegram.wait_for(
        lambda: [message for message in person.bot_messages(chat) if text in message.text]
    )
    return messages[-1]


@pytest.fixture
def ada(fake_telegram: FakeTelegram) -> User:
    """A user whose Telegram is set to German."""
    return fake_telegram.add_user("Ada", language_code="de", started=True)


@pytest.fixture
def bea(fake_telegram: FakeTelegram) -> User:
    """An adviser."""
    return fake_telegram.add_user("Bea", language_code="de")


@pytest.fixture
def cem(fake_telegram: FakeTelegram) -> User:
    """Another adviser."""
    return fake_telegram.add_user("Cem", language_code="de")


@pytest.fixture
def forum(fake_telegram: FakeTelegram, bea: User, cem: User) -> Group:
    """The adviser chat: a group with topics."""
    return fake_telegram.add_group("Beratung", [bea, cem], forum=True, bot_is_admin=True)


@pytest.fixture
def connected_to(bot_settings: Settings, live: LiveIndex, monkeypatch: pytest.MonkeyPatch) -> ConnectedTo:
    """Return a function that runs a bot connected to the given adviser chat."""

    def connect(chat: Group | User) -> AbstractAsyncContextManager[None]:
        monkeypatch.setenv("GW_ADVISER_CHAT_ID", str(chat.id))
        return running(Settings(), live)

    return connect


@pytest.fixture
async def connected(connected_to: ConnectedTo, forum: Group) -> AsyncIterator[None]:
    """A running bot that is connected to the adviser chat."""
    async with connected_to(forum):
        yield
