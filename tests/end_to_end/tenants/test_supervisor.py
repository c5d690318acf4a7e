"""All bots of an installation in one process: the failure of one does not affect the others."""

import asyncio
import io
import logging
import shutil
import sqlite3
from collections.abc import Iterator

import httpx
import pytest
from pydantic import SecretStr

from bot import log
from bot.app.bootstrap import UpdateSource
from bot.app.index_loader import IndexLoader
from bot.app.supervisor import Supervisor
from bot.app.tenants import DISABLED_FILE, SETTINGS_FILE, load_tenant_settings
from bot.errors import ConnectionFailed
from bot.sandbox.fake_telegram import FakeTelegram
from bot.settings import Settings
from bot.web.routes import SECRET_HEADER
from tests.end_to_end.tenants.conftest import QUESTION, Running, Town
from tests.end_to_end.test_webhook import free_port
from tests.support.logged import logged
from tests.support.postgres import until_led


@pytest.fixture
def port(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> int:
    """The port of the web server."""
    assert installation
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    return port


@pytest.fixture
def text_log() -> Iterator[io.StringIO]:
    """The log as an operator reads it."""
    stream, top = io.StringIO(), logging.getLogger()
    before, level = top.handlers, top.level
    log.configure_logging("INFO", "text")
    top.handlers[0].setStream(stream)  # type: ignore[attr-defined]
    yield stream
    top.handlers = before
    top.setLevel(level)


async def get(port: int, path: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(f"http://127.0.0.1:{port}{path}")


async def assert_answers(town: Town) -> None:
    town.ada.send_text(QUESTION)
    assert "Der Stadtgarten öffnet" in (await town.ada.wait_for_reply()).text


def append_setting(town: Town, line: str) -> None:
    """Append a line to a tenant's settings."""
    with (town.folder / SETTINGS_FILE).open("a", encoding="utf-8") as file:
        file.write(line + "\n")


async def test_webhooks(port: int, kiel: Town, ulm: Town, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tenant has its own path below the installation's webhook, and accepts only its own secret."""
    monkeypatch.setenv("GW_WEBHOOK_URL", f"http://127.0.0.1:{port}/telegram")
    monkeypatch.setenv("GW_WEBHOOK_SECRET", "des-Hauses")
    settings = Settings()
    secrets = []
    async with running(settings, source=UpdateSource.WEBHOOK):
        for town in (kiel, ulm):
            await assert_answers(town)
            secret = load_tenant_settings(settings, town.name).webhook_secret
            assert secret
            secrets.append(secret.get_secret_value())
        async with httpx.AsyncClient() as client:
            statuses = [
                (
                    await client.post(
                        f"http://127.0.0.1:{port}/telegram{path}",
                        headers={SECRET_HEADER: secret},
                        json={"update_id": 1},
                    )
                ).status_code
                for path in ("/tenants/kiel", "/tenants/ulm", "/tenants/bonn", "")
                for secret in (*secrets, "des-Hauses", "")
            ]

    assert statuses[:4] == [200, 401, 401, 401]
    assert statuses[4:8] == [401, 200, 401, 401]
    assert set(statuses[8:]) == {404}


@pytest.mark.parametrize("installation", ["postgres"], indirect=True)
async def test_worker_serves_all_tenants(
    port: int, kiel: Town, ulm: Town, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that receives no updates sends the replies to those that another process receives by webhook."""
    monkeypatch.setenv("GW_WEBHOOK_URL", f"http://127.0.0.1:{port}/telegram")
    monkeypatch.setenv("GW_WEBHOOK_SECRET", "des-Hauses")
    settings = Settings()
    with logged() as log:
        async with running(settings, source=UpdateSource.NONE):
            await asyncio.to_thread(until_led, settings.store_url, kiel.name, ulm.name)
            async with running(settings, source=UpdateSource.WEBHOOK):
                for town in (kiel, ulm):
                    await assert_answers(town)

    assert log.lines.count("another process sends, this one stands by") == 2
    assert "this process sends from now on" not in log.lines


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
@pytest.mark.parametrize("broken", ["token", "index", "contacts", "store", "settings"])
async def test_failing_tenant_does_not_affect_the_others(
    installation: Settings, port: int, kiel: Town, ulm: Town, running: Running, broken: str
) -> None:
    """A failing tenant is named in the log, /readyz and /metrics, and runs once fixed; the others keep running."""
    path = {
        "token": kiel.folder / SETTINGS_FILE,
        "settings": kiel.folder / SETTINGS_FILE,
        "index": kiel.folder / "index" / "current",
        "contacts": kiel.folder.parents[2] / "kiel" / "contacts.yaml",
        "store": kiel.folder / "bot.db",
    }[broken]
    original = path.read_bytes() if path.is_file() else b""
    if broken == "token":
        path.write_bytes(original.replace(kiel.fake_telegram.token.encode(), b"111111111:falsch"))
    elif broken == "index":
        shutil.move(path.resolve(), kiel.folder / "away")
    else:
        path.write_bytes(b"kaputt")
    with logged() as log:
        async with running(Settings()):
            line = await log.until("kiel does not run")
            await assert_answers(ulm)
            ready, metrics = await get(port, "/readyz"), await get(port, "/metrics")
            if broken == "index":
                shutil.move(kiel.folder / "away", path.parent / path.readlink())
            elif original:
                path.write_bytes(original)
            else:
                path.unlink()
            await assert_answers(kiel)
            await log.until("@kiel_bot is ready")
            repaired = await get(port, "/readyz")

    assert kiel.fake_telegram.token not in line
    assert ready.status_code == 200
    assert ready.json()["kiel"].startswith("does not run (")
    assert ready.json()["ulm.telegram"] == "ok"
    assert 'gw_running{tenant="kiel"} 0.0' in metrics.text
    assert 'gw_running{tenant="ulm"} 1.0' in metrics.text
    assert repaired.json()["kiel.store"] == "ok"
    assert "kiel" not in repaired.json()


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
async def test_locked_store_does_not_affect_other_tenants(
    installation: Settings, kiel: Town, ulm: Town, running: Running
) -> None:
    """While another program locks one tenant's store, the others keep answering; afterwards that tenant does too."""
    async with running(installation):
        await assert_answers(kiel)
        other = sqlite3.connect(kiel.folder / "bot.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for _ in range(8):
            kiel.ada.send_text("/hilfe")
        for _ in range(3):
            await assert_answers(ulm)
        other.execute("ROLLBACK")
        other.close()
        kiel.ada.send_text(QUESTION)
        await kiel.fake_telegram.wait_for(
            lambda: len([seen for seen in kiel.ada.bot_messages() if "um neun Uhr" in seen.text]) == 2, 60
        )


async def test_not_ready_only_if_every_bot_is_unhealthy(port: int, kiel: Town, ulm: Town, running: Running) -> None:
    """The process is not ready only if every bot is unhealthy."""
    for town in (kiel, ulm):
        append_setting(town, "GW_TELEGRAM_TOKEN=")
    with logged() as log:
        async with running(Settings()):
            await log.until("kiel does not run")
            await log.until("ulm does not run")
            ready = await get(port, "/readyz")

    assert ready.status_code == 503
    assert set(ready.json()) == {"kiel", "ulm"}


async def test_changed_tenants_are_stopped_and_started(
    installation: Settings, kiel: Town, ulm: Town, running: Running
) -> None:
    """A disabled tenant is stopped while its messages wait; an enabled or changed one is (re)started."""
    with logged() as log:
        async with running(installation):
            await assert_answers(kiel)
            await kiel.fake_telegram.wait_for(lambda: kiel.fake_telegram.updates_confirmed)
            (kiel.folder / DISABLED_FILE).touch()
            await log.until("stopping kiel: tenant removed or disabled")
            kiel.ada.send_text(QUESTION)
            await assert_answers(ulm)
            waited = not kiel.fake_telegram.updates_confirmed
            (kiel.folder / DISABLED_FILE).unlink()
            await kiel.wait_for_text("Der Stadtgarten öffnet")
            await kiel.fake_telegram.wait_for(lambda: kiel.fake_telegram.updates_confirmed)
            append_setting(kiel, "GW_OPERATOR='Stadt Kiel, Rathaus'")
            await log.until("stopping kiel: new settings")
            kiel.ada.send_text("/datenschutz")
            notice = await kiel.wait_for_text("betreibt diesen Bot")

    assert waited
    assert "Stadt Kiel, Rathaus betreibt diesen Bot." in notice


async def test_tenants_with_the_same_token(installation: Settings, kiel: Town, ulm: Town, running: Running) -> None:
    """Only one of two tenants with the same token runs: each would get part of the other's messages."""
    append_setting(ulm, f"GW_TELEGRAM_TOKEN={kiel.fake_telegram.token}")
    with logged() as log:
        async with running(installation):
            line = await log.until("does not run: GW_TELEGRAM_TOKEN is the token of")

    assert kiel.fake_telegram.token not in line


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
async def test_own_bot_runs_alongside_tenants(
    installation: Settings, port: int, kiel: Town, running: Running, models: IndexLoader
) -> None:
    """The installation's own bot runs as main alongside the tenants; if it is alone, its error ends the process."""
    with FakeTelegram() as fake_telegram:
        ada = fake_telegram.add_user("Ada", language_code="de", started=True)
        settings = Settings().model_copy(
            update={
                "telegram_token": SecretStr(fake_telegram.token),
                "telegram_api_url": fake_telegram.url,
                "adviser_chat_id": None,
            }
        )
        async with running(settings):
            ada.send_text("Was ist Collective Impact?")
            answer = await ada.wait_for_reply()
            await assert_answers(kiel)
            ready, metrics = await get(port, "/readyz"), await get(port, "/metrics")
    (kiel.folder / DISABLED_FILE).touch()
    (kiel.folder.parent / "ulm" / DISABLED_FILE).touch()
    with FakeTelegram(token="5:anderes") as other:
        alone = Supervisor(settings.model_copy(update={"telegram_api_url": other.url}), models, UpdateSource.POLLING)
        with pytest.raises(ConnectionFailed):
            await asyncio.wait_for(alone.run(asyncio.Event()), 20)

    assert "Aus der Fachliteratur:" in answer.text
    assert ready.json()["telegram"] == ready.json()["kiel.telegram"] == "ok"
    for tenant in ("main", "kiel"):
        assert f'gw_updates_total{{kind="text",tenant="{tenant}"}} 1.0' in metrics.text


async def test_log_names_the_tenant(
    installation: Settings, kiel: Town, ulm: Town, running: Running, text_log: io.StringIO
) -> None:
    """Each log line of a tenant begins with its name, and contains neither texts nor the token."""
    async with running(installation):
        for town in (kiel, ulm):
            await assert_answers(town)

    lines = text_log.getvalue()
    assert "[kiel] @kiel_bot is ready: 2 entries" in lines
    assert "[ulm] @ulm_bot is ready: 2 entries" in lines
    for hidden in (QUESTION, kiel.fake_telegram.token, "Ada"):
        assert hidden not in lines


def test_same_knowledge_is_loaded_once(installation: Settings, kiel: Town, ulm: Town, models: IndexLoader) -> None:
    """Tenants with the installation's knowledge share its index in memory; one with its own does not."""
    append_setting(kiel, "GW_KNOWLEDGE_DIR=")
    alike, other = (models.load_index(load_tenant_settings(installation, town.name)) for town in (kiel, ulm))

    assert alike is models.load_index(installation)
    assert other is not alike
