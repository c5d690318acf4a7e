"""Map outgoing calls to rows of the outbox and back.

Bots of other versions may share the database, so methods, columns and values must keep their meaning.
"""

import json
from typing import Any

from bot.domain.message import AlertOperator, RefreshCard, SendMail, SendWithdrawalMail
from bot.store.records import (
    DELETE_MENU,
    SET_MENU,
    SET_REACTION,
    ApiCall,
    Destination,
    EraseThread,
    ErasureReason,
    MailCall,
    OutgoingCall,
    RequestMailDeletion,
)

REFRESH_CARD, SEND_MAIL, ERASE_THREAD, REQUEST_MAIL_DELETION = "card", "mail", "erase", "unpost"
SEND_WITHDRAWAL = "withdrawal"
MAIL_CHAT = 0  # e-mails have a separate queue, so that a mail server that is down delays no messages
MENU_METHODS = (SET_MENU, DELETE_MENU)
MENU_LANE = "menu"  # so that a menu that has to wait delays no answer to a tap
UNLIMITED_METHODS = ("answerCallbackQuery", *MENU_METHODS, SET_REACTION)
_MESSAGE_COLUMNS = ("origin", "edits", "reply")


def to_row(call: OutgoingCall) -> dict[str, Any]:
    """Return the columns that follow from a call."""
    chat_id: int | None
    params: dict[str, Any]
    match call:
        case ApiCall(chat_id, method, params):
            destination = call.destination
        case RefreshCard(chat_id=chat_id):
            method, params, destination = REFRESH_CARD, {}, Destination.THREAD
        case EraseThread(chat_id, _, reason):
            method, params, destination = ERASE_THREAD, {"why": reason.value}, Destination.THREAD
        case SendMail() | AlertOperator():
            chat_id, method, params, destination = MAIL_CHAT, SEND_MAIL, {}, Destination.CHAT
        case SendWithdrawalMail():
            chat_id, method, destination = MAIL_CHAT, SEND_WITHDRAWAL, Destination.CHAT
            params = {"undone": call.undone}
        case _:
            chat_id, method, destination = MAIL_CHAT, REQUEST_MAIL_DELETION, Destination.CHAT
            params = {"contact": call.contact}
    reference = "" if isinstance(call, AlertOperator) else call.reference
    is_mail = isinstance(call, MailCall)
    has_lane = is_mail or method == SET_REACTION or destination is Destination.THREAD
    row = {
        "chat_id": chat_id,
        "method": method,
        "params": json.dumps(params),
        "request": reference,
        "place": destination.value,
        "urgency": _urgency(call),
        "limited": int(not is_mail and method not in UNLIMITED_METHODS),
        "lane": MENU_LANE if method in MENU_METHODS else reference if has_lane else "",
    }
    if isinstance(call, ApiCall):
        for name, message in zip(_MESSAGE_COLUMNS, (call.source, call.edit_of, call.reply_to), strict=True):
            row[f"{name}_chat"], row[f"{name}_message"] = message or (None, None)
    return row


def _urgency(call: OutgoingCall) -> int:
    """Return the priority of a call: 0 if it concerns a request, 1 if it answers a question, else 2."""
    if not isinstance(call, ApiCall) or call.reference:
        return 0
    return 1 if call.source or call.edit_of else 2


def from_row(row: dict[str, Any]) -> OutgoingCall:
    """Return the call in a row; raises ValueError, TypeError, KeyError or AttributeError if the row is damaged."""
    chat_id, method, reference = row["chat_id"], row["method"], row["request"]
    params = dict(json.loads(row["params"]))
    if method == REFRESH_CARD:
        return RefreshCard(reference, chat_id)
    if method == SEND_MAIL:
        return SendMail(reference) if reference else AlertOperator()
    if method == SEND_WITHDRAWAL:
        return SendWithdrawalMail(reference, bool(params.get("undone")))
    if method == ERASE_THREAD:
        return EraseThread(chat_id, reference, ErasureReason(params["why"]))
    if method == REQUEST_MAIL_DELETION:
        return RequestMailDeletion(reference, params["contact"])
    source, edit_of, reply_to = (
        None if row[f"{name}_message"] is None else (row[f"{name}_chat"], row[f"{name}_message"])
        for name in _MESSAGE_COLUMNS
    )
    return ApiCall(chat_id, method, params, source, edit_of, reply_to, reference, Destination(row["place"] or ""))
