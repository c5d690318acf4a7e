"""Readiness and metrics of all the bots of a process, as the web server reports them."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from bot.errors import StoreUnavailable
from bot.flows.context import Services
from bot.log import CURRENT_TENANT
from bot.mail.delivery import warn_operator
from bot.pipeline.inbox import Inbox
from bot.settings import Settings
from bot.store.records import MAIN_TENANT
from bot.web.health import STATUS_OK, HealthCheck
from bot.web.metrics import ProcessMetrics, render_metrics
from bot.web.routes import WebhookEndpoint, make_web_app, webhook_route

CONFLICTS_BEFORE_ALERT = 3  # one or two happen whenever one program replaces another
ALERT_INTERVAL = 86_400.0  # seconds between two e-mails to the operator


class BotStatus:
    """The health and the metrics of one bot, which its parts report to.

    Before `attach_services`, webhook updates are refused and metrics of the store are missing.
    """

    def __init__(self, settings: Settings, health: HealthCheck) -> None:
        self.tenant_name, self.health, self.metrics = settings.tenant_name, health, ProcessMetrics()
        self.services: Services | None = None
        self._settings, self._next_alert = settings, 0.0
        self._inbox: Inbox | None = None

    def attach_services(self, services: Services, inbox: Inbox) -> None:
        """Start to accept webhook updates and to report metrics of the store."""
        self.services, self._inbox = services, inbox

    @property
    def webhook_endpoint(self) -> WebhookEndpoint:
        """The endpoint that Telegram posts this bot's updates to."""
        settings = self._settings
        assert settings.webhook_url is not None
        assert settings.webhook_secret is not None
        path = urlsplit(settings.webhook_url).path or "/"
        return WebhookEndpoint(path, settings.webhook_secret.get_secret_value(), self._receive_posted)

    async def _receive_posted(self, updates: Sequence[dict[str, Any]]) -> None:
        if self.tenant_name != MAIN_TENANT:
            CURRENT_TENANT.set(self.tenant_name)  # the web server's tasks belong to no tenant
        if self._inbox is None:
            raise StoreUnavailable("the bot is still starting")
        await self._inbox.receive_updates(updates)

    async def on_conflict(self, is_conflict: bool) -> None:
        """Note whether another program polls with this token; if so, e-mail the operator at most once a day."""
        self.health.has_conflict = is_conflict
        if not is_conflict:
            return
        conflict_count = self.metrics.count_conflict()
        if conflict_count >= CONFLICTS_BEFORE_ALERT and time.monotonic() >= self._next_alert:
            self._next_alert = time.monotonic() + ALERT_INTERVAL
            await warn_operator(self._settings, "two_pollers")


class StatusServer:
    """The web pages about all the bots of a process; the caller serves ``application``.

    ``failures`` maps the name of each bot that does not run to the reason.
    """

    def __init__(self) -> None:
        self.failures: dict[str, str] = {}
        self._statuses: dict[str, BotStatus] = {}
        self.application = make_web_app(self._render_metrics, self._check_readiness)

    @contextmanager
    def publish_status(self, bot_status: BotStatus, *, webhook: bool) -> Iterator[None]:
        """Report on a bot inside the block, and accept its updates if it has a webhook."""
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
        bots = {tenant: (status.metrics, status.services) for tenant, status in dict(self._statuses).items()}
        running = dict.fromkeys(self.failures, False) | dict.fromkeys(bots, True)
        return render_metrics(bots, running)

    async def _check_readiness(self) -> tuple[dict[str, str], bool]:
        """Return the state of each part of each bot, and whether any bot is healthy.

        Restarting a process in which only some bots are unhealthy would not help the others.
        """
        statuses = dict(self._statuses)
        results = await asyncio.gather(*(status.health.check_all() for status in statuses.values()))
        details = {
            part if tenant == MAIN_TENANT else f"{tenant}.{part}": text
            for tenant, result in zip(statuses, results, strict=True)
            for part, text in result.items()
        }
        is_ready = any(all(text.startswith(STATUS_OK) for text in result.values()) for result in results)
        return details | self.failures, is_ready
