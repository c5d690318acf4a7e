"""The one web server of a process, for all its bots."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.domain.tenant import MAIN_TENANT
from bot.web.metrics import render_metrics
from bot.web.monitor import BotStatus
from bot.web.routes import make_web_app, webhook_route


class StatusServer:
    """Shows bots while they run. ``troubles`` says of others, by name, why they do not."""

    def __init__(self) -> None:
        self.failures: dict[str, str] = {}
        self._statuses: dict[str, BotStatus] = {}
        self.application = make_web_app(self._render_metrics, self._check_readiness)

    @asynccontextmanager
    async def publish_status(self, bot_status: BotStatus, *, webhook: bool) -> AsyncIterator[None]:
        """Show a bot inside the block, and take its updates there where it has a webhook."""
        routes = [webhook_route(bot_status.webhook_endpoint)] if webhook else []
        self._statuses[bot_status.tenant_name] = bot_status
        self.failures.pop(bot_status.tenant_name, None)
        self.application.router.routes += routes
        try:
            yield
        finally:
            del self._statuses[bot_status.tenant_name]
            for route in routes:
                self.application.router.routes.remove(route)

    def _render_metrics(self) -> bytes:
        bots = {
            tenant: (bot_status.metrics, bot_status.services) for tenant, bot_status in dict(self._statuses).items()
        }
        running = dict.fromkeys(self.failures, False) | dict.fromkeys(bots, True)
        return render_metrics(bots, running)

    async def _check_readiness(self) -> tuple[dict[str, str], bool]:
        """What there is to say of each part of each bot; well where any bot is: the others would not be helped by an
        end of all."""
        statuses = dict(self._statuses)
        results = await asyncio.gather(*(bot_status.check_health() for bot_status in statuses.values()))
        details = {
            part if tenant == MAIN_TENANT else f"{tenant}.{part}": status_text
            for tenant, result in zip(statuses, results, strict=True)
            for part, status_text in result.items()
        }
        is_ready = any(all(status_text.startswith("ok") for status_text in result.values()) for result in results)
        return details | self.failures, is_ready
