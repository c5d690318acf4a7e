"""The store's schema, one numbered step after another; a step that has shipped is never changed."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("bot")


@migrations(name="0001_first")
def first(db: Database) -> None:
    """Inbox, outbox, state, feedback and requests."""
    db.table("inbox").create(
        {"update_id": int, "chat": str, "body": str, "received": float, "done": int},
        pk="update_id",
        defaults={"done": 0},
        not_null={"chat", "body", "received", "done"},
    )
    db.table("inbox").create_index(["done", "update_id"])
    db.table("states").create(
        {"key": str, "user_id": int, "body": str, "updated": float},
        pk="key",
        not_null={"user_id", "body", "updated"},
    )
    db.table("states").create_index(["user_id"])
    db.table("outbox").create(
        {
            "id": int,
            "chat_id": int,
            "user_id": int,
            "method": str,
            "params": str,
            "question": int,
            "edit_question": int,
            "request": str,
            "status": str,
            "attempts": int,
            "not_before": float,
            "message_id": int,
            "reason": str,
            "created": float,
        },
        pk="id",
        defaults={"status": "queued", "attempts": 0, "not_before": 0.0, "request": "", "reason": ""},
    )
    db.table("outbox").create_index(["status", "chat_id", "id"])
    db.table("outbox").create_index(["chat_id", "question"])
    db.table("outbox").create_index(["chat_id", "message_id"])
    db.table("feedback").create({"id": int, "user_id": int, "entry": str, "value": int, "created": float}, pk="id")
    db.table("feedback").create_index(["user_id", "entry"], unique=True)
    db.table("requests").create(
        {
            "reference": str,
            "chat_id": int,
            "user_id": int,
            "name": str,
            "text": str,
            "lang": str,
            "status": str,
            "consent": str,
            "created": str,
        },
        pk="reference",
    )
    db.table("requests").create_index(["user_id"])
