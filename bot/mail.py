"""A request for advice as an e-mail, and the way to the mail server."""

import ipaddress
import re
import smtplib
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

from bot.consultation import Reach, Request
from bot.errors import SettingsError
from bot.flows.sides import LANG, ROOM
from bot.hours import local, spoken
from bot.reach import in_ascii
from bot.vcard import vcard
from knowledge.records.contacts import Contact
from prompts.render import label, render
from prompts.telegram_html import to_plain

FORM = "GW_SMTP_URL must look like smtp://user:password@host:587 or smtps://user:password@host:465."
PORTS = {"smtp": 587, "smtps": 465}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ENCODED = "=?"  # begins an encoded word (RFC 2047), which the e-mail library would decode, line breaks and all
_APART = "=\u2060?"  # reads the same


def compose(request: Request, contact: Contact, sender: str, transcript: str) -> EmailMessage:
    """The mail to the contact: as text and HTML, with a vCard and what was said so far.

    Its Message-ID comes from the reference, so that a mail program recognises one that was delivered twice.
    """
    message = _from(sender)
    message["To"] = _address(contact.name, contact.email)
    message["Subject"] = label("mail_subject", ROOM, number=request.reference, who=_line(_who(request)))
    message["Date"] = format_datetime(local(request.created))
    message["Message-ID"] = _message_id("anfrage", request.reference, sender)
    if request.details.reach is Reach.EMAIL:
        message["Reply-To"] = _address(request.name, request.details.address)
    values = {
        "request": request,
        "details": request.details,
        "brief": request.brief,
        "contact": contact,
        "created": spoken(request.created, LANG),
        "promised": spoken(request.promised, LANG) if request.promised else "",
    }
    text = render("mail_text", ROOM, **values)
    message.set_content(to_plain(text))
    message.add_alternative(render("mail", ROOM, title=request.reference, body=text), subtype="html")
    message.add_attachment(vcard(request), subtype="vcard", filename=f"{request.reference}.vcf")
    message.add_attachment(transcript, filename=f"{request.reference}.txt")
    return message


def unpost(reference: str, contact: Contact, sender: str) -> EmailMessage:
    """The mail that asks to delete the mail about a request; mail programs show it beneath that one."""
    message = _from(sender)
    message["To"] = _address(contact.name, contact.email)
    message["Subject"] = label("unpost_subject", ROOM, number=reference)
    message["Message-ID"] = _message_id("loeschen", reference, sender)
    message["In-Reply-To"] = message["References"] = _message_id("anfrage", reference, sender)
    message.set_content(to_plain(render("unpost_text", ROOM, number=reference, contact=contact)))
    return message


def _message_id(what: str, reference: str, sender: str) -> str:
    return f"<{what}-{reference}@{in_ascii(parseaddr(sender)[1]).rpartition('@')[2]}>"


def alarm(operator: str, sender: str, waiting: int) -> EmailMessage:
    """The mail that tells the operator that the bot is no longer in the advisers' chat."""
    return notice("alarm", operator, sender, waiting=waiting)


def notice(template: str, operator: str, sender: str, **values: object) -> EmailMessage:
    """A mail to the operator, by a template and the label that is its subject."""
    message = _from(sender)
    message["To"] = _address("", parseaddr(operator)[1])
    message["Subject"] = label(f"{template}_subject", ROOM)
    message.set_content(to_plain(render(template, ROOM, **values)))
    return message


def _from(sender: str) -> EmailMessage:
    name, address = parseaddr(sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(name or label("mail_sender", ROOM), address)
    return message


class Mailer:
    """Sends by the server of a URL. The connection is encrypted; only to this very machine it may be plain."""

    def __init__(self, url: str, timeout: float = 20.0) -> None:
        """Read the URL; raises SettingsError where it is of another form. ``timeout`` is in seconds."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise SettingsError(FORM) from None
        if parts.scheme not in PORTS or not parts.hostname:
            raise SettingsError(FORM)
        self._tls = parts.scheme == "smtps"
        self._host, self._port, self._timeout = parts.hostname, port or PORTS[parts.scheme], timeout
        self._login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None

    def send(self, message: EmailMessage) -> None:
        """Send a mail; raises OSError or SMTPException if the server does not take it. What it says to the goodbye
        does not matter any more."""
        server = self._connected()
        try:
            server.send_message(message)
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
        finally:
            server.close()

    def check(self) -> None:
        """Connect and log in; raises as `send` does."""
        with self._connected() as server:
            server.noop()

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            if not self._tls:
                server.ehlo()
                if server.has_extn("starttls") or not is_this_machine(self._host):
                    server.starttls(context=context)
            if self._login:
                server.login(*self._login)
        except BaseException:
            server.close()
            raise
        return server


def outcome(error: Exception) -> str | None:
    """Why a mail will never be taken; None if it may be later: then it is tried again.

    A login that fails is mended by the operator, so the mail waits for that.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = {code for code, _ in error.recipients.values()}
        return f"recipient refused ({max(codes)})" if min(codes, default=0) >= 500 else None
    if isinstance(error, smtplib.SMTPResponseException) and not isinstance(error, smtplib.SMTPAuthenticationError):
        return f"refused ({error.smtp_code})" if error.smtp_code >= 500 else None
    return None if isinstance(error, OSError | smtplib.SMTPException) else type(error).__name__


def is_this_machine(host: str) -> bool:
    """Whether a host is reached without leaving this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(name: str, address: str) -> Address:
    return Address(_line(name), addr_spec=in_ascii(address))


def _who(request: Request) -> str:
    return request.details.organisation or request.name


def _line(text: str) -> str:
    """A text for a header: without anything that would begin another one."""
    return _CONTROL.sub(" ", text).strip().replace(_ENCODED, _APART)
