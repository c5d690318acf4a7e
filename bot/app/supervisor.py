"""Run all the bots of an installation, its own and its tenants, in one process with one encoder and web server.

A bot that fails is logged, reported by /readyz and restarted while the others keep running.
"""

import asyncio
import logging
import os
import resource
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from bot.app.bootstrap import BotRuntime, UpdateSource, open_store_from_settings, run_bot
from bot.app.index_loader import IndexLoader
from bot.app.tenants import SETTINGS_FILE, is_enabled, list_tenant_names, load_tenant_settings
from bot.errors import GwError, SettingsError, WebServerFailed, loggable_reason
from bot.log import CURRENT_TENANT
from bot.pipeline.rate_limiter import TELEGRAM_LIMITS, RateLimits
from bot.pipeline.retry import MAX_WAIT, backoff_seconds, wait_for_event
from bot.settings import Settings
from bot.store.records import MAIN_TENANT
from bot.web.monitor import StatusServer
from bot.web.server import run_http_server

log = logging.getLogger(__name__)
RECONCILE_INTERVAL = 5.0  # seconds between two checks of the tenants' folders
THREAD_COUNT = 32  # for all bots; a bot whose store hangs blocks at most eight of them
MAX_OPEN_FILES = 65_536  # desired, since each thread that searches an index has its file open


