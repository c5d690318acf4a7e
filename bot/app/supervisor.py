"""All the bots of an installation in one process: its own and its tenants, with one encoder and one web server.

What goes wrong with one of them is its own matter: it is logged, shown, and tried again, while the others go on.
"""

import asyncio
import logging
import resource
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from bot.app.bootstrap import open_store_from_settings, run_bot
from bot.app.index_loader import IndexLoader
from bot.app.systemd import notify_systemd, run_watchdog
from bot.app.tenants import SETTINGS_FILE, is_enabled, list_tenant_names, load_tenant_settings
from bot.domain.tenant import MAIN_TENANT
from bot.errors import ConnectionFailed, GwError, SettingsError
from bot.log import CURRENT_TENANT
from bot.pipeline.rate_limiter import TELEGRAM_LIMITS, RateLimits
from bot.pipeline.retry import MAX_WAIT, backoff_seconds, wait_for_event
from bot.settings import Settings
from bot.web.server import run_http_server
from bot.web.status_server import StatusServer

log = logging.getLogger(__name__)
RECONCILE_INTERVAL = 5.0  # seconds between two looks at the tenants' folders
THREAD_COUNT = 32  # for all bots; a bot whose store hangs waits in eight of them at most
MAX_OPEN_FILES = 65_536  # wanted: each thread that looks something up has an index' file open


async def run_all_bots(settings: Settings, *, webhook: bool, polls: bool = True) -> None:
    """Run the bots until SIGTERM or SIGINT: by webhook, or else by polling, or without taking updates."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    loop.set_default_executor(ThreadPoolExecutor(THREAD_COUNT, "gwbot"))
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(
            resource.RLIMIT_NOFILE,
            (min(hard_limit, MAX_OPEN_FILES) if hard_limit > 0 else MAX_OPEN_FILES, hard_limit),
        )
    index_loader = IndexLoader(settings.encoder_dir, settings.cross_encoder_dir)
    supervisor = Supervisor(settings, index_loader, webhook=webhook, polls=polls)
    notify_systemd("READY=1")
    watchdog_task = asyncio.create_task(run_watchdog())
    try:
        await supervisor.run(stop)
    finally:
        watchdog_task.cancel()
    log.info("stopped; everything is written down")


@dataclass(slots=True)
class _RunningBot:
    """A bot at work, by the version of its settings."""

    settings_version: object
    task: "asyncio.Task[None]"
    stop: asyncio.Event = field(default_factory=asyncio.Event)


class Supervisor:
    """Runs the bot of the settings and, where it is the installation's own, the enabled tenants beside it.

    Tenants that are added, changed, disabled or enabled are noticed within ``look`` seconds. ``clock`` gives Unix
    time, ``limits`` are those of the Telegram that is called.
    """

    def __init__(
        self,
        settings: Settings,
        index_loader: IndexLoader,
        *,
        webhook: bool,
        polls: bool = True,
        clock: Callable[[], float] = time.time,
        limits: RateLimits = TELEGRAM_LIMITS,
        reconcile_interval: float = RECONCILE_INTERVAL,
    ) -> None:
        self._settings, self._index_loader, self._webhook, self._polls = settings, index_loader, webhook, polls
        self._clock, self._limits, self._reconcile_interval = clock, limits, reconcile_interval
        self._status_server = StatusServer()
        self._bots: dict[str, _RunningBot] = {}
        self._account_owners: dict[str, str] = {}  # of Telegram, in use -> by whom

    async def run(self, stop: asyncio.Event) -> None:
        """Run until stopped. An error of a bot that is the only one is raised, and ends it."""
        application, stop_task = self._status_server.application, asyncio.create_task(stop.wait())
        try:
            async with run_http_server(
                application, self._settings, webhook=self._webhook, enabled=self._polls
            ) as server_task:
                try:
                    while not stop.is_set():
                        self._reconcile_bots()
                        pending = {stop_task, *(bot.task for bot in self._bots.values())}
                        if self._webhook and server_task is not None:
                            pending.add(server_task)
                        done, _ = await asyncio.wait(
                            pending, timeout=self._reconcile_interval, return_when=asyncio.FIRST_COMPLETED
                        )
                        if server_task in done:
                            raise ConnectionFailed("The web server ended.")
                finally:
                    await self._stop_all()
        finally:
            stop_task.cancel()

    def _reconcile_bots(self) -> None:
        """Start what is to run and does not, and stop what is not to run, or not as it does."""
        wanted = self._list_wanted_bots()
        for name, bot in list(self._bots.items()):
            if bot.task.done():
                del self._bots[name]
                bot.task.result()
            elif wanted.get(name) != bot.settings_version and not bot.stop.is_set():
                log.info("%s %s", name, "has new settings" if name in wanted else "is let go of")
                bot.stop.set()
        for name in wanted.keys() - self._bots.keys():
            stop = asyncio.Event()
            self._bots[name] = _RunningBot(
                wanted[name], asyncio.create_task(self._run_with_restart(name, stop)), stop
            )
        for name in self._status_server.failures.keys() - wanted.keys():
            del self._status_server.failures[name]

    async def _stop_all(self) -> None:
        for bot in self._bots.values():
            bot.stop.set()
        await asyncio.gather(*(bot.task for bot in self._bots.values()), return_exceptions=True)

    def _list_wanted_bots(self) -> dict[str, object]:
        """The names of the bots that are to run, each with what tells a change of its settings."""
        own_name = self._settings.tenant_name
        versions: dict[str, object] = {own_name: own_name} if self._settings.telegram_token is not None else {}
        for name in list_tenant_names(self._settings) if own_name == MAIN_TENANT else ():
            if is_enabled(self._settings, name):
                with suppress(OSError):  # gone since it was listed
                    file_stat = (self._settings.tenants_root / name / SETTINGS_FILE).stat()
                    versions[name] = (file_stat.st_ino, file_stat.st_mtime_ns, file_stat.st_size)
        return versions

    async def _run_with_restart(self, name: str, stop: asyncio.Event) -> None:
        """Run a bot until stopped, again and again where something goes wrong."""
        CURRENT_TENANT.set("" if name == MAIN_TENANT else name)
        failures = 0
        while not stop.is_set():
            started_at = time.monotonic()
            try:
                await self._run_once(name, stop)
                if stop.is_set():
                    return
                raise ConnectionFailed("It ended by itself.")
            except Exception as error:  # whatever it is, it is the end of this bot only
                if name == self._settings.tenant_name and len(self._list_wanted_bots()) == 1:
                    raise
                failures = 0 if time.monotonic() - started_at > MAX_WAIT else failures
                wait = backoff_seconds(failures)
                is_expected = isinstance(error, GwError)
                reason = str(error) if is_expected else type(error).__name__
                log.error(
                    "%s does not run: %s The next try is in %.0f s", name, reason, wait, exc_info=not is_expected
                )
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
            store = await asyncio.to_thread(open_store_from_settings, settings, self._clock)
            try:
                await run_bot(
                    settings,
                    live_index,
                    store,
                    stop,
                    webhook=self._webhook,
                    polls=self._polls,
                    clock=self._clock,
                    limits=self._limits,
                    shared_server=self._status_server,
                )
            finally:
                await asyncio.to_thread(store.close)
        finally:
            del self._account_owners[account]
