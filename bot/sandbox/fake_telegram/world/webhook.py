"""Pushes updates to the bot's webhook: chats side by side, one chat in order, again until it says 2xx."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.fake_telegram.world import objects
from bot.sandbox.fake_telegram.world.updates import Updates, chat_of

Json = dict[str, Any]

SENDERS = 4
PATIENCE = 10.0  # seconds for the bot to answer


@dataclass
class Webhook:
    """Where updates go, and the last thing that went wrong."""

    url: str = ""
    secret: str = ""
    max_connections: int = 40
    error: str | None = None
    error_date: int | None = None

    def to_json(self, updates: Updates) -> Json:
        """A WebhookInfo object."""
        info = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(updates.pending) + len(updates.again),
        }
        if not self.url:
            return info
        return info | objects.compact(
            max_connections=self.max_connections,
            ip_address=urlsplit(self.url).hostname,
            last_error_date=self.error_date,
            last_error_message=self.error,
            allowed_updates=updates.allowed or None,
        )


class Pusher:
    """A few threads that carry updates to one webhook until it is removed."""

    def __init__(
        self, updates: Updates, webhook: Webhook, retry_delay: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``retry_delay`` and ``clock`` are in seconds."""
        self.updates = updates
        self.webhook = webhook
        self.retry_delay = retry_delay
        self.clock = clock
        self.stopped = False
        self.under_way: set[int] = set()
        self.resting: dict[int, float] = {}
        count = min(SENDERS, webhook.max_connections)
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """No further update is sent; one under way is let finish."""
        with self.updates.condition:
            self.stopped = True
            self.updates.condition.notify_all()

    def join(self) -> None:
        """Wait for the threads to end."""
        for thread in self.threads:
            thread.join(PATIENCE)

    def _run(self) -> None:
        while (update := self._next()) is not None:
            error = self._post(update)
            with self.updates.condition:
                self._settle(update, error)

    def _next(self) -> Json | None:
        """Wait for an update of a chat that has none under way."""
        with self.updates.condition:
            while not self.stopped:
                now = self.clock()  # once: a rest that ended on the way would let a chat's second update go first
                for update in [*self.updates.again, *self.updates.pending]:
                    chat = chat_of(update)
                    if chat not in self.under_way and self.resting.get(chat, 0) <= now:
                        self.under_way.add(chat)
                        return update
                self.updates.condition.wait(self._shortest_rest())
            return None

    def _shortest_rest(self) -> float | None:
        rests = [until - self.clock() for chat, until in self.resting.items() if chat not in self.under_way]
        return max(min(rests), 0.001) if rests else None

    def _settle(self, update: Json, error: str) -> None:
        chat = chat_of(update)
        self.under_way.discard(chat)
        self.resting.pop(chat, None)
        if error:
            self.webhook.error, self.webhook.error_date = error, objects.now()
            self.resting[chat] = self.clock() + self.retry_delay
            self.updates.condition.notify_all()
        else:
            self.updates.done(update)

    def _post(self, update: Json) -> str:
        """Send one update; what went wrong, or nothing."""
        target = urlsplit(self.webhook.url)
        headers = {"Content-Type": "application/json"}
        if self.webhook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.webhook.secret
        path = f"{target.path or '/'}{'?' + target.query if target.query else ''}"
        connection = http.client.HTTPConnection(target.hostname or "", target.port or 80, timeout=PATIENCE)
        try:
            connection.request("POST", path, json.dumps(update), headers)
            answer = connection.getresponse()
            answer.read()
        except ConnectionRefusedError:
            return "Connection refused"
        except (OSError, http.client.HTTPException):
            return "Read timeout expired"
        finally:
            connection.close()
        if 200 <= answer.status <= 299:
            return ""
        return f"Wrong response from the webhook: {answer.status} {answer.reason}"
