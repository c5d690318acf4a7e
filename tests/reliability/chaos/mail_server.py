"""A mail server for the requests that the bot sends by e-mail."""

import itertools
import socket
from email import message_from_bytes
from types import TracebackType

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.reliability.chaos.ledger import Ledger

EMAIL = "e-mail"  # counts as an effect of this name, so a life may be killed at it


class MailServer:
    """Accepts e-mails inside the block, and notes for each the life that sent it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.accepted: list[tuple[int, str]] = []  # life and Message-ID, in order of arrival
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Accept an e-mail; the bot may be killed before it learns that."""
        assert isinstance(envelope.content, bytes)
        self.accepted.append((self._ledger.life, str(message_from_bytes(envelope.content)["Message-ID"])))
        self._ledger.count_effect(EMAIL)
        return "250 OK"

    def count_emails(self, reference: str) -> tuple[int, int]:
        """Return how many e-mails arrived about a request, and how many of them repeat another one without need.

        There was no need if the earlier one must have been recorded as sent: its life went on to send another e-mail.
        """
        last = {life: number for number, (life, _) in enumerate(self.accepted)}
        emails = [
            (number, life) for number, (life, name) in enumerate(self.accepted) if f"anfrage-{reference}@" in name
        ]
        needless = sum(
            last[life] != number or life == next_life for (number, life), (_, next_life) in itertools.pairwise(emails)
        )
        return len(emails), needless

    def __enter__(self) -> "MailServer":
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._controller.stop()
