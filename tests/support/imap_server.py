"""A strict IMAP server (RFC 9051, what the bot needs of it) with one folder, on this machine."""

import base64
import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

USER, PASSWORD = "antwort@example.org", "gehe/im"
_FETCH_ITEMS = ("RFC822.SIZE", "FLAGS", "BODY.PEEK[HEADER]", "BODY.PEEK[]")


@dataclass
class StoredMail:
    """An e-mail in the folder; ``size`` is what the server says, if it is not the truth."""

    content: bytes
    flags: set[str] = field(default_factory=set)
    size: int | None = None


@dataclass
class ImapFolder:
    """What the server has, and what was asked of it.

    Attributes:
        mails: by UID.
        log: the commands, without tags, credentials and literals.
        dies_at: the command, as a regular expression, at which the server closes the connection, once.
        vanishes_at: the command before which all e-mails are deleted by somebody else.
    """

    mails: dict[int, StoredMail] = field(default_factory=dict)
    uid_validity: int = 1_764_000_000
    next_uid: int = 1
    log: list[str] = field(default_factory=list)
    dies_at: str = ""
    vanishes_at: str = ""

    def deliver(self, content: bytes, size: int | None = None) -> int:
        """Put an e-mail into the folder; return its UID."""
        self.mails[self.next_uid] = StoredMail(content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), size=size)
        self.next_uid += 1
        return self.next_uid - 1

    def rebuild(self) -> None:
        """Number the e-mails anew, as a server does after its index was lost."""
        mails = list(self.mails.values())
        self.uid_validity, self.mails, self.next_uid = (
            self.uid_validity + 1,
            dict(enumerate(mails, 1)),
            len(mails) + 1,
        )


class _Session(socketserver.StreamRequestHandler):
    server: "_Server"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.is_logged_in = self.is_selected = False
        self._send("* OK ready")
        while line := self.rfile.readline(8_000):
            if not line.endswith(b"\r\n"):
                return self._send("* BAD line too long")
            tag, _, command = line[:-2].decode("ascii").partition(" ")
            folder, name = self.server.folder, command.split(" ")[0].upper()
            folder.log.append(name if name in ("LOGIN", "AUTHENTICATE") else command)
            if folder.vanishes_at and re.search(folder.vanishes_at, command):
                folder.mails.clear()
            if folder.dies_at and re.search(folder.dies_at, command):
                folder.dies_at = ""
                return None
            self._send(f"{tag} {self._answer(name, command)}")
            if name == "LOGOUT":
                return None
        return None

    def _answer(self, name: str, command: str) -> str:
        match name:
            case "CAPABILITY":
                self._send(f"* CAPABILITY IMAP4rev1 {self.server.capabilities}".rstrip())
            case "LOGOUT":
                self._send("* BYE")
            case "LOGIN":
                given = re.fullmatch(r'LOGIN "(.*)" "(.*)"', command)
                return self._log_in(*(given.groups() if given else ("", "")))
            case "AUTHENTICATE":
                self._send("+ ")
                _, user, password = base64.b64decode(self.rfile.readline()).decode().split("\0")
                return self._log_in(user, password)
            case "SELECT" if self.is_logged_in:
                return self._select(command)
            case "UID" if self.is_selected:
                return self._answer_uid(command.removeprefix("UID "))
            case _:
                return "BAD command not known, or not now"
        return "OK done"

    def _log_in(self, user: str, password: str) -> str:
        self.is_logged_in = (user, password) == (USER, PASSWORD)
        return "OK logged in" if self.is_logged_in else "NO [AUTHENTICATIONFAILED] wrong"

    def _select(self, command: str) -> str:
        if command != 'SELECT "Antworten"':
            return "NO no such folder"
        self.is_selected, folder = True, self.server.folder
        self._send(f"* {len(folder.mails)} EXISTS")
        self._send(f"* OK [UIDVALIDITY {folder.uid_validity}] valid")
        self._send(f"* OK [UIDNEXT {folder.next_uid}] next")
        return "OK [READ-WRITE] selected"

    def _answer_uid(self, command: str) -> str:
        folder = self.server.folder
        if search := re.fullmatch(r"SEARCH UID (\d+):\*( SINCE \d{1,2}-[A-Z][a-z]{2}-\d{4})?", command):
            last = max(folder.mails, default=0)
            uids = [uid for uid in folder.mails if uid >= int(search[1]) or uid == last]
            self._send(" ".join(["* SEARCH", *map(str, uids)]))
            return "OK done"
        if fetch := re.fullmatch(r"FETCH (\d+) \((.*)\)", command):
            return self._fetch(int(fetch[1]), fetch[2].split(" "))
        if store := re.fullmatch(r"STORE (\d+) \+FLAGS\.SILENT \((\\(?:Seen|Flagged))\)", command):
            if int(store[1]) in folder.mails:
                folder.mails[int(store[1])].flags.add(store[2])
            return "OK done"
        return "BAD command not known"

    def _fetch(self, uid: int, items: list[str]) -> str:
        if unknown := set(items).difference(_FETCH_ITEMS):
            return f"BAD {unknown}"
        mail = self.server.folder.mails.get(uid)
        if mail is None:
            return "OK nothing"
        size = len(mail.content) if mail.size is None else mail.size
        values = {"RFC822.SIZE": f" {size}", "FLAGS": f" ({' '.join(mail.flags)})"}
        parts = [f"{item}{values[item]}".encode() for item in items if item in values]
        for item in items:
            if item.startswith("BODY"):
                end = mail.content.find(b"\r\n\r\n") + 4
                literal = mail.content[:end] if "HEADER" in item else mail.content
                parts.append(item.replace(".PEEK", "").encode() + b" {%d}\r\n" % len(literal) + literal)
        self.wfile.write(b"* 1 FETCH (UID %d " % uid + b" ".join(parts) + b")\r\n")
        return "OK done"

    def _send(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True

    def __init__(self, folder: ImapFolder, capabilities: str, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.folder, self.capabilities = folder, capabilities
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up."""


@contextmanager
def serve_imap(
    folder: ImapFolder, capabilities: str = "AUTH=PLAIN", context: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Serve a folder in another thread; yield its URL for `GW_IMAP_URL`."""
    with _Server(folder, capabilities, context) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            scheme = "imaps" if context else "imap"
            yield f"{scheme}://antwort%40example.org:gehe%2Fim@127.0.0.1:{server.server_address[1]}/Antworten"
        finally:
            server.shutdown()
