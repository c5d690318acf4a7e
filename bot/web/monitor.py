"""What the web server is told of a bot: whether it is ready, its numbers; and it takes updates by webhook."""

import logging
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from telegram import Bot

from bot.domain.tenant import MAIN_TENANT
from bot.errors import StoreUnavailable
from bot.flows.context import Services
from bot.log import CURRENT_TENANT
from bot.mail.delivery import warn_operator
from bot.pipeline.inbox import Inbox
from bot.settings import Settings
from bot.store import Store
from bot.web.health import HealthCheck
from bot.web.routes import WebhookEndpoint
from bot.web.vitals import ProcessMetrics
from index.search.live_index import LiveIndex

log = logging.getLogger(__name__)
CONFLICTS_BEFORE_ALERT = (
    3  # conflicts after which the operator gets a mail: one or two happen at every change of programs
)
ALERT_INTERVAL = 86_400.0  # seconds


class BotStatus:
    """Watches a bot. It answers from the start; what is wired later is given to it by `wired`."""

    def __init__(self, settings: Settings, bot: Bot, store: Store, live: LiveIndex) -> None:
        self._settings, self._health = settings, HealthCheck(bot, store, live)
        self.metrics = ProcessMetrics()
        self.tenant_name, self.check_health = settings.tenant_name, self._health.check_all
        self.services: Services | None = None
        self._inbox: Inbox | None = None
        self._conflict_count, self._next_alert = 0, 0.0

    def attach_services(self, services: Services, inbox: Inbox) -> None:
        """From now on updates are taken and the store's numbers shown."""
        self.services, self._inbox = services, inbox

    @property
    def webhook_endpoint(self) -> WebhookEndpoint:
        """Where Telegram posts this bot's updates."""
        settings = self._settings
        assert settings.webhook_url is not None
        assert settings.webhook_secret is not None
        path = urlsplit(settings.webhook_url).path or "/"
        return WebhookEndpoint(path, settings.webhook_secret.get_secret_value(), self.receive_updates)

    async def receive_updates(self, updates: Sequence[dict[str, Any]]) -> None:
        """Have updates written down; raises StoreUnavailable where that cannot be done now."""
        if self.tenant_name != MAIN_TENANT:
            CURRENT_TENANT.set(self.tenant_name)  # a request of the web server is nobody's before this
        if self._inbox is None:
            raise StoreUnavailable("the bot is still starting")
        self.metrics.record_arrivals(int(update["update_id"]) for update in updates)
        await self._inbox.receive_updates(updates)

    async def report_conflict(self, is_conflict: bool) -> None:
        """Another program polls with this token, or no longer does; the operator is told by mail, once a day."""
        self._health.has_conflict = is_conflict
        if not is_conflict:
            return
        self.metrics.poll_conflicts.inc()
        self._conflict_count += 1
        if self._conflict_count >= CONFLICTS_BEFORE_ALERT and time.monotonic() >= self._next_alert:
            self._next_alert = time.monotonic() + ALERT_INTERVAL
            await warn_operator(self._settings, "two_pollers")
