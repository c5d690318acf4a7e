"""Receive answers to requests' e-mails: each becomes an update in the inbox, once, and is handled at once, in order.

An update's number derives from the e-mail's Message-ID, so an e-mail that was delivered twice, or is found again
after a crash or after its mailbox was rebuilt, is the same update. Reasons: docs/decisions/0022-mail-replies.md.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Protocol

from bot.domain.consultation import RequestStatus
from bot.domain.mail_answer import MailAnswer, Mailbox, MailFinding
from bot.errors import StoreError
from bot.flows.context import Services
from bot.flows.relay.mail_answers import record_progress
from bot.mail.imap import FLAGGED, IMAP_ERRORS, SEEN, ImapMailbox, MailHead
from bot.mail.received_mail import MailHeaders, read_content, read_headers
from bot.mail.reply_address import ReplySigner, make_reply_signer, parse_mailbox
from bot.pipeline.api_calls import calls_without_event
from bot.pipeline.mail_handler import MAIL_ADAPTER, MAIL_KEY, handle_mail
from bot.settings import Settings
from prompts.dates import to_local_time

log = logging.getLogger(__name__)
CHECK_INTERVAL = 60.0  # seconds
MAX_MAILS = 50  # looked at in one check
MAX_MAIL_BYTES = 20_000_000  # larger ones are not fetched
MAX_DAYS = 14  # for which a mailbox is read again after it was rebuilt
_MAX_WAIT_DOUBLINGS = 3  # eight minutes


class MailSession(Protocol):
    """An open mailbox, as `ImapSession` is."""

    uid_validity: int

    def find_last_uid(self) -> int:
        """Return the number of the latest e-mail, or one that is higher."""

    def list_uids(self, after: int, since: date | None = None) -> list[int]:
        """Return the numbers of the e-mails above ``after``, in order."""

    def fetch_head(self, uid: int) -> MailHead | None:
        """Return the headers and the size of an e-mail; None if it is gone."""

    def fetch_content(self, uid: int) -> bytes | None:
        """Return a whole e-mail; None if it is gone."""

    def add_flag(self, uid: int, flag: str) -> None:
        """Flag an e-mail."""


class MailSource(Protocol):
    """A mailbox that can be opened, as `ImapMailbox` is."""

    @property
    def name(self) -> str:
        """Its identity."""

    def open_session(self) -> AbstractContextManager[MailSession]:
        """Open it; this and what the session does raise only `IMAP_ERRORS`."""


@dataclass(frozen=True, slots=True)
class MailReceiver:
    """Reads a mailbox.

    Attributes:
        adviser_names: the addresses from which advisers answer, with a name if it is known.
        wake_outbox: called from another thread once calls have been queued.
    """

    services: Services
    mailbox: MailSource
    signer: ReplySigner
    adviser_names: dict[str, str]
    wake_outbox: Callable[[], object] = lambda: None

    def check_mailbox(self) -> None:
        """Handle what has arrived since the last check.

        Raises StoreError, and `IMAP_ERRORS`; the next check continues where this one ended.
        """
        name = hashlib.sha256(self.mailbox.name.encode()).hexdigest()[:16]
        with self.mailbox.open_session() as session:
            progress = self.services.store.mailboxes.find_mailbox(name)
            if progress is None:
                log.info("answers by e-mail are expected from now on; what is in the mailbox already is left alone")
                self._save_progress(Mailbox(name, session.uid_validity, session.find_last_uid()))
                return
            since = None
            if progress.uid_validity != session.uid_validity:
                log.warning("the mail server has numbered the mailbox anew; what is known already is skipped")
                days = min(MAX_DAYS, self.services.retention_days - 1)  # for which the inbox knows what was received
                since = to_local_time(self.services.now()).date() - timedelta(days=days)
                progress = replace(progress, uid_validity=session.uid_validity, last_uid=0)
            for uid in session.list_uids(progress.last_uid, since)[:MAX_MAILS]:
                unassigned = progress.unassigned + self._receive_mail(session, uid)
                progress = self._save_progress(replace(progress, last_uid=uid, unassigned=unassigned))
            if progress.unassigned:
                self._save_progress(progress)

    def _save_progress(self, progress: Mailbox) -> Mailbox:
        """Save how far the mailbox was read, in one transaction with what the advisers are told of it."""
        turn, progress = record_progress(self.services, progress)
        self.services.store.apply(calls_without_event(turn.messages, self.services.adviser_chat), turn.effects)
        return progress

    def _receive_mail(self, session: MailSession, uid: int) -> bool:
        """Receive one e-mail; return whether it is one that belongs to no request, but may be of concern."""
        head = session.fetch_head(uid)
        if head is None:
            return False
        try:
            headers = read_headers(head.headers)
        except Exception as error:  # of a form that the library does not expect; it must not block those behind it
            log.error("an e-mail cannot be read (%s)", type(error).__name__)
            session.add_flag(uid, FLAGGED)
            return not head.is_flagged
        if self.signer.find_reference((headers.message_id,)):
            return False  # one of ours
        reference = self.signer.find_reference(headers.thread_ids)
        if not reference and headers.is_bounce and head.size <= MAX_MAIL_BYTES:
            content = session.fetch_content(uid) or b""
            reference = self.signer.find_reference((content.decode("ascii", "replace"),))
        if not reference:
            if headers.is_automatic or head.is_flagged:
                return False
            session.add_flag(uid, FLAGGED)
            return True
        answer = self._make_answer(session, uid, head, headers, reference)
        key = headers.message_id or f"{session.uid_validity}:{uid}"
        body: dict[str, Any] = {MAIL_KEY: MAIL_ADAPTER.dump_python(answer, mode="json")}
        update_id = _update_id(reference, key)
        self.services.store.inbox.add_updates([(update_id, "", json.dumps(body))])
        self._handle_update(update_id, body)
        self._mark_mail(session, uid, answer)
        return False

    def _handle_update(self, update_id: int, body: dict[str, Any]) -> None:
        try:
            handle_mail(self.services, self.wake_outbox, update_id, body)
        except StoreError:
            raise  # it is tried again by the inbox, and by the next check, whichever comes first
        except Exception:  # it stays in the inbox for the next start, and does not block those behind it
            log.exception("an e-mail is postponed")

    def _make_answer(
        self, session: MailSession, uid: int, head: MailHead, headers: MailHeaders, reference: str
    ) -> MailAnswer:
        name = self.adviser_names.get(headers.sender) or headers.name or headers.sender.partition("@")[0]
        answer = MailAnswer(reference, MailFinding.ANSWER, headers.sender, name)
        if headers.is_bounce:
            return replace(answer, finding=MailFinding.BOUNCE)
        if headers.sender not in self.adviser_names or headers.fails_dmarc:
            return replace(answer, finding=MailFinding.STRANGER)
        if headers.is_automatic:
            return replace(answer, finding=MailFinding.AUTOMATIC)
        if not self.signer.is_addressed(headers.recipients):
            return replace(answer, finding=MailFinding.ASIDE)
        if head.size > MAX_MAIL_BYTES:
            return replace(answer, finding=MailFinding.TOO_LARGE)
        try:
            content = read_content(session.fetch_content(uid) or b"")
        except IMAP_ERRORS:
            raise
        except Exception as error:  # as above
            log.error("an e-mail cannot be read (%s)", type(error).__name__)
            return replace(answer, finding=MailFinding.EMPTY)
        if not content.text and not content.files:
            return replace(answer, finding=MailFinding.EMPTY, left_out=content.left_out)
        return replace(answer, text=content.text, files=content.files, left_out=content.left_out)

    def _mark_mail(self, session: MailSession, uid: int, answer: MailAnswer) -> None:
        """Mark an e-mail as read if it is passed on, and flag it if a person should look at it."""
        request = self.services.store.requests.find_request(answer.reference)
        is_open = request is not None and request.status is not RequestStatus.CLOSED
        if answer.finding is MailFinding.ANSWER and is_open:
            session.add_flag(uid, SEEN)
        elif answer.finding not in (MailFinding.AUTOMATIC, MailFinding.BOUNCE):
            session.add_flag(uid, FLAGGED)


def make_mail_receiver(
    settings: Settings, services: Services, wake_outbox: Callable[[], object], mailbox: MailSource | None = None
) -> MailReceiver | None:
    """Return what receives answers for the bot of these settings; None if that is off.

    ``mailbox`` is read in place of the one in the settings.
    """
    signer = make_reply_signer(settings)
    if signer is None or settings.imap_url is None:
        return None
    names = dict.fromkeys(map(str.lower, settings.mail_advisers), "")
    names |= {parse_mailbox(contact.email).lower(): contact.name for contact in services.contacts}
    mailbox = mailbox or ImapMailbox(settings.imap_url.get_secret_value())
    return MailReceiver(services, mailbox, signer, names, wake_outbox)


async def run_mail_receiver(
    receiver: MailReceiver, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """Check the mailbox every minute until cancelled, in the process that leads."""
    failures = 0
    while True:
        wait = CHECK_INTERVAL
        try:
            if await asyncio.to_thread(receiver.services.store.database.try_acquire_leadership):
                await asyncio.to_thread(receiver.check_mailbox)
            failures = 0
        except (*IMAP_ERRORS, StoreError) as error:
            log.warning("the mailbox cannot be read now (%s); trying again", type(error).__name__)
            wait, failures = CHECK_INTERVAL * 2.0 ** min(failures, _MAX_WAIT_DOUBLINGS), failures + 1
        await sleep(wait)


def _update_id(reference: str, key: str) -> int:
    """Return the number of an e-mail's update: negative, as Telegram's are positive."""
    digest = hashlib.sha256(f"{reference}\n{key}".encode()).digest()
    return -1 - int.from_bytes(digest[:7])
