"""What the web server is told of a bot: whether it is ready, its numbers; and it takes updates by webhook."""

import logging
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from telegram import Bot

from bot.domain.tenant import MAIN
from bot.errors import StoreUnavailable
from bot.flows.context import Parts
from bot.log import TENANT
from bot.mail.delivery import warn
from bot.pipeline.inbox import Inbox
from bot.pipeline.outbox import Call, Result
from bot.settings import Settings
from bot.store import Outgoing, Store
from bot.web.health import Health
from bot.web.routes import Hook
from bot.web.vitals import Vitals
from index.search.live_index import LiveIndex

log = logging.getLogger(__name__)
TELL_AT = 3  # conflicts after which the operator gets a mail: one or two happen at every change of programs
TELL_AGAIN = 86_400.0  # seconds


class Monitor:
    """Watches a bot. It answers from the start; what is wired later is given to it by `wired`."""

    def __init__(self, settings: Settings, bot: Bot, store: Store, live: LiveIndex) -> None:
        self._settings, self._health = settings, Health(bot, store, live)
        self.vitals = Vitals()
        self.tenant, self.check = settings.tenant, self._health.check
        self.parts: Parts | None = None
        self._inbox: Inbox | None = None
        self._conflicts, self._tell_from = 0, 0.0

    def wired(self, parts: Parts, inbox: Inbox) -> None:
        """From now on updates are taken and the store's numbers shown."""
        self.parts, self._inbox = parts, inbox

    @property
    def hook(self) -> Hook:
        """Where Telegram posts this bot's updates."""
        settings = self._settings
        assert settings.webhook_url is not None
        assert settings.webhook_secret is not None
        path = urlsplit(settings.webhook_url).path or "/"
        return Hook(path, settings.webhook_secret.get_secret_value(), self.receive)

    async def receive(self, updates: Sequence[dict[str, Any]]) -> None:
        """Have updates written down; raises StoreUnavailable where that cannot be done now."""
        if self.tenant != MAIN:
            TENANT.set(self.tenant)  # a request of the web server is nobody's before this
        if self._inbox is None:
            raise StoreUnavailable("the bot is still starting")
        self.vitals.came(int(update["update_id"]) for update in updates)
        await self._inbox.receive(updates)

    def measured(self, call: Call) -> Call:
        """The same calls, counted. Mails are counted with them."""

        async def counted(outgoing: Outgoing) -> Result:
            result = await call(outgoing)
            self.vitals.called(outgoing.chat_id, result)
            return result

        return counted

    async def conflict(self, now: bool) -> None:
        """Another program polls with this token, or no longer does; the operator is told by mail, once a day."""
        self._health.conflict = now
        if not now:
            return
        self.vitals.conflicts.inc()
        self._conflicts += 1
        if self._conflicts >= TELL_AT and time.monotonic() >= self._tell_from:
            self._tell_from = time.monotonic() + TELL_AGAIN
            await warn(self._settings, "two_pollers")
