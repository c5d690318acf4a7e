"""The store's schema, one numbered step after another; a step that has shipped is never changed."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from bot.errors import StoreError

migrations = Migrations("bot")


@migrations(name="0001_first")
def create_first_tables(db: Database) -> None:
    """Create inbox, outbox, states, feedback and requests."""
    db.table("inbox").create(
        {"update_id": int, "chat": str, "body": str, "received": float, "done": int},
        pk="update_id",
        defaults={"done": 0},
        not_null={"chat", "body", "received", "done"},
    )
    db.table("inbox").create_index(["done", "update_id"])
    db.table("states").create(
        {"key": str, "user_id": int, "body": str, "updated": float}, pk="key", not_null={"user_id", "body", "updated"}
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


@migrations(name="0002_consultation")
def restructure_requests(db: Database) -> None:
    """Store requests as JSON bodies with a version; add tables for adviser threads and transcripts."""
    old_requests = list(db.table("requests").rows)
    db.table("requests").drop()
    db.table("requests").create(
        {
            "reference": str,
            "chat_id": int,
            "user_id": int,
            "status": str,
            "created": float,
            "version": int,
            "body": str,
        },
        pk="reference",
        not_null={"chat_id", "user_id", "status", "created", "version", "body"},
    )
    db.table("requests").create_index(["user_id"])
    db.table("requests").create_index(["status", "created"])
    db.table("requests").insert_all(map(_convert_request, old_requests))
    db.table("threads").create({"reference": str, "chat_id": int, "thread_id": int, "card": int}, pk="reference")
    db.table("threads").create_index(["chat_id", "thread_id"])
    db.table("threads").create_index(["chat_id", "card"])
    db.table("lines").create(
        {"id": int, "reference": str, "user_id": int, "side": str, "text": str, "created": float}, pk="id"
    )
    db.table("lines").create_index(["reference"])
    db.table("moved").create({"old": int, "new": int}, pk="old")
    db.table("outbox").transform(rename={"question": "origin_message", "edit_question": "edits_message"})
    for column, kind in (("origin_chat", int), ("edits_chat", int), ("place", str), ("reply_chat", int)):
        db.table("outbox").add_column(column, kind)
    db.table("outbox").add_column("reply_message", int)
    db.execute("UPDATE outbox SET origin_chat = chat_id WHERE origin_message NOT NULL")
    db.execute("UPDATE outbox SET edits_chat = chat_id WHERE edits_message NOT NULL")
    db.execute("UPDATE outbox SET place = ''")
    db.table("outbox").create_index(["origin_chat", "origin_message"])


@migrations(name="0003_selfcheck")
def add_selfchecks(db: Database) -> None:
    """Add finished self-checks, team codes, and the answers shared under them."""
    db.table("checks").create({"id": int, "user_id": int, "answers": str, "created": float}, pk="id")
    db.table("checks").create_index(["user_id"])
    db.table("codes").create({"code": str, "created": float}, pk="code")
    db.table("shares").create({"code": str, "user_id": int, "answers": str, "created": float}, pk=("code", "user_id"))
    db.table("shares").create_index(["user_id"])


@migrations(name="0004_opening")
def add_history_progress(db: Database) -> None:
    """Record the progress of opening an adviser thread, to continue after a crash."""
    db.table("threads").add_column("lines", int, not_null_default=0)
    db.table("threads").add_column("told", int)


@migrations(name="0005_privacy")
def add_erasure(db: Database) -> None:
    """Add threads of deleted requests, until their copies are deleted, and questions saved with consent."""
    db.table("threads").add_column("erased", float)
    db.table("questions").create(
        {"id": int, "user_id": int, "question": str, "entry": str, "consent": str, "created": float}, pk="id"
    )
    db.table("questions").create_index(["user_id"])


@migrations(name="0006_pace")
def add_rate_limits(db: Database) -> None:
    """Add priorities of calls, Telegram's limits and waits, and recent calls to groups."""
    db.table("outbox").add_column("urgency", int, not_null_default=2)
    db.table("outbox").add_column("limited", int, not_null_default=1)
    db.execute("UPDATE outbox SET urgency = 0 WHERE request <> '' OR method IN ('card', 'mail')")
    db.execute("UPDATE outbox SET urgency = 1 WHERE urgency = 2 AND coalesce(origin_message, edits_message) NOT NULL")
    db.execute("UPDATE outbox SET limited = 0 WHERE method IN ('answerCallbackQuery', 'mail')")
    db.execute("DROP INDEX IF EXISTS idx_outbox_status_chat_id_id")
    db.execute("CREATE INDEX outbox_queued ON outbox (limited, chat_id, id, urgency) WHERE status = 'queued'")
    db.table("holds").create({"chat_id": int, "until": float}, pk="chat_id")
    db.table("group_calls").create({"id": int, "chat_id": int, "at": float}, pk="id")


@migrations(name="0007_turns")
def index_open_updates(db: Database) -> None:
    """Index a chat's oldest update that is not done."""
    db.execute("CREATE INDEX inbox_open ON inbox (chat, update_id) WHERE done = 0")


@migrations(name="0008_lanes")
def add_lanes(db: Database) -> None:
    """Add a lane for each request to calls to the advisers and e-mails."""
    db.table("outbox").add_column("lane", str, not_null_default="")
    db.execute("UPDATE outbox SET lane = request WHERE place = 'thread' OR chat_id = 0")
    db.execute("DROP INDEX outbox_queued")
    db.execute("CREATE INDEX outbox_lanes ON outbox (limited, chat_id, lane, id, urgency) WHERE status = 'queued'")


@migrations(name="0009_clock")
def add_wait_start(db: Database) -> None:
    """Record when the wait of a chat or call began; what is waiting now is tried at once."""
    db.table("holds").add_column("noted", float, not_null_default=0.0)
    db.table("outbox").add_column("noted", float, not_null_default=0.0)
    db.execute("DELETE FROM holds")
    db.execute("UPDATE outbox SET not_before = 0")


@migrations(name="0010_transcript")
def add_line_messages(db: Database) -> None:
    """Record the message of each transcript line, so that edits find it."""
    db.table("lines").add_column("chat_id", int)
    db.table("lines").add_column("message_id", int)


@migrations(name="0011_pictures")
def add_team_pictures(db: Database) -> None:
    """Store each team's result as it was made, and whose answers it includes."""
    db.table("pictures").create({"code": str, "words": str, "people": int, "created": float}, pk="code")
    db.table("shares").add_column("pictured", int, not_null_default=0)


def check_version(db: Database, path: Path) -> None:
    """Raise StoreError if a newer version of this program wrote the store."""
    known_steps = {step.name for step in migrations.pending(Database(memory=True))}
    unknown_steps = sorted({step.name for step in migrations.applied(db)} - known_steps)
    if unknown_steps:
        raise StoreError(
            f"{path} was written by a newer version of this program (it has the steps {', '.join(unknown_steps)}). "
            "Install that version again, or restore a backup from before."
        )


def _convert_request(old_row: dict[str, Any]) -> dict[str, Any]:
    created = datetime.fromisoformat(old_row["created"]).timestamp()
    body = {name: old_row[name] for name in ("reference", "chat_id", "user_id", "name", "lang", "consent")}
    body |= {"details": {"concern": old_row["text"]}, "brief": {}, "contact": ""}
    body |= {"created": created, "since": created}
    row = {name: old_row[name] for name in ("reference", "chat_id", "user_id", "status")}
    return row | {"created": created, "version": 0, "body": json.dumps(body)}
