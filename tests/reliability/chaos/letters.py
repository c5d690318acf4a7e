"""The mail server of the contact: takes requests that go out by e-mail, each with the life that sent it."""

import itertools
import socket
from email import message_from_bytes
from types import TracebackType

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.reliability.chaos.ledger import Ledger

EMAIL = "e-mail"  # its name among the calls at whose effect a life may end


class Letters:
    """What was taken, in order."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.taken: list[tuple[int, str]] = []  # life, Message-ID
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Take a mail; the life may end before it learns so."""
        assert isinstance(envelope.content, bytes)
        self.taken.append((self._ledger.life, str(message_from_bytes(envelope.content)["Message-ID"])))
        self._ledger.struck(EMAIL)
        return "250 OK"

    def of(self, reference: str) -> tuple[int, int]:
        """How many came about a request, and how many of them again although the one before must have been noted."""
        last = {life: number for number, (life, _) in enumerate(self.taken)}
        mine = [(number, life) for number, (life, name) in enumerate(self.taken) if f"anfrage-{reference}@" in name]
        wrong = sum(last[life] != number or life == after for (number, life), (_, after) in itertools.pairwise(mine))
        return len(mine), wrong

    def __enter__(self) -> "Letters":
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._controller.stop()
