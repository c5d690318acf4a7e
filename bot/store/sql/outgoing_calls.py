"""Map outgoing calls to rows of the outbox and back.

Bots of other versions may share the database, so methods, columns and values must keep their meaning.
"""

import json
from typing import Any

from bot.domain.message import AlertOperator, RefreshCard, SendMail
from bot.store.protocol import (
    ApiCall,
    Destination,
    EraseThread,
    ErasureReason,
    MailCall,
    OutgoingCall,
    RequestMailDeletion,
)

REFRESH_CARD, SEND_MAIL, ERASE_THREAD, REQUEST_MAIL_DELETION = "card", "mail", "erase", "unpost"
MAIL_CHAT = 0  # e-mails have a queue of their own, one at a time: a mail server that is down delays no messages
_MESSAGE_COLUMNS = ("origin", "edits", "reply")


def to_row(call: OutgoingCall) -> dict[str, Any]:
    """Return the columns that follow from a call."""
    if isinstance(call, ApiCall):
        return _api_call_row(call)
    chat_id: int | None = MAIL_CHAT
    params: dict[str, str] = {}
    match call:
        case RefreshCard(reference, chat_id):
            method = REFRESH_CARD
        case EraseThread(chat_id, reference, reason):
            method, params = ERASE_THREAD, {"why": reason.value}
        case SendMail(reference):
            method = SEND_MAIL
        case AlertOperator():
            method, reference = SEND_MAIL, ""
        case RequestMailDeletion(reference, contact):
            method, params = REQUEST_MAIL_DELETION, {"contact": contact}
    is_mail = isinstance(call, MailCall)
    return {
        "chat_id": chat_id,
        "method": method,
        "params": json.dumps(params),
        "request": reference,
        "place": (Destination.CHAT if is_mail else Destination.THREAD).value,
        "urgency": 0,
        "limited": int(not is_mail),
        "lane": reference,
    }


def _api_call_row(call: ApiCall) -> dict[str, Any]:
    row = {
        "chat_id": call.chat_id,
        "method": call.method,
        "params": json.dumps(call.params),
        "request": call.reference,
        "place": call.destination.value,
        "urgency": 0 if call.reference else 1 if call.source or call.edit_of else 2,
        "limited": int(call.method != "answerCallbackQuery"),
        "lane": call.reference if call.destination is Destination.THREAD else "",
    }
    for name, message in zip(_MESSAGE_COLUMNS, (call.source, call.edit_of, call.reply_to), strict=True):
        row[f"{name}_chat"], row[f"{name}_message"] = message or (None, None)
    return row


def from_row(row: dict[str, Any]) -> OutgoingCall:
    """Return the call in a row; raises ValueError, TypeError, KeyError or AttributeError if the row is damaged."""
    chat_id, method, reference, params = (
        row["chat_id"],
        row["method"],
        row["request"],
        dict(json.loads(row["params"])),
    )
    if method == REFRESH_CARD:
        return RefreshCard(reference, chat_id)
    if method == SEND_MAIL:
        return SendMail(reference) if reference else AlertOperator()
    if method == ERASE_THREAD:
        return EraseThread(chat_id, reference, ErasureReason(params["why"]))
    if method == REQUEST_MAIL_DELETION:
        return RequestMailDeletion(reference, params["contact"])
    source, edit_of, reply_to = (
        None if row[f"{name}_message"] is None else (row[f"{name}_chat"], row[f"{name}_message"])
        for name in _MESSAGE_COLUMNS
    )
    return ApiCall(chat_id, method, params, source, edit_of, reply_to, reference, Destination(row["place"] or ""))
