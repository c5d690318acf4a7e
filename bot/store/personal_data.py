"""The catalogue of stored data: the owner, expiry and columns of each table. A test compares it with the schema.

`:user` is a person's Telegram id; rows older than the Unix time `:before` expire.
"""

import json
from dataclasses import dataclass

from bot.domain.selfcheck import MIN_TEAM_SIZE

_UPDATE_KINDS = ("message", "edited_message", "callback_query", "inline_query", "my_chat_member")
_REQUESTS_OF_USER = "(SELECT reference FROM requests WHERE user_id = :user)"
_IS_ERASED = "NOT IN (SELECT reference FROM requests)"
_REQUESTS_BEING_ERASED = "(SELECT request FROM outbox WHERE status = 'queued' AND method IN ('erase', 'unpost'))"
_PICTURED_COUNT = "(SELECT count(*) FROM shares WHERE shares.code = pictures.code AND pictured = 1)"


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One table.

    Attributes:
        description: what it contains, as the person reads it.
        owner_condition: the condition under which a row is about a person; "" if no row is about anybody. Rows of the
            inbox are filtered by `sender_id` as well.
        expiry_condition: the condition under which a row expires; "" if it is deleted with its request, or is about
            nobody.
        columns: what each column means.
    """

    description: str
    owner_condition: str = ""
    expiry_condition: str = ""
    columns: tuple[tuple[str, str], ...] = ()


_USER_COLUMN = ("user_id", "your Telegram id")
_CREATED_COLUMN = ("created", "when, as Unix time")
_REFERENCE_COLUMN = ("reference", "number of the request")
_ANSWERS_COLUMN = ("answers", "JSON: question of the self-check -> 0 to 3, or null for 'do not know'")

DATA_CATALOGUE: dict[str, TableInfo] = {
    "states": TableInfo(
        "What the bot remembers of each of your chats with it",
        "user_id = :user",
        "updated < :before",
        (
            ("key", "chat id and your Telegram id"),
            _USER_COLUMN,
            (
                "body",
                "JSON: language, last question and answer, which answers you have read, step of the introduction and "
                "for whom its examples are, a form or self-check being filled in, numbers of the messages typed for "
                "a request, whether your questions may be kept and below which answer you were asked that, which "
                "buttons answer the bot's last question and when it was asked, what you wrote last that can be "
                "passed on to the advisers, which messages were an album that you sent about a request, when you "
                "tried codes that do not exist or got new ones",
            ),
            ("updated", "last change, as Unix time"),
        ),
    ),
    "requests": TableInfo(
        "Your requests for advice",
        "user_id = :user",
        "",
        (
            _REFERENCE_COLUMN,
            ("chat_id", "your chat with the bot"),
            _USER_COLUMN,
            ("status", "open, taken or closed"),
            _CREATED_COLUMN,
            ("version", "how often it was changed"),
            (
                "body",
                "JSON: all you told, what the bot added with your consent, version of the consent's wording, "
                "who took it or wrote about it, who wrote last, times, rating and comment",
            ),
        ),
    ),
    "lines": TableInfo(
        "What was written about your requests, by you and by the advisers",
        "user_id = :user",
        "",
        (
            ("id", "running number"),
            _REFERENCE_COLUMN,
            _USER_COLUMN,
            ("side", "who wrote: person or adviser"),
            ("text", "the message, or in brackets what it was"),
            _CREATED_COLUMN,
            ("chat_id", "the chat it was written in"),
            ("message_id", "its number there"),
            ("signed", "1 if the name of who wrote it is part of the copy"),
        ),
    ),
    "threads": TableInfo(
        "Where your requests are in the advisers' chat",
        f"reference IN {_REQUESTS_OF_USER}",
        "erased < :before OR (erased IS NULL AND reference NOT IN (SELECT reference FROM requests) "
        "AND reference NOT IN (SELECT request FROM outbox WHERE status = 'queued'))",
        (
            _REFERENCE_COLUMN,
            ("chat_id", "the advisers' chat"),
            ("thread_id", "its topic there, 0 for none"),
            ("card", "the message at the top"),
            ("lines", "how many messages were written before it was opened, until they are told there"),
            ("told", "how many of them are told there"),
            ("title", "the name of the topic"),
            ("erased", "when the request was deleted, as Unix time"),
        ),
    ),
    "checks": TableInfo(
        "Your last two self-checks",
        "user_id = :user",
        "created < :before",
        (("id", "running number"), _USER_COLUMN, _ANSWERS_COLUMN, _CREATED_COLUMN),
    ),
    "shares": TableInfo(
        "What you told under a code that several people share",
        "user_id = :user",
        "created < :before",
        (
            ("code", "the code"),
            _USER_COLUMN,
            _ANSWERS_COLUMN,
            _CREATED_COLUMN,
            ("pictured", "1 once they are part of a picture"),
        ),
    ),
    "feedback": TableInfo(
        "Your thumbs on answers",
        "user_id = :user",
        "created < :before",
        (
            ("id", "running number"),
            _USER_COLUMN,
            ("entry", "the answer"),
            ("value", "1 for up, 0 for down"),
            ("flaw", "what was wrong, if you tapped that after a thumb down"),
            _CREATED_COLUMN,
        ),
    ),
    "questions": TableInfo(
        "Questions of yours that may be kept to improve answers",
        "user_id = :user",
        "created < :before",
        (
            ("id", "running number"),
            _USER_COLUMN,
            ("question", "what you wrote"),
            ("entry", "the answer it got"),
            ("consent", "version of the wording that you agreed to"),
            _CREATED_COLUMN,
        ),
    ),
    "outbox": TableInfo(
        "Messages to you that wait, and the numbers of those sent, without their text",
        f"CASE WHEN request <> '' THEN request IN {_REQUESTS_OF_USER} "
        "ELSE user_id = :user OR (chat_id = :user AND method <> 'mail') END",
        f"created < :before AND request {_IS_ERASED} AND request NOT IN {_REQUESTS_BEING_ERASED}",
        (
            ("id", "running number"),
            ("chat_id", "the chat it goes to; 0 is e-mail"),
            ("user_id", "Telegram id of who caused it"),
            ("method", "the call of Telegram's interface"),
            ("params", "JSON: the message while it waits, empty afterwards"),
            ("origin_chat", "chat of the message that caused it"),
            ("origin_message", "number of the message that caused it"),
            ("edits_chat", "chat of the message whose answer it changes"),
            ("edits_message", "number of the message whose answer it changes"),
            ("reply_chat", "chat of the message it replies to"),
            ("reply_message", "number of the message it replies to"),
            ("request", "number of the request it belongs to"),
            ("place", "thread: it goes to the advisers"),
            (
                "status",
                "queued, sent, failed, part of an album that waits, or dropped because it was no longer needed",
            ),
            ("attempts", "how often it was tried"),
            ("not_before", "not tried before this Unix time"),
            ("noted", "since when it waits for that time"),
            ("urgency", "0 leaves first, 2 last"),
            ("limited", "1 where Telegram limits such calls"),
            ("lane", "the lane in its chat that it waits in: the number of its request, menu, or none"),
            ("message_id", "its number in its chat once it is sent"),
            ("reason", "why Telegram refused it"),
            _CREATED_COLUMN,
        ),
    ),
    "inbox": TableInfo(
        "What you wrote and the bot has not handled yet",
        "done = 0",
        "received < :before",
        (
            ("update_id", "Telegram's number"),
            ("chat", "the chat"),
            ("body", "JSON: as Telegram delivered it; empty once it is handled"),
            ("received", "when, as Unix time"),
            ("done", "1 once it is handled"),
        ),
    ),
    "colleagues": TableInfo(
        "That you were seen in the advisers' chat, so that colleagues can hand requests to you",
        "user_id = :user",
        "seen < :before",
        (
            ("desk", "the advisers' chat"),
            _USER_COLUMN,
            ("name", "your name there"),
            ("username", "your name at Telegram after the @, if you have one"),
            ("seen", "when you last wrote or tapped there, as Unix time"),
        ),
    ),
    "blocked": TableInfo(
        "Until when the advisers take no messages from you",
        "user_id = :user",
        "until < :before",
        (_USER_COLUMN, ("until", "as Unix time"), _CREATED_COLUMN),
    ),
    "text_blocks": TableInfo("Ready answers that the advisers keep"),
    "greeted": TableInfo("Since when an advisers' chat was greeted"),
    "codes": TableInfo(
        "Codes for several people, without who made them",
        expiry_condition="created < :before AND code NOT IN (SELECT code FROM shares)",
    ),
    "pictures": TableInfo(
        "What several people said together under a code: a word for each question, no single answers",
        expiry_condition=f"{_PICTURED_COUNT} < {MIN_TEAM_SIZE}",
    ),
    "holds": TableInfo(
        "Until when Telegram takes no more messages to a chat",
        "chat_id = :user",
        "until < :before",
        (
            ("chat_id", "the chat; a person's has their Telegram id"),
            ("noted", "since when, as Unix time"),
            ("until", "as Unix time"),
        ),
    ),
    "group_calls": TableInfo("When a group was written to", expiry_condition="at < :before"),
    "moved": TableInfo("Groups that Telegram gave another id"),
    "absences": TableInfo("When the advisers are away, without who said so", expiry_condition="ends < :before"),
    "mailboxes": TableInfo("How far a mailbox with answers by e-mail was read"),
    "_sqlite_migrations": TableInfo("Which steps of the schema were taken"),
}
DATA_TABLES = tuple(name for name in DATA_CATALOGUE if name != "_sqlite_migrations")  # those of every database
FIELD_DESCRIPTIONS = {
    name: {"holds": info.description, "columns": dict(info.columns)}
    for name, info in DATA_CATALOGUE.items()
    if info.owner_condition
}


def bind_condition(condition: str, value: float) -> tuple[str, tuple[float, ...]]:
    """Replace each mention of the person or the time by ``?``; returns the condition and the values to bind."""
    sql = condition.replace(":user", "?").replace(":before", "?")
    return sql, (value,) * sql.count("?")


def sender_id(body: str) -> object:
    """Return the Telegram id of the sender of an update, given as JSON; None if it has none or cannot be read."""
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for kind in _UPDATE_KINDS:
        try:
            return update[kind]["from"]["id"]
        except (KeyError, TypeError):  # of another kind, or not of the documented form
            continue
    return None
