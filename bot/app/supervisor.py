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

from bot.app.bootstrap import open_store, run
from bot.app.index_loader import Models
from bot.app.systemd import keep_alive, tell
from bot.app.tenants import ENV, is_enabled, names, tenant_settings
from bot.domain.tenant import MAIN
from bot.errors import ConnectionRefused, GwError, SettingsError
from bot.log import TENANT
from bot.pipeline.rate_limiter import TELEGRAM, Limits
from bot.pipeline.retry import LONGEST_WAIT, backoff, rest
from bot.settings import Settings
from bot.web.server import serving
from bot.web.status_server import Site

log = logging.getLogger(__name__)
LOOK = 5.0  # seconds between two looks at the tenants' folders
THREADS = 32  # for all bots; a bot whose store hangs waits in eight of them at most
OPEN_FILES = 65_536  # wanted: each thread that looks something up has an index' file open


async def serve(settings: Settings, *, webhook: bool, takes: bool = True) -> None:
    """Run the bots until SIGTERM or SIGINT: by webhook, or else by polling, or without taking updates."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.set_default_executor(ThreadPoolExecutor(THREADS, "gwbot"))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, OPEN_FILES) if most > 0 else OPEN_FILES, most))
    models = Models(settings.encoder_dir, settings.cross_encoder_dir)
    fleet = Fleet(settings, models, webhook=webhook, takes=takes)
    tell("READY=1")
    alive = asyncio.create_task(keep_alive())
    try:
        await fleet.run(stop)
    finally:
        alive.cancel()
    log.info("stopped; everything is written down")


@dataclass(slots=True)
class _Bot:
    """A bot at work, by the version of its settings."""

    version: object
    task: "asyncio.Task[None]"
    stop: asyncio.Event = field(default_factory=asyncio.Event)


class Fleet:
    """Runs the bot of the settings and, where it is the installation's own, the enabled tenants beside it.

    Tenants that are added, changed, disabled or enabled are noticed within ``look`` seconds. ``clock`` gives Unix
    time, ``limits`` are those of the Telegram that is called.
    """

    def __init__(
        self,
        settings: Settings,
        models: Models,
        *,
        webhook: bool,
        takes: bool = True,
        clock: Callable[[], float] = time.time,
        limits: Limits = TELEGRAM,
        look: float = LOOK,
    ) -> None:
        self._settings, self._models, self._webhook, self._takes = settings, models, webhook, takes
        self._clock, self._limits, self._look = clock, limits, look
        self._site = Site()
        self._bots: dict[str, _Bot] = {}
        self._accounts: dict[str, str] = {}  # of Telegram, in use -> by whom

    async def run(self, stop: asyncio.Event) -> None:
        """Run until stopped. An error of a bot that is the only one is raised, and ends it."""
        application, stopping = self._site.application, asyncio.create_task(stop.wait())
        try:
            async with serving(application, self._settings, webhook=self._webhook, wanted=self._takes) as server:
                try:
                    while not stop.is_set():
                        self._tend()
                        waited = {stopping, *(bot.task for bot in self._bots.values())}
                        if self._webhook and server is not None:
                            waited.add(server)
                        done, _ = await asyncio.wait(waited, timeout=self._look, return_when=asyncio.FIRST_COMPLETED)
                        if server in done:
                            raise ConnectionRefused("The web server ended.")
                finally:
                    await self._end()
        finally:
            stopping.cancel()

    def _tend(self) -> None:
        """Start what is to run and does not, and stop what is not to run, or not as it does."""
        wanted = self._wanted()
        for name, bot in list(self._bots.items()):
            if bot.task.done():
                del self._bots[name]
                bot.task.result()
            elif wanted.get(name) != bot.version and not bot.stop.is_set():
                log.info("%s %s", name, "has new settings" if name in wanted else "is let go of")
                bot.stop.set()
        for name in wanted.keys() - self._bots.keys():
            stop = asyncio.Event()
            self._bots[name] = _Bot(wanted[name], asyncio.create_task(self._keep(name, stop)), stop)
        for name in self._site.troubles.keys() - wanted.keys():
            del self._site.troubles[name]

    async def _end(self) -> None:
        for bot in self._bots.values():
            bot.stop.set()
        await asyncio.gather(*(bot.task for bot in self._bots.values()), return_exceptions=True)

    def _wanted(self) -> dict[str, object]:
        """The names of the bots that are to run, each with what tells a change of its settings."""
        own = self._settings.tenant
        found: dict[str, object] = {own: own} if self._settings.telegram_token is not None else {}
        for name in names(self._settings) if own == MAIN else ():
            if is_enabled(self._settings, name):
                with suppress(OSError):  # gone since it was listed
                    seen = (self._settings.tenants / name / ENV).stat()
                    found[name] = (seen.st_ino, seen.st_mtime_ns, seen.st_size)
        return found

    async def _keep(self, name: str, stop: asyncio.Event) -> None:
        """Run a bot until stopped, again and again where something goes wrong."""
        TENANT.set("" if name == MAIN else name)
        failures = 0
        while not stop.is_set():
            began = time.monotonic()
            try:
                await self._once(name, stop)
                if stop.is_set():
                    return
                raise ConnectionRefused("It ended by itself.")
            except Exception as error:  # whatever it is, it is the end of this bot only
                if name == self._settings.tenant and len(self._wanted()) == 1:
                    raise
                failures = 0 if time.monotonic() - began > LONGEST_WAIT else failures
                wait = backoff(failures)
                known = isinstance(error, GwError)
                said = str(error) if known else type(error).__name__
                log.error("%s does not run: %s The next try is in %.0f s", name, said, wait, exc_info=not known)
                self._site.troubles[name] = f"does not run ({type(error).__name__})"
            failures += 1
            await rest(stop, wait)

    async def _once(self, name: str, stop: asyncio.Event) -> None:
        settings = self._settings
        if name != settings.tenant:
            settings = await asyncio.to_thread(tenant_settings, settings, name)
        if settings.telegram_token is None:
            raise SettingsError("GW_TELEGRAM_TOKEN is not set.")
        account = settings.telegram_token.get_secret_value().partition(":")[0]
        if (holder := self._accounts.setdefault(account, name)) != name:
            raise SettingsError(f"GW_TELEGRAM_TOKEN is the token of {holder}; each bot needs its own.")
        try:
            live = await asyncio.to_thread(self._models.live, settings)
            store = await asyncio.to_thread(open_store, settings, self._clock)
            try:
                await run(
                    settings,
                    live,
                    store,
                    stop,
                    webhook=self._webhook,
                    takes=self._takes,
                    clock=self._clock,
                    limits=self._limits,
                    site=self._site,
                )
            finally:
                await asyncio.to_thread(store.close)
        finally:
            del self._accounts[account]
