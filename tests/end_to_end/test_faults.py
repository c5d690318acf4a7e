"""Full disks, locked or deleted stores, competing programs: the running bot loses nothing and sends nothing twice."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import generate_latest
from telegram.request import HTTPXRequest

from bot.app.bootstrap import BotRuntime, open_store_from_settings, run_bot
from bot.errors import StoreGone
from bot.pipeline.rate_limiter import NO_LIMITS
from bot.sandbox.fake_telegram import FakeTelegram, User
from bot.settings import Settings
from bot.telegram.client import create_client
from bot.telegram.polling import CONFLICT_WAIT, poll_updates
from bot.web.health import HealthCheck
from bot.web.monitor import BotStatus
from index.search.live_index import LiveIndex
from tests.end_to_end.conftest import running
from tests.end_to_end.test_advice_faults import MailServer, mail_server
from tests.end_to_end.test_webhook import SECRET, free_port
from tests.support.disk import Disk, small_disk
from tests.support.logged import logged

__all__ = ["mail_server"]  # a fixture


@pytest.fixture
def disk(tmp_path: Path, bot_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """A small disk that holds the bot's store."""
    assert bot_settings
    with small_disk(tmp_path / "disk") as mounted:
        monkeypatch.setenv("GW_DATABASE_URL", f"sqlite:///{mounted.folder}/bot.db")
        yield mounted


async def test_full_disk_when_polling(disk: Disk, fake_telegram: FakeTelegram, live: LiveIndex, ada: User) -> None:
    """While the disk is full an update stays with Telegram; once there is space, it is answered once."""
    with logged() as log:
        async with running(Settings(), live):
            ada.send_text("/hilfe")
            await ada.wait_for_reply()
            await fake_telegram.wait_for(lambda: fake_telegram.updates_confirmed)
            disk.fill()
            ada.send_text("Was ist Collective Impact?")
            await log.until("updates wait at Telegram: ")
            confirmed = fake_telegram.updates_confirmed
            disk.free()
            answer = await ada.wait_for_reply()
            await fake_telegram.wait_for(lambda: fake_telegram.updates_confirmed)

    assert not confirmed
    assert "Aus der Fachliteratur:" in answer.text
    assert len([seen for seen in ada.bot_messages() if "Aus der Fachliteratur:" in seen.text]) == 1
    assert any("The disk is full: free some space" in line for line in log.lines)


