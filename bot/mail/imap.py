"""Read a mailbox by IMAP, with the standard library."""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import unquote, urlsplit

from bot.errors import SettingsError
from bot.mail.smtp import is_loopback_host

IMAP_URL_FORMAT = (
    "GW_IMAP_URL must look like imaps://user:password@host/folder; imap:// is allowed only to this machine."
)
DEFAULT_PORTS = {"imap": 143, "imaps": 993}
IMAP_ERRORS = (OSError, imaplib.IMAP4.error)  # whatever server and network bring; ssl.SSLError is an OSError
SEEN, FLAGGED = r"\Seen", r"\Flagged"
_MONTHS = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]  # of IMAP, whatever the machine's language
_UNQUOTABLE = re.compile(r'["\\\x00-\x1f\x7f-\U0010ffff]')


@dataclass(frozen=True, slots=True)
class MailHead:
    """What is fetched of an e-mail before the rest of it; ``size`` is the whole e-mail's, in bytes."""

    size: int
    headers: bytes
    is_flagged: bool


class ImapMailbox:
    """A folder on the server of a URL. The connection is encrypted, except to this machine if it offers no TLS."""

    def __init__(self, url: str, timeout: float = 20.0) -> None:
        """Parse the URL; raises SettingsError if it is malformed. ``timeout`` is in seconds."""
        try:
            url_parts = urlsplit(url)
            port = url_parts.port
        except ValueError:
            raise SettingsError(IMAP_URL_FORMAT) from None
        host, scheme, folder = url_parts.hostname or "", url_parts.scheme, unquote(url_parts.path.lstrip("/"))
        is_allowed = scheme == "imaps" or (scheme == "imap" and is_loopback_host(host))
        if not is_allowed or not host or not url_parts.username or _UNQUOTABLE.search(folder):
            raise SettingsError(IMAP_URL_FORMAT)
        self._tls, self._host, self._port, self._timeout = (
            scheme == "imaps",
            host,
            port or DEFAULT_PORTS[scheme],
            timeout,
        )
        self._user, self._password = unquote(url_parts.username), unquote(url_parts.password or "")
        self.folder = folder or "INBOX"

    @property
    def name(self) -> str:
        """The identity of the mailbox, without its password."""
        return f"{self._user}@{self._host}:{self._port}/{self.folder}"

    @contextmanager
    def open_session(self) -> "Iterator[ImapSession]":
        """Connect, log in and open the folder. This and what the session does raise `IMAP_ERRORS`."""
        connection = self._connect()
        try:
            self._log_in(connection)
            _require_ok(connection.select(f'"{self.folder}"'))
            yield ImapSession(connection)
        finally:
            with suppress(*IMAP_ERRORS):
                connection.logout()
            with suppress(*IMAP_ERRORS):
                connection.shutdown()

    def _connect(self) -> imaplib.IMAP4:
        context = ssl.create_default_context()
        if self._tls:
            return imaplib.IMAP4_SSL(self._host, self._port, ssl_context=context, timeout=self._timeout)
        connection = imaplib.IMAP4(self._host, self._port, timeout=self._timeout)
        if "STARTTLS" in connection.capabilities:
            connection.starttls(context)
        return connection

    def _log_in(self, connection: imaplib.IMAP4) -> None:
        credentials = f"\0{self._user}\0{self._password}".encode()
        if "AUTH=PLAIN" in connection.capabilities:  # LOGIN takes no umlauts
            _require_ok(connection.authenticate("PLAIN", lambda _: credentials))
            return
        try:
            quoted_user = '"' + self._user.replace("\\", r"\\").replace('"', r"\"") + '"'
            _require_ok(connection.login(quoted_user, self._password))
        except UnicodeEncodeError:
            raise imaplib.IMAP4.error("the server takes no letters but ASCII") from None


class ImapSession:
    """An open folder. Nothing is marked as read but by `add_flag`."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self._connection = connection
        self.uid_validity = self._read_number("UIDVALIDITY")

    def find_last_uid(self) -> int:
        """Return the number of the latest e-mail, or one that is higher; 0 if there was never any."""
        return self._read_number("UIDNEXT") - 1 if self._has("UIDNEXT") else max(self.list_uids(0), default=0)

    def list_uids(self, after: int, since: date | None = None) -> list[int]:
        """Return the numbers of the e-mails above ``after``, in order; ``since`` is the day they arrived or later."""
        period = f" SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}" if since else ""
        rows = _require_ok(self._connection.uid("SEARCH", f"UID {after + 1}:*{period}"))
        numbers = {int(number) for row in rows if row for number in row.split()}
        return sorted(number for number in numbers if number > after)  # n:* always includes the last one

    def fetch_head(self, uid: int) -> MailHead | None:
        """Return the headers and the size of an e-mail; None if it is gone."""
        answer = self._fetch(uid, "(RFC822.SIZE FLAGS BODY.PEEK[HEADER])")
        if answer is None:
            return None
        items, headers = answer
        size = re.search(rb"RFC822\.SIZE (\d+)", items)
        if size is None:
            raise imaplib.IMAP4.error("the server does not say how large an e-mail is")
        return MailHead(int(size[1]), headers, rb"\Flagged" in items)

    def fetch_content(self, uid: int) -> bytes | None:
        """Return a whole e-mail; None if it is gone."""
        answer = self._fetch(uid, "(BODY.PEEK[])")
        return answer[1] if answer else None

    def add_flag(self, uid: int, flag: str) -> None:
        """Flag an e-mail; one that is gone, or a server that does not allow it, is no error."""
        self._connection.uid("STORE", str(uid), "+FLAGS.SILENT", f"({flag})")

    def _fetch(self, uid: int, items: str) -> tuple[bytes, bytes] | None:
        """Return the items around a literal, and the literal."""
        rows: list[Any] = _require_ok(self._connection.uid("FETCH", str(uid), items))
        literal = next((row for row in rows if isinstance(row, tuple)), None)
        if literal is None:
            return None
        around = b" ".join([literal[0], *(row for row in rows if isinstance(row, bytes))])
        return around, literal[1]

    def _has(self, name: str) -> bool:
        return bool(self._connection.untagged_responses.get(name))

    def _read_number(self, name: str) -> int:
        if not self._has(name):
            raise imaplib.IMAP4.error(f"the server does not send {name}")
        number: Any = self._connection.untagged_responses[name][-1]
        return int(number)


def _require_ok(response: tuple[str, Any]) -> list[Any]:
    status, rows = response
    if status != "OK":  # the server's own words may contain an address
        raise imaplib.IMAP4.error("the server refuses")
    return list(rows)
