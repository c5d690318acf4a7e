"""Deliver updates to the bot's webhook: chats in parallel, each chat in order, retried until the answer is 2xx."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world import objects
from bot.sandbox.fake_telegram.world.updates import UpdateQueue, update_chat_id

DISPATCHER_THREADS = 4
DELIVERY_TIMEOUT = 10.0  # seconds for the bot to answer
RETRY_DELAY = 0.05  # seconds; Telegram waits longer


@dataclass
class Webhook:
    """Where updates are delivered, and the last error."""

    url: str = ""
    secret_token: str = ""
    max_connections: int = 40
    last_error: str | None = None
    last_error_date: int | None = None

    def to_json(self, updates: UpdateQueue) -> Json:
        """Return a WebhookInfo object."""
        info = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(updates.pending) + len(updates.redelivered),
        }
        if not self.url:
            return info
        return info | objects.omit_none(
            max_connections=self.max_connections,
            ip_address=urlsplit(self.url).hostname,
            last_error_date=self.last_error_date,
            last_error_message=self.last_error,
            allowed_updates=updates.allowed_kinds or None,
        )


class WebhookDispatcher:
    """A few threads that deliver updates to a webhook until stopped."""

    def __init__(
        self,
        updates: UpdateQueue,
        webhook: Webhook,
        retry_delay: float = RETRY_DELAY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start the threads; ``retry_delay`` and ``clock`` are in seconds."""
        self.updates = updates
        self.webhook = webhook
        self.retry_delay = retry_delay
        self.clock = clock
        self.stopped = False
        self.chats_in_flight: set[int] = set()
        self.retry_times: dict[int, float] = {}
        thread_count = min(DISPATCHER_THREADS, webhook.max_connections)
        self.threads = [threading.Thread(target=self._run_worker, daemon=True) for _ in range(thread_count)]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Send no further updates; deliveries in progress finish."""
        with self.updates.condition:
            self.stopped = True
            self.updates.condition.notify_all()

    def join(self) -> None:
        """Wait for the threads to end."""
        for thread in self.threads:
            thread.join(DELIVERY_TIMEOUT)

    def _run_worker(self) -> None:
        while (update := self._next_update()) is not None:
            error = self._post_update(update)
            with self.updates.condition:
                self._record_outcome(update, error)

    def _next_update(self) -> Json | None:
        """Wait for an update of a chat without a delivery in progress."""
        with self.updates.condition:
            while not self.stopped:
                now = self.clock()  # read once: a delay ending in the loop would let a chat's second update overtake
                for update in [*self.updates.redelivered, *self.updates.pending]:
                    chat_id = update_chat_id(update)
                    if chat_id not in self.chats_in_flight and self.retry_times.get(chat_id, 0) <= now:
                        self.chats_in_flight.add(chat_id)
                        return update
                self.updates.condition.wait(self._next_retry_delay())
            return None

    def _next_retry_delay(self) -> float | None:
        delays = [
            retry_time - self.clock()
            for chat_id, retry_time in self.retry_times.items()
            if chat_id not in self.chats_in_flight
        ]
        return max(min(delays), 0.001) if delays else None

    def _record_outcome(self, update: Json, error: str) -> None:
        chat_id = update_chat_id(update)
        self.chats_in_flight.discard(chat_id)
        self.retry_times.pop(chat_id, None)
        if error:
            self.webhook.last_error, self.webhook.last_error_date = error, int(time.time())
            self.retry_times[chat_id] = self.clock() + self.retry_delay
            self.updates.condition.notify_all()
        else:
            self.updates.mark_delivered(update)

    def _post_update(self, update: Json) -> str:
        """Send an update; return the error, or "" on success."""
        target = urlsplit(self.webhook.url)
        headers = {"Content-Type": "application/json"}
        if self.webhook.secret_token:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.webhook.secret_token
        path = f"{target.path or '/'}{'?' + target.query if target.query else ''}"
        connection = http.client.HTTPConnection(target.hostname or "", target.port or 80, timeout=DELIVERY_TIMEOUT)
        try:
            connection.request("POST", path, json.dumps(update), headers)
            response = connection.getresponse()
            response.read()
        except ConnectionRefusedError:
            return "Connection refused"
        except (OSError, http.client.HTTPException):
            return "Read timeout expired"
        finally:
            connection.close()
        if 200 <= response.status <= 299:
            return ""
        return f"Wrong response from the webhook: {response.status} {response.reason}"
