"""Answers that advisers write by e-mail: they reach the requester like a message of an adviser."""

from dataclasses import replace

from bot.domain.calendar import HOUR
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import AppendTranscript, SaveMailbox, UpdateRequest
from bot.domain.mail_answer import MailAnswer, Mailbox, MailFile, MailFinding
from bot.domain.message import Attachment, Message, RefreshCard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.context import Services
from bot.flows.relay.messages import (
    adviser_button,
    message_to_advisers,
    message_to_requester,
    render_advisers,
    requester_row,
)

REPORT_INTERVAL = HOUR  # the advisers are told of e-mails that belong to no request at most once within it


def take_mail_answer(services: Services, answer: MailAnswer) -> Turn:
    """Return what follows from an e-mail about a request: it is passed on, or the advisers are told why it is not."""
    request = services.store.requests.find_request(answer.reference)
    if request is None:
        html = render_advisers("erased_answered", number=answer.reference)
        adviser_chat = services.adviser_chat
        return Turn(State(), () if adviser_chat is None else (SendMessage(html, chat_id=adviser_chat),))
    if answer.finding is MailFinding.BOUNCE:
        return Turn(State(), (message_to_advisers(request, "mail_failed"),))
    if answer.finding is not MailFinding.ANSWER:
        return Turn(State(), (message_to_advisers(request, "mail_kept", why=answer.finding.value, answer=answer),))
    if request.status is RequestStatus.CLOSED:
        reopen_row = (adviser_button(request, "reopen"),)
        return Turn(State(), (message_to_advisers(request, "mail_kept", (reopen_row,), why="closed", answer=answer),))
    return _relay_answer(services, request, answer)


def record_progress(services: Services, progress: Mailbox) -> tuple[Turn, Mailbox]:
    """Return the turn that saves how far a mailbox was read, and the progress that it saves.

    It tells the advisers, without their content, of e-mails that belong to no request.
    """
    now, adviser_chat = services.now(), services.adviser_chat
    is_due = progress.unassigned and not 0 <= now - progress.reported < REPORT_INTERVAL
    if not is_due or adviser_chat is None:
        return Turn(State(), (), (SaveMailbox(progress),)), progress
    html = render_advisers("mail_unassigned", count=progress.unassigned)
    progress = replace(progress, unassigned=0, reported=now)
    return Turn(State(), (SendMessage(html, chat_id=adviser_chat),), (SaveMailbox(progress),)), progress


def _relay_answer(services: Services, request: Request, answer: MailAnswer) -> Turn:
    can_talk = services.adviser_chat is not None
    taken = request.assign_to(0, answer.name) if request.status is RequestStatus.OPEN else request
    updated = replace(
        taken.pass_turn(Party.REQUESTER, services.now()), talking=can_talk or request.talking, speaker=""
    )
    begins = can_talk and not request.talking
    to_requester = message_to_requester(
        request,
        "mail_answer",
        (requester_row(request, "end"),) if begins else (),
        answer=answer,
        begins=begins,
        reply_to="" if can_talk else answer.sender,
    )
    files = (_send_file(request, file) for file in answer.files)
    to_advisers = message_to_advisers(request, "mail_answer", answer=answer)
    text = "\n".join((*filter(None, (answer.text,)), *(f"[{file.name}]" for file in answer.files)))
    line = AppendTranscript(request.reference, Party.ADVISER, text)
    messages: tuple[Message, ...] = (to_requester, *files, to_advisers, RefreshCard(request.reference))
    return Turn(State(), messages, (UpdateRequest(updated), line))


def _send_file(request: Request, file: MailFile) -> SendMessage:
    attachment = Attachment("mail_file", {"name": file.name, "content": file.content}, as_document=True)
    return SendMessage("", chat_id=request.chat_id, reference=request.reference, attachment=attachment)
