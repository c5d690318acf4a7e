"""Where the bot's e-mails go in the sandbox: a real SMTP server on this machine that keeps what it takes."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
LARGEST = 5_000_000  # bytes of a mail


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it is shown; ``attachments`` are file names."""

    to: str
    subject: str
    text: str
    html: str
    attachments: tuple[str, ...]
    date: float


class Mailbox:
    """Takes every mail. ``arrived`` is called with each, from another thread."""

    def __init__(self, arrived: Callable[[Mail], None]) -> None:
        self._arrived = arrived
        self._port = _free_port()
        self._controller = Controller(self, hostname=HOST, port=self._port, data_size_limit=LARGEST)

    @property
    def url(self) -> str:
        """The address for `GW_SMTP_URL`."""
        return f"smtp://{HOST}:{self._port}"

    def start(self) -> None:
        """Listen."""
        self._controller.start()

    def stop(self) -> None:
        """Listen no more."""
        self._controller.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Take a mail."""
        assert isinstance(envelope.content, bytes)
        self._arrived(read(envelope.content))
        return "250 OK"


def read(content: bytes) -> Mail:
    """A mail as it came over the line."""
    message = message_from_bytes(content, _class=EmailMessage, policy=default)
    text, html = (_body(message, kind) for kind in ("plain", "html"))
    names = tuple(part.get_filename() or "" for part in message.iter_attachments())
    return Mail(str(message["To"]), str(message["Subject"]), text, html, names, time.time())


def _body(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    return str(found.get_content()) if found else ""


def _free_port() -> int:
    """A port that nobody listens on; aiosmtpd cannot choose one itself."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
