"""The mailbox that the bot reads in the sandbox: advisers' answers to its e-mails, in memory, not on a server."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date

from bot.mail.imap import MailHead


class SandboxMailbox:
    """A folder, and a session of it at the same time: what the bot expects of a mail server."""

    name = "sandbox"

    def __init__(self) -> None:
        self.uid_validity = int(time.time())
        self._mails: dict[int, bytes] = {}
        self._last_uid = 0
        self._arrival: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def deliver(self, content: bytes) -> None:
        """Put an e-mail into the folder; may be called from any thread."""
        self._mails[self._last_uid + 1] = content
        self._last_uid += 1
        if self._loop and self._arrival:
            self._loop.call_soon_threadsafe(self._arrival.set)

    def clear(self) -> None:
        """Delete all e-mails; later ones get higher numbers."""
        self._mails.clear()

    async def wait(self, seconds: float) -> None:
        """Wait for this long, or until an e-mail arrives."""
        self._loop, self._arrival = asyncio.get_running_loop(), self._arrival or asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._arrival.wait()
        self._arrival.clear()

    @contextmanager
    def open_session(self) -> "Iterator[SandboxMailbox]":
        """Return the folder itself."""
        yield self

    def find_last_uid(self) -> int:
        """Return the number of the latest e-mail."""
        return self._last_uid

    def list_uids(self, after: int, since: date | None = None) -> list[int]:
        """Return the numbers of the e-mails above ``after``."""
        return [uid for uid in list(self._mails) if uid > after]

    def fetch_head(self, uid: int) -> MailHead | None:
        """Return the headers and the size of an e-mail; None if it is gone."""
        content = self._mails.get(uid)
        if content is None:
            return None
        return MailHead(len(content), content.partition(b"\n\n")[0] + b"\n\n", is_flagged=False)

    def fetch_content(self, uid: int) -> bytes | None:
        """Return a whole e-mail; None if it is gone."""
        return self._mails.get(uid)

    def add_flag(self, uid: int, flag: str) -> None:
        """Do nothing: nobody looks at flags here."""
