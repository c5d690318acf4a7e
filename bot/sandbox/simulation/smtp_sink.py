"""Receive the bot's e-mails in the sandbox: a real SMTP server on 127.0.0.1."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

SMTP_HOST = "127.0.0.1"
MAIL_FROM = "bot@sandbox.example"
MAX_MAIL_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """An e-mail as shown; ``attachments`` are names, ``files`` their ids, ``date`` is the Unix time of arrival.

    ``answer_to`` is its Message-ID; "" if an answer does not go to the bot.
    """

    to: str
    subject: str
    text: str
    html: str
    attachments: tuple[str, ...]
    date: float
    files: tuple[str, ...] = ()
    answer_to: str = ""


class _ListenerController(Controller):
    """Serves a socket that listens already: a port that was only found free may be taken before it is used."""

    def __init__(self, handler: "SmtpSink", listener: socket.socket) -> None:
        super().__init__(handler, hostname=SMTP_HOST, port=listener.getsockname()[1], data_size_limit=MAX_MAIL_BYTES)
        self._listener = listener

    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listener)


class SmtpSink:
    """Accepts every e-mail; ``on_mail`` is called with its bytes, from another thread."""

    def __init__(self, on_mail: Callable[[bytes], None]) -> None:
        self._on_mail = on_mail
        self._controller: _ListenerController | None = None

    @property
    def url(self) -> str:
        """The address for `GW_SMTP_URL`, once started."""
        assert self._controller is not None
        return f"smtp://{SMTP_HOST}:{self._controller.port}"

    def start(self) -> None:
        """Start listening on a free port."""
        self._controller = _ListenerController(self, socket.create_server((SMTP_HOST, 0)))
        self._controller.start()

    def stop(self) -> None:
        """Stop listening."""
        if self._controller is not None:
            self._controller.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Accept an e-mail."""
        assert isinstance(envelope.content, bytes)
        self._on_mail(envelope.content)
        return "250 OK"


def parse_mail(content: bytes, date: float, store_file: Callable[[str, bytes], str]) -> ReceivedMail:
    """Parse an e-mail as received; ``store_file`` keeps an attachment and returns its id."""
    message = message_from_bytes(content, _class=EmailMessage, policy=default)
    text, html = (_body_text(message, subtype) for subtype in ("plain", "html"))
    parts = [(part.get_filename() or "", _part_content(part)) for part in message.iter_attachments()]
    names, files = tuple(name for name, _ in parts), tuple(store_file(*part) for part in parts)
    is_answerable = parseaddr(str(message["Reply-To"] or ""))[1] == MAIL_FROM
    answer_to = str(message["Message-ID"]) if is_answerable else ""
    return ReceivedMail(str(message["To"]), str(message["Subject"]), text, html, names, date, files, answer_to)


def _part_content(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _body_text(message: EmailMessage, subtype: str) -> str:
    body = message.get_body((subtype,))
    return str(body.get_content()) if body else ""