@pytest.fixture
async def webhook_bot(
    disk: Disk, fake_telegram: FakeTelegram, live: LiveIndex, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """The address of a bot that runs by webhook, with its store on the small disk."""
    assert disk
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setenv("GW_WEBHOOK_URL", f"http://127.0.0.1:{port}/hook")
    monkeypatch.setenv("GW_WEBHOOK_SECRET", SECRET)
    async with running(Settings(), live, webhook=True):
        await fake_telegram.wait_for(lambda: fake_telegram.calls_to("setWebhook"))
        yield f"http://127.0.0.1:{port}"


async def test_full_disk_by_webhook(webhook_bot: str, disk: Disk, fake_telegram: FakeTelegram, ada: User) -> None:
    """While the disk is full the bot is not ready and Telegram has to redeliver; then it answers once."""
    disk.fill()
    async with httpx.AsyncClient() as client:
        ready = await client.get(f"{webhook_bot}/readyz")
    with logged() as log:
        ada.send_text("Was ist Collective Impact?")
        await log.until("an update is refused, Telegram will deliver it again")
    disk.free()
    answer = await ada.wait_for_reply()

    assert (ready.status_code, ready.json()["store"]) == (503, "cannot be written")
    assert "Aus der Fachliteratur:" in answer.text
    assert len([seen for seen in ada.bot_messages() if "Aus der Fachliteratur:" in seen.text]) == 1


async def test_locked_store_overwrites_no_state(
    bot_settings: Settings, fake_telegram: FakeTelegram, live: LiveIndex, ada: User
) -> None:
    """While another program locks the store, a person's state is not overwritten; afterwards the bot continues."""
    path = bot_settings.sqlite_path
    async with running(bot_settings, live):
        ada.send_text("/sprache")
        await ada.wait_for_reply()
        ada.tap_button("English")
        await ada.wait_for_reply()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with logged() as log:
            ada.send_text("/help")
            await log.until("Another program holds the file")
        other.execute("ROLLBACK")
        other.close()
        answer = await ada.wait_for_reply()

    assert "Questions" in answer.text


async def test_deleted_store_stops_the_bot(
    bot_settings: Settings, fake_telegram: FakeTelegram, live: LiveIndex, ada: User
) -> None:
    """A bot whose store is deleted stops with an error that says what to do; the update stays with Telegram."""
    store, stop = open_store_from_settings(bot_settings), asyncio.Event()
    task = asyncio.create_task(run_bot(BotRuntime(bot_settings, live, store, limits=NO_LIMITS), stop))
    ada.send_text("/hilfe")
    await ada.wait_for_reply()
    await fake_telegram.wait_for(lambda: fake_telegram.updates_confirmed)
    for file in bot_settings.sqlite_path.parent.glob("bot.db*"):
        file.unlink()
    ada.send_text("Was ist Collective Impact?")

    with pytest.raises(StoreGone, match="gwbot restore"):
        await asyncio.wait_for(task, 30)
    store.close()

    assert not fake_telegram.updates_confirmed
    assert [path.name for path in bot_settings.sqlite_path.parent.glob("bot.db*")] == ["bot.db.rescued-1"]


async def test_two_pollers(
    bot_settings: Settings, fake_telegram: FakeTelegram, live: LiveIndex, mail_server: MailServer
) -> None:
    """A second program that polls with the same token is logged, counted and mailed once, and polling backs off."""
    mail_server.controller.start()
    settings = Settings()
    store, waits = open_store_from_settings(settings), []
    bot = create_client(settings, HTTPXRequest())
    monitor = BotStatus(settings, HealthCheck(bot, store, live))
    conflict_is_over = asyncio.Event()

    backed_off = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 5:
            backed_off.set()
        await asyncio.sleep(0)

    async def conflict(now: bool) -> None:
        await monitor.on_conflict(now)
        if not now:
            conflict_is_over.set()

    async def handle(updates: list[dict[str, object]]) -> None:
        """Do nothing; no updates arrive here."""

    async with bot, create_client(settings, HTTPXRequest()) as second:
        other = asyncio.create_task(poll_updates(second, handle, sleep=lambda seconds: asyncio.sleep(0)))
        with logged() as log:
            task = asyncio.create_task(poll_updates(bot, handle, conflict, sleep))
            await asyncio.wait_for(backed_off.wait(), 20)
            other.cancel()
            await asyncio.wait_for(conflict_is_over.wait(), 20)
            task.cancel()
            await asyncio.gather(task, other, return_exceptions=True)
    store.close()

    assert set(waits) == {CONFLICT_WAIT}
    assert (
        len([line for line in log.lines if line.startswith("another program polls")]) == 2
    )  # once by each of the two
    assert "no other program polls" in log.lines[-1]
    assert f"gw_poll_conflicts_total {len(waits)}.0".encode() in generate_latest(monitor.metrics.registry)
    (mail,) = mail_server.received
    assert b"Subject: Zwei Programme holen Nachrichten" in mail


async def test_malformed_update(
    fake_telegram: FakeTelegram, bot_settings: Settings, live: LiveIndex, ada: User, caplog: pytest.LogCaptureFixture
) -> None:
    """A malformed update stops nothing, and none of its text is logged."""
    with logged() as log:
        async with running(bot_settings, live):
            fake_telegram.world.updates.put("message", {"message_id": 1, "date": "Geheim", "chat": {"id": ada.id}})
            ada.send_text("/hilfe")
            await ada.wait_for_reply()

    assert any("has an unknown form" in line for line in log.lines)
    assert not any("Geheim" in line for line in (*log.lines, *caplog.messages))  # of the library as well
    broken = [violation for violation in fake_telegram.violations if "message.date" in violation.problem]
    assert len(broken) == 1  # the malformed update itself
    fake_telegram.violations.clear()
