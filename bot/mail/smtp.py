"""Send e-mails by SMTP, and classify the errors."""

import ipaddress
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from bot.errors import SettingsError

SMTP_URL_FORMAT = "GW_SMTP_URL must look like smtp://user:password@host:587 or smtps://user:password@host:465."
DEFAULT_PORTS = {"smtp": 587, "smtps": 465}


class Mailer:
    """Sends through the server of a URL. The connection is encrypted, except to this machine if it offers no TLS."""

    def __init__(self, url: str, timeout: float = 20.0) -> None:
        """Parse the URL; raises SettingsError if it is malformed. ``timeout`` is in seconds."""
        try:
            url_parts = urlsplit(url)
            port = url_parts.port
        except ValueError:
            raise SettingsError(SMTP_URL_FORMAT) from None
        if url_parts.scheme not in DEFAULT_PORTS or not url_parts.hostname:
            raise SettingsError(SMTP_URL_FORMAT)
        self._tls = url_parts.scheme == "smtps"
        self._host, self._port, self._timeout = url_parts.hostname, port or DEFAULT_PORTS[url_parts.scheme], timeout
        self._login = (unquote(url_parts.username), unquote(url_parts.password or "")) if url_parts.username else None

    def send(self, message: EmailMessage) -> None:
        """Send an e-mail; raises OSError or SMTPException if the server does not accept it."""
        server = self._open_connection()
        try:
            server.send_message(message)
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
        finally:
            server.close()

    def check_login(self) -> None:
        """Connect and log in; raises like `send`."""
        with self._open_connection() as server:
            server.noop()

    def _open_connection(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            if not self._tls:
                server.ehlo()
                if server.has_extn("starttls") or not is_loopback_host(self._host):
                    server.starttls(context=context)
            if self._login:
                server.login(*self._login)
        except BaseException:
            server.close()
            raise
        return server


def permanent_failure(error: Exception) -> str | None:
    """Return why an e-mail will never be accepted; None if a retry may succeed.

    A failed login is temporary, since the operator will fix it.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = {code for code, _ in error.recipients.values()}
        return f"recipient refused ({max(codes)})" if min(codes, default=0) >= 500 else None
    if isinstance(error, smtplib.SMTPResponseException) and not isinstance(error, smtplib.SMTPAuthenticationError):
        return f"refused ({error.smtp_code})" if error.smtp_code >= 500 else None
    return None if isinstance(error, OSError | smtplib.SMTPException) else type(error).__name__


def is_loopback_host(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