async def run_all_bots(settings: Settings, source: UpdateSource) -> None:
    """Run the bots until SIGTERM or SIGINT. Raises GwError if the only bot or the web server fails."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    loop.set_default_executor(ThreadPoolExecutor(THREAD_COUNT, "gwbot"))
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft_limit = min(hard_limit, MAX_OPEN_FILES) if hard_limit > 0 else MAX_OPEN_FILES
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft_limit, hard_limit))
    supervisor = Supervisor(settings, IndexLoader(settings.encoder_dir, settings.cross_encoder_dir), source)
    notify_systemd("READY=1")
    watchdog_task = asyncio.create_task(run_watchdog())
    try:
        await supervisor.run(stop)
    finally:
        watchdog_task.cancel()
    log.info("stopped; all data is saved")


@dataclass(slots=True)
class _RunningBot:
    settings_version: object
    task: "asyncio.Task[None]"
    stop: asyncio.Event


class Supervisor:
    """Runs the bot of the settings and, if that is the installation's own, the enabled tenants.

    It notices within ``reconcile_interval`` seconds that a tenant was added, changed, disabled or enabled. ``limits``
    are those of the Bot API server.
    """

    def __init__(
        self,
        settings: Settings,
        index_loader: IndexLoader,
        source: UpdateSource,
        *,
        limits: RateLimits = TELEGRAM_LIMITS,
        reconcile_interval: float = RECONCILE_INTERVAL,
    ) -> None:
        self._settings, self._index_loader, self._source = settings, index_loader, source
        self._reconcile_interval, self._status_server = reconcile_interval, StatusServer()
        self._make_runtime = partial(BotRuntime, source=source, limits=limits, status_server=self._status_server)
        self._bots: dict[str, _RunningBot] = {}
        self._account_owners: dict[str, str] = {}  # tenant names by id of the Telegram account

    async def run(self, stop: asyncio.Event) -> None:
        """Run until stopped. Raises the error of a bot that is the only one, and WebServerFailed."""
        webhook, enabled = self._source is UpdateSource.WEBHOOK, self._source is not UpdateSource.NONE
        server = run_http_server(self._status_server.application, self._settings, webhook=webhook, enabled=enabled)
        stop_task = asyncio.create_task(stop.wait())
        try:
            async with server as server_task:
                try:
                    while not stop.is_set():
                        self._reconcile_bots()
                        pending = {stop_task, *(bot.task for bot in self._bots.values())}
                        if webhook and server_task is not None:
                            pending.add(server_task)
                        done, _ = await asyncio.wait(
                            pending, timeout=self._reconcile_interval, return_when=asyncio.FIRST_COMPLETED
                        )
                        if server_task in done:
                            raise WebServerFailed("The web server has stopped.")
                finally:
                    await self._stop_all()
        finally:
            stop_task.cancel()

    def _reconcile_bots(self) -> None:
        """Start the bots that should run but do not; stop those that should not, or whose settings changed."""
        wanted = self._list_wanted_bots()
        for name, bot in list(self._bots.items()):
            if bot.task.done():
                del self._bots[name]
                bot.task.result()
            elif wanted.get(name) != bot.settings_version and not bot.stop.is_set():
                log.info("stopping %s: %s", name, "new settings" if name in wanted else "tenant removed or disabled")
                bot.stop.set()
        for name in wanted.keys() - self._bots.keys():
            stop = asyncio.Event()
            task = asyncio.create_task(self._run_with_restart(name, stop))
            self._bots[name] = _RunningBot(wanted[name], task, stop)
        for name in self._status_server.failures.keys() - wanted.keys():
            del self._status_server.failures[name]

    async def _stop_all(self) -> None:
        for bot in self._bots.values():
            bot.stop.set()
        await asyncio.gather(*(bot.task for bot in self._bots.values()), return_exceptions=True)

    def _list_wanted_bots(self) -> dict[str, object]:
        """Return the names of the bots that should run, each with a value that changes with its settings."""
        own_name = self._settings.tenant_name
        versions: dict[str, object] = {own_name: own_name} if self._settings.telegram_token is not None else {}
        for name in list_tenant_names(self._settings) if own_name == MAIN_TENANT else ():
            if is_enabled(self._settings, name):
                with suppress(OSError):  # removed since it was listed
                    file_stat = (self._settings.tenants_root / name / SETTINGS_FILE).stat()
                    versions[name] = (file_stat.st_ino, file_stat.st_mtime_ns, file_stat.st_size)
        return versions

    async def _run_with_restart(self, name: str, stop: asyncio.Event) -> None:
        """Run a bot until stopped, restarting it after errors."""
        CURRENT_TENANT.set("" if name == MAIN_TENANT else name)
        failures = 0
        while not stop.is_set():
            started_at = time.monotonic()
            try:
                await self._run_once(name, stop)
                if stop.is_set():
                    return
                raise RuntimeError("a bot ended without an error")
            except Exception as error:  # whatever it is, it must not end the other bots
                if name == self._settings.tenant_name and len(self._list_wanted_bots()) == 1:
                    raise
                failures = 0 if time.monotonic() - started_at > MAX_WAIT else failures
                wait, is_bug = backoff_seconds(failures), not isinstance(error, GwError)
                reason = loggable_reason(error)
                log.error("%s does not run: %s Retrying in %.0f s", name, reason, wait, exc_info=is_bug)
                self._status_server.failures[name] = f"does not run ({type(error).__name__})"
            failures += 1
            await wait_for_event(stop, wait)

    async def _run_once(self, name: str, stop: asyncio.Event) -> None:
        settings = self._settings
        if name != settings.tenant_name:
            settings = await asyncio.to_thread(load_tenant_settings, settings, name)
        if settings.telegram_token is None:
            raise SettingsError("GW_TELEGRAM_TOKEN is not set.")
        account = settings.telegram_token.get_secret_value().partition(":")[0]
        if (owner := self._account_owners.setdefault(account, name)) != name:
            raise SettingsError(f"GW_TELEGRAM_TOKEN is the token of {owner}; each bot needs its own.")
        try:
            live_index = await asyncio.to_thread(self._index_loader.load_index, settings)
            store = await asyncio.to_thread(open_store_from_settings, settings)
            try:
                await run_bot(self._make_runtime(settings, live_index, store), stop)
            finally:
                await asyncio.to_thread(store.close)
        finally:
            del self._account_owners[account]


def notify_systemd(state: str) -> None:
    """Send a state such as READY=1; do nothing unless systemd has set NOTIFY_SOCKET."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)


def extend_start_timeout() -> None:
    """Ask systemd for five more minutes until the start is complete."""
    notify_systemd("EXTEND_TIMEOUT_USEC=300000000")


async def run_watchdog() -> None:
    """Notify systemd twice per watchdog period that the event loop runs, until cancelled."""
    period = int(os.environ.get("WATCHDOG_USEC", "0")) / 1_000_000  # seconds
    while period:
        notify_systemd("WATCHDOG=1")
        await asyncio.sleep(period / 2)
