"""The whole bot on PostgreSQL, over HTTP: alone, and as several processes."""

import asyncio
from contextlib import AsyncExitStack

import psycopg
import pytest

from bot.outbox import STANDBY
from bot.sandbox.standin import Group, StandIn, User
from bot.settings import Settings
from index.live import LiveIndex
from tests.logged import logged
from tests.telegram.advice import card, request, topic_of
from tests.telegram.conftest import running, sees
from tests.telegram.test_webhook import free_port


@pytest.fixture
def on_postgres(bot_settings: Settings, fresh_url: str, monkeypatch: pytest.MonkeyPatch, forum: Group) -> Settings:
    """Settings of a bot on PostgreSQL, connected to the advisers' forum."""
    monkeypatch.setenv("GW_DATABASE_URL", fresh_url)
    monkeypatch.setenv("GW_ADVISER_CHAT_ID", str(forum.id))
    return Settings()


async def test_question_and_request(
    on_postgres: Settings, live: LiveIndex, standin: StandIn, ada: User, bea: User, forum: Group
) -> None:
    """A question is answered, a request reaches the advisers, their answer the person; a restart forgets nothing."""
    async with running(on_postgres, live):
        ada.says("Was ist Collective Impact?")
        await sees(standin, ada, "Aus der Fachliteratur:")
        reference = await request(standin, ada)
        opened = await card(standin, bea, forum, reference)
        bea.says("Gern, worum geht es?", chat=forum, topic=topic_of(opened))
        await sees(standin, ada, "Gern, worum geht es?")
    async with running(on_postgres, live):
        ada.says("Um ein Bündnis in Kiel.")
        await sees(standin, bea, "Um ein Bündnis in Kiel.", forum)


async def test_web_process_and_worker(
    on_postgres: Settings, live: LiveIndex, ada: User, fresh_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one process takes by webhook the one that leads sends at once; when that one ends the other one sends."""
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setenv("GW_WEBHOOK_URL", f"http://127.0.0.1:{port}/hook")
    monkeypatch.setenv("GW_WEBHOOK_SECRET", "nur-fuer-Telegram_1")

    async with running(on_postgres, live, takes=False):
        await asyncio.to_thread(until_led, fresh_url)
        async with running(Settings(), live, webhook=True):
            ada.says("Was ist Collective Impact?")
            first = await ada.wait_reply(timeout=STANDBY)
    async with running(Settings(), live, webhook=True):
        ada.says("Was ist ein Backbone?")
        second = await ada.wait_reply()

    assert [seen.text.count("Aus der Fachliteratur:") for seen in (first, second)] == [1, 1]
    assert len(ada.sees()) == 2


async def test_two_that_poll(on_postgres: Settings, live: LiveIndex, standin: StandIn, ada: User) -> None:
    """Of two processes that are told to poll one does, so that Telegram is not asked by both; then the other does."""
    async with AsyncExitStack() as later:
        with logged() as log:
            async with running(on_postgres, live):
                ada.says("Was ist Collective Impact?")
                await ada.wait_reply()
                await later.enter_async_context(running(on_postgres, live))
                await log.until("stands by")
        ada.says("Was ist ein Backbone?")
        await ada.wait_reply(timeout=30)

    assert len(ada.sees()) == 2


def until_led(url: str) -> None:
    """Ask until a process holds the lock of the leader."""
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'").fetchone() is None:
            pass
