"""How far mailboxes with answers to requests' e-mails have been read."""

from dataclasses import asdict

from bot.domain.mail_answer import Mailbox
from bot.store.sql.database import Repository, Transaction


class MailboxRepository(Repository):
    """Mailboxes, each with the number of the last e-mail that is dealt with."""

    def find_mailbox(self, name: str) -> Mailbox | None:
        """Return how far a mailbox was read; None if it never was."""
        query = "SELECT name, uid_validity, last_uid, unassigned, reported FROM mailboxes WHERE name = ?"
        rows = self._database.fetch_rows(query, name)
        return Mailbox(**rows[0]) if rows else None

    def save_mailbox(self, db: Transaction, mailbox: Mailbox) -> None:
        """Save how far a mailbox was read."""
        self._database.upsert_row(db, "mailboxes", asdict(mailbox), "name")
