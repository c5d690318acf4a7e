"""The whole bot with advisers and a mail server, attacked over HTTP."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import TypeVar

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import SecretStr

from bot.app.bootstrap import BotRuntime, open_store_from_settings, run_bot
from bot.pipeline.rate_limiter import NO_LIMITS
from bot.sandbox.fake_telegram import FakeTelegram, Group, MessageView, User
from bot.sandbox.fake_telegram.world.objects import text_and_entities
from bot.settings import Settings
from bot.store import Store
from index.search.live_index import LiveIndex

T = TypeVar("T")
WAIT_TIMEOUT = 30.0  # seconds; generous, because a busy machine is not an attack
STORE_CHECK_INTERVAL = 0.02  # seconds after which the store is checked again


class MailServer:
    """A mail server that keeps the messages it receives, with their recipients."""

    def __init__(self) -> None:
        self.received: list[tuple[list[str], bytes]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Accept a message."""
        assert isinstance(envelope.content, bytes)
        self.received.append(([str(recipient) for recipient in envelope.rcpt_tos], envelope.content))
        return "250 OK"

    def find_mail(self, reference: str) -> tuple[list[str], EmailMessage] | None:
        """Return the recipients and the mail about a request, or None if it has not arrived."""
        for recipients, content in self.received:
            if f"anfrage-{reference}@".encode() in content:
                return recipients, message_from_bytes(content, _class=EmailMessage, policy=default)
        return None


class RunningBot:
    """The bot in its own thread, with a fake Telegram, the adviser chat and a mail server."""

    def __init__(self, fake_telegram: FakeTelegram, live: LiveIndex, folder: Path) -> None:
        self.fake_telegram, self.mail_server = fake_telegram, MailServer()
        self.bea = fake_telegram.add_user("Bea", language_code="de")
        self.forum = fake_telegram.add_group("Beratung", [self.bea], forum=True, bot_is_admin=True)
        port = free_port()
        self._mails = Controller(self.mail_server, hostname="127.0.0.1", port=port, data_size_limit=5_000_000)
        self.settings = Settings(
            telegram_token=SecretStr(fake_telegram.token),
            telegram_api_url=fake_telegram.url,
            data_dir=folder,
            adviser_chat_id=self.forum.id,
            smtp_url=SecretStr(f"smtp://127.0.0.1:{port}"),
            mail_from="bot@example.org",
            _env_file=None,
        )
        self._live, self._loop = live, asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run)
        self.store: Store = open_store_from_settings(self.settings)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with closing(open_store_from_settings(self.settings)) as store:
            self._loop.run_until_complete(
                run_bot(BotRuntime(self.settings, self._live, store, limits=NO_LIMITS), self._stop)
            )
        self._loop.close()

    def __enter__(self) -> "RunningBot":
        self._mails.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._mails.stop()
        self.store.close()

    def add_person(self, name: str = "Ada", language: str = "de") -> User:
        """Add a user."""
        return self.fake_telegram.add_user(name, language_code=language, started=True)

    def until(self, condition: Callable[[], T]) -> T:
        """Wait for a condition, which may depend on the store: the fake Telegram does not see its changes."""
        deadline = time.monotonic() + WAIT_TIMEOUT
        world = self.fake_telegram.world
        with world.condition:
            while not (value := condition()):
                if not world.condition.wait(STORE_CHECK_INTERVAL) and time.monotonic() > deadline:
                    raise TimeoutError(f"condition not met within {WAIT_TIMEOUT} s")
            return value

    def wait_for_text(
        self, where: User | Group, text: str, thread: int | None = None, *, edited: bool = False
    ) -> MessageView:
        """Wait for a message of the bot that contains this text; return the newest."""
        chat = self.fake_telegram.world.chats[where.id]

        def newest_match() -> MessageView | None:
            for message in reversed(chat.messages.values()):
                from_bot = message.sender is self.fake_telegram.bot and thread in (None, message.thread_id)
                if from_bot and (message.edit_date or not edited) and text in text_and_entities(message.content)[0]:
                    return message.to_view()
            return None

        match = self.until(newest_match)
        assert match is not None
        return match

    def send_text(self, person: User, text: str, count: int = 1) -> MessageView:
        """Send a text and wait for the reply."""
        person.send_text(text)
        return person.wait_for_reply_sync(count=count, timeout=WAIT_TIMEOUT)

    def tap_button(self, person: User, label: str, count: int = 1) -> MessageView:
        """Tap a button and wait for what follows."""
        return person.wait_for_reply_sync(person.tap_button(label), count=count, timeout=WAIT_TIMEOUT)

    def request(
        self, person: User, concern: str = "Wir suchen Partner.", fields: str = "", address: str = "", times: str = ""
    ) -> str:
        """Send a request, with ``fields`` in every optional field but the times of a call; return its reference."""
        self.send_text(person, "/beratung")
        if "So lassen" in self.send_text(person, concern).button_labels:  # a bare word is asked for once more
            self.tap_button(person, "So lassen")
        self._optional(person, fields)
        self.tap_button(person, "Verein oder NPO")
        self._optional(person, fields)
        if address:
            self.send_text(person, address)
        else:
            self.tap_button(person, "Hier bei Telegram")
        if times:  # they are asked only below a telephone number
            self.send_text(person, times)
        self.tap_button(person, "Ja, so weitergeben", count=2)
        sent = self.wait_for_text(person, "hat die Nummer")
        return next(word for word in sent.text.split() if re.fullmatch(r"[A-Z2-9]{4}-[A-Z2-9]{4}", word))

    def _optional(self, person: User, text: str) -> None:
        if text:
            self.send_text(person, text)
        else:
            self.tap_button(person, "Überspringen")

    def card(self, reference: str) -> MessageView:
        """Wait for the card of a request."""
        return self.wait_for_text(self.forum, f"Anfrage {reference}")


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def bot(live: LiveIndex, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBot]:
    """A running bot; afterwards no call may have violated the Bot API's rules, and the bot must still answer."""
    folder = tmp_path_factory.mktemp("whole")
    with FakeTelegram() as fake_telegram, RunningBot(fake_telegram, live, folder) as bot:
        yield bot
        assert fake_telegram.violations == []
        assert "Aus der Fachliteratur" in bot.send_text(bot.add_person("Zeugin"), "Was ist Collective Impact?").text
