"""A fake Telegram, a person, and python-telegram-bot's own Bot connected to it."""

from collections.abc import AsyncIterator, Iterator

import pytest
from telegram import Bot

from bot.sandbox.fake_telegram import FakeTelegram, User


@pytest.fixture
def fake_telegram() -> Iterator[FakeTelegram]:
    """A running fake Telegram; polls may take long, as no test should wait for one to end."""
    with FakeTelegram(max_poll_seconds=30) as running:
        yield running


@pytest.fixture(autouse=True)
def _timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence the library's warning about retry_after becoming a timedelta."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
async def bot(fake_telegram: FakeTelegram) -> AsyncIterator[Bot]:
    """The library's bot, connected to the fake Telegram."""
    async with Bot(fake_telegram.token, base_url=fake_telegram.base_url) as connected:
        yield connected


@pytest.fixture
def ada(fake_telegram: FakeTelegram) -> User:
    """A person who has started the bot."""
    return fake_telegram.add_user("Ada", language_code="de", username="ada_l", started=True)
