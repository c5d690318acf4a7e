"""The one web server of a process, for all its bots."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.domain.tenant import MAIN
from bot.web.metrics import exposition
from bot.web.monitor import Monitor
from bot.web.routes import hook_route, web_app


class Site:
    """Shows bots while they run. ``troubles`` says of others, by name, why they do not."""

    def __init__(self) -> None:
        self.troubles: dict[str, str] = {}
        self._shown: dict[str, Monitor] = {}
        self.application = web_app(self._metrics, self._ready)

    @asynccontextmanager
    async def showing(self, monitor: Monitor, *, webhook: bool) -> AsyncIterator[None]:
        """Show a bot inside the block, and take its updates there where it has a webhook."""
        routes = [hook_route(monitor.hook)] if webhook else []
        self._shown[monitor.tenant] = monitor
        self.troubles.pop(monitor.tenant, None)
        self.application.router.routes += routes
        try:
            yield
        finally:
            del self._shown[monitor.tenant]
            for route in routes:
                self.application.router.routes.remove(route)

    def _metrics(self) -> bytes:
        bots = {tenant: (monitor.vitals, monitor.parts) for tenant, monitor in dict(self._shown).items()}
        running = dict.fromkeys(self.troubles, False) | dict.fromkeys(bots, True)
        return exposition(bots, running)

    async def _ready(self) -> tuple[dict[str, str], bool]:
        """What there is to say of each part of each bot; well where any bot is: the others would not be helped by an
        end of all."""
        shown = dict(self._shown)
        looks = await asyncio.gather(*(monitor.check() for monitor in shown.values()))
        found = {
            part if tenant == MAIN else f"{tenant}.{part}": said
            for tenant, look in zip(shown, looks, strict=True)
            for part, said in look.items()
        }
        well = any(all(said.startswith("ok") for said in look.values()) for look in looks)
        return found | self.troubles, well
