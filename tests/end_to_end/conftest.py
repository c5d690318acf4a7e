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

AtDesk = Callable[[Group | User], AbstractAsyncContextManager[None]]  # runs a bot connected to this chat of advisers


@pytest.fixture
def fake_telegram() -> Iterator[FakeTelegram]:
    """Telegram's part; at the end no call may have broken the Bot API's rules."""
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
    takes: bool = True,
    on_purpose: bool = True,
    publishes: bool = False,
) -> AsyncIterator[None]:
    """The bot at work inside the block, then stopped as by SIGTERM; without ``takes`` no web server.

    With ``on_purpose`` the clock is as it is because somebody set it, and is believed at once. With ``publishes`` it
    begins with two dozen calls for its profile.
    """
    stop, nudge, store = asyncio.Event(), asyncio.Event(), open_store_from_settings(settings, clock)
    if on_purpose:
        nudge.set()
    source = UpdateSource.WEBHOOK if webhook else UpdateSource.POLLING if takes else UpdateSource.NONE
    runtime = BotRuntime(settings, live, store, clock, source, limits, wake_scheduler=nudge, publishes=publishes)
    async with run_http_server(runtime.status_server.application, settings, webhook=webhook, enabled=takes):
        task = asyncio.create_task(run_bot(runtime, stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)
            store.close()


@pytest.fixture
async def polling(bot_settings: Settings, live: LiveIndex) -> AsyncIterator[None]:
    """A bot that polls."""
    async with running(bot_settings, live):
        yield


async def wait_for_text(
    fake_telegram: FakeTelegram, person: User, text: str, chat: Group | None = None
) -> MessageView:
    """Wait until a message of the bot with this text is in the chat."""
    found = await fake_telegram.wait_for(lambda: [seen for seen in person.bot_messages(chat) if text in seen.text])
    return found[-1]


@pytest.fixture
def ada(fake_telegram: FakeTelegram) -> User:
    """A person whose Telegram is German."""
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
    """The advisers' group, with topics."""
    return fake_telegram.add_group("Beratung", [bea, cem], forum=True, bot_is_admin=True)


@pytest.fixture
def at_desk(bot_settings: Settings, live: LiveIndex, monkeypatch: pytest.MonkeyPatch) -> AtDesk:
    """Runs a bot that is connected to the given chat of advisers."""

    def connect(chat: Group | User) -> AbstractAsyncContextManager[None]:
        monkeypatch.setenv("GW_ADVISER_CHAT_ID", str(chat.id))
        return running(Settings(), live)

    return connect


@pytest.fixture
async def connected(at_desk: AtDesk, forum: Group) -> AsyncIterator[None]:
    """A bot that is connected to the advisers' forum."""
    async with at_desk(forum):
        yield
