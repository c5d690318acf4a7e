"""The whole bot on PostgreSQL, over HTTP, as one process and as several."""

import asyncio
import json
import time
from contextlib import AsyncExitStack

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from telegram.request import HTTPXRequest

from bot.app.bootstrap import BotRuntime, run_bot
from bot.pipeline.rate_limiter import NO_LIMITS
from bot.pipeline.retry import STANDBY_WAIT
from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from bot.settings import Settings
from bot.store import Store
from bot.store.postgres.database import PostgresDatabase
from bot.store.records import MAIN_TENANT
from bot.telegram.client import create_client
from bot.telegram.update_parser import chat_key
from index.search.live_index import LiveIndex
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import running, wait_for_text
from tests.end_to_end.test_webhook import free_port
from tests.support.logged import logged
from tests.support.postgres import until_led


@pytest.fixture
def on_postgres(bot_settings: Settings, fresh_url: str, monkeypatch: pytest.MonkeyPatch, forum: Group) -> Settings:
    """Settings of a bot on PostgreSQL, connected to the adviser chat."""
    monkeypatch.setenv("GW_DATABASE_URL", fresh_url)
    monkeypatch.setenv("GW_ADVISER_CHAT_ID", str(forum.id))
    return Settings()


async def test_question_and_request(
    on_postgres: Settings, live: LiveIndex, fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """A question is answered, a request and its answer are relayed, and a restart loses nothing."""
    async with running(on_postgres, live):
        ada.send_text("Was ist Collective Impact?")
        await wait_for_text(fake_telegram, ada, "Aus der Fachliteratur:")
        reference = await request(fake_telegram, ada)
        opened = await card(fake_telegram, bea, forum, reference)
        bea.send_text("Gern, worum geht es?", chat=forum, topic=topic_of(opened))
        await wait_for_text(fake_telegram, ada, "Gern, worum geht es?")
    async with running(on_postgres, live):
        ada.send_text("Um ein Bündnis in Kiel.")
        await wait_for_text(fake_telegram, bea, "Um ein Bündnis in Kiel.", forum)


async def test_web_process_and_worker(
    on_postgres: Settings, live: LiveIndex, ada: User, fresh_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leader sends replies to updates that another process receives by webhook; once it ends, the other sends."""
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setenv("GW_WEBHOOK_URL", f"http://127.0.0.1:{port}/hook")
    monkeypatch.setenv("GW_WEBHOOK_SECRET", "nur-fuer-Telegram_1")

    async with running(on_postgres, live, receives_updates=False):
        await asyncio.to_thread(until_led, fresh_url, MAIN_TENANT)
        async with running(Settings(), live, webhook=True):
            ada.send_text("Was ist Collective Impact?")
            first = await ada.wait_for_reply(timeout=STANDBY_WAIT)
    async with running(Settings(), live, webhook=True):
        ada.send_text("Was ist ein Backbone?")
        second = await ada.wait_for_reply()

    assert [seen.text.count("Aus der Fachliteratur:") for seen in (first, second)] == [1, 1]
    assert len(ada.bot_messages()) == 2


async def test_only_one_process_polls(
    on_postgres: Settings, live: LiveIndex, fake_telegram: FakeTelegram, ada: User
) -> None:
    """Of two processes that are set to poll only one does; when it ends, the other takes over."""
    async with AsyncExitStack() as stack:
        with logged() as log:
            async with running(on_postgres, live):
                ada.send_text("Was ist Collective Impact?")
                await ada.wait_for_reply()
                await stack.enter_async_context(running(on_postgres, live))
                await log.until("another process polls, this one stands by")
        with logged() as log:
            await log.until("this process polls from now on")
        ada.send_text("Was ist ein Backbone?")
        await ada.wait_for_reply(timeout=30)

    assert len(ada.bot_messages()) == 2


async def test_polling_alongside_a_worker(on_postgres: Settings, live: LiveIndex, ada: User, fresh_url: str) -> None:
    """While a worker sends, the polling process receives updates, even after it was restarted."""
    async with running(on_postgres, live, receives_updates=False):
        await asyncio.to_thread(until_led, fresh_url, MAIN_TENANT)
        for question in ("Was ist Collective Impact?", "Was ist ein Backbone?"):
            async with running(on_postgres, live):
                ada.send_text(question)
                await ada.wait_for_reply()

    assert len(ada.bot_messages()) == 2


async def test_worker_takes_over_the_sending(on_postgres: Settings, live: LiveIndex, ada: User) -> None:
    """When the process that polls and sends ends, a worker takes over the sending, and the next process polls."""
    async with AsyncExitStack() as stack:
        with logged() as log:
            async with running(on_postgres, live):
                ada.send_text("Was ist Collective Impact?")
                await ada.wait_for_reply()
                await stack.enter_async_context(running(on_postgres, live, receives_updates=False))
                await log.until("stands by")
            await log.until("this process sends from now on")
        async with running(on_postgres, live):
            ada.send_text("Was ist ein Backbone?")
            await ada.wait_for_reply(timeout=30)

    assert len(ada.bot_messages()) == 2


async def test_database_outage_during_start(
    on_postgres: Settings, live: LiveIndex, ada: User, fresh_url: str
) -> None:
    """A bot whose database goes down during start waits for it, and then answers what arrived meanwhile."""
    stop, store = asyncio.Event(), Store(PostgresDatabase(fresh_url, time.time, wait_timeout=0.2))
    allow_connections(fresh_url, False)
    ada.send_text("Was ist Collective Impact?")

    with logged() as log:
        bot = asyncio.create_task(run_bot(BotRuntime(on_postgres, live, store, limits=NO_LIMITS), stop))
        for waits in ("pending updates wait", "messages wait", "updates wait at Telegram"):
            await log.until(waits)
        allow_connections(fresh_url, True)
        answer = await ada.wait_for_reply(timeout=240)  # the pool tries again less and less often
        stop.set()
        await bot

    assert "Aus der Fachliteratur:" in answer.text
    store.close()


async def test_database_error_ends_no_background_task(
    on_postgres: Settings, live: LiveIndex, fake_telegram: FakeTelegram, ada: User, fresh_url: str
) -> None:
    """After an unexpected database error, the bot goes on to handle updates that other processes left."""
    other = Store(PostgresDatabase(fresh_url, time.time))
    ada.send_text("Was ist Collective Impact?")
    async with create_client(on_postgres, HTTPXRequest()) as bot:
        *_, update = await bot.do_api_request("getupdates")
        await bot.do_api_request("getupdates", {"offset": update["update_id"] + 1})
    rename_table(fresh_url, "inbox", "away")

    with logged() as log:
        async with running(on_postgres, live, receives_updates=False):
            await log.until("a background task failed, restarting it in 1 s")
            rename_table(fresh_url, "away", "inbox")
            other.inbox.add_updates([(update["update_id"], chat_key(update), json.dumps(update))])
            answer = await ada.wait_for_reply(timeout=30)

    assert "Aus der Fachliteratur:" in answer.text
    other.close()


def rename_table(url: str, table: str, name: str) -> None:
    """Rename a table."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO {name}".encode())


def allow_connections(url: str, allow: bool) -> None:
    """Let the database accept connections, or refuse them and end those that exist."""
    with psycopg.connect(url, user="postgres", dbname="postgres", autocommit=True) as connection:
        name = conninfo_to_dict(url)["dbname"]
        connection.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {allow}".encode())
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
