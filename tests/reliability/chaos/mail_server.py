"""The mail server of the contact: receives the requests that are sent by e-mail, each with the life that sent it."""

import itertools
import socket
from email import message_from_bytes
from types import TracebackType

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.reliability.chaos.ledger import Ledger

EMAIL = "e-mail"  # its name among the effects at which a life may end


class MailServer:
    """Accepts mail; ``received`` lists it in order."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.received: list[tuple[int, str]] = []  # life, Message-ID
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Accept a message; the life may end before it learns so."""
        assert isinstance(envelope.content, bytes)
        self.received.append((self._ledger.life, str(message_from_bytes(envelope.content)["Message-ID"])))
        self._ledger.register_effect(EMAIL)
        return "250 OK"

    def count_mails(self, reference: str) -> tuple[int, int]:
        """Return how many mails about a request came, and how many though the one before must have been recorded."""
        last_in_life = {life: number for number, (life, _) in enumerate(self.received)}
        about_request = [
            (number, life) for number, (life, name) in enumerate(self.received) if f"anfrage-{reference}@" in name
        ]
        duplicates = sum(
            last_in_life[life] != number or life == after
            for (number, life), (_, after) in itertools.pairwise(about_request)
        )
        return len(about_request), duplicates

    def __enter__(self) -> "MailServer":
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._controller.stop()
