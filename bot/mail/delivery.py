"""Send the outbox's e-mails, which are composed when they are sent, so that they are up to date."""

import asyncio
import logging
from email.message import EmailMessage

from bot.domain.message import AlertOperator, SendWithdrawalMail
from bot.errors import StoreError
from bot.flows.context import Services
from bot.flows.relay import messages
from bot.mail.messages import (
    compose_deletion_mail,
    compose_operator_mail,
    compose_request_mail,
    compose_resumption_mail,
    compose_withdrawal_mail,
)
from bot.mail.reply_address import make_reply_signer
from bot.mail.smtp import Mailer, permanent_failure
from bot.pipeline.outbox import CallResult, MakeCall, Rejected, Retry, Sent
from bot.settings import Settings
from bot.store.records import MailCall, RequestMailDeletion
from knowledge.records.contacts import Contact, default_contact
from prompts.telegram_html import html_to_plain

log = logging.getLogger(__name__)


def make_mail_sender(settings: Settings, services: Services) -> MakeCall[MailCall]:
    """Return a function that composes and sends the e-mail of a queued call."""
    mailer = make_mailer(settings)

    async def send_mail(call: MailCall) -> CallResult:
        return await asyncio.to_thread(_send_mail, services, mailer, settings, call)

    return send_mail


async def warn_operator(settings: Settings, template: str) -> None:
    """E-mail the operator if mail is set up; try only once, since the log says the same."""
    mailer = make_mailer(settings)
    if mailer is None:
        return
    sender = settings.mail_from or ""
    try:
        message = compose_operator_mail(template, settings.operator_email or sender, sender)
        await asyncio.to_thread(mailer.send, message)
    except Exception as error:  # whatever the mail server or the network brings
        log.warning("the operator could not be alerted by e-mail (%s)", type(error).__name__)


def make_mailer(settings: Settings) -> Mailer | None:
    """Return the client of the mail server; None if none is set."""
    return Mailer(settings.smtp_url.get_secret_value()) if settings.smtp_url else None


def _send_mail(services: Services, mailer: Mailer | None, settings: Settings, call: MailCall) -> CallResult:
    if isinstance(call, RequestMailDeletion | SendWithdrawalMail) and not services.store.erasure.was_mailed(
        call.reference
    ):
        return Sent(None)  # the e-mail about the request was never sent
    if mailer is None:
        return Retry(None)  # mail was turned off after this was queued: it waits until mail is on again
    try:
        if isinstance(call, SendWithdrawalMail) and _is_outdated(services, call):
            return Sent(None)  # a later e-mail says what holds now
        message = _compose_mail(services, settings, call)
    except StoreError as error:
        log.warning("an e-mail waits: %s", error)
        return Retry(None)
    except Exception as error:  # it must not block those behind it
        log.error("an e-mail cannot be composed (%s)", type(error).__name__)
        return Rejected(type(error).__name__)
    if message is None:
        return Rejected("the request was deleted or withdrawn")
    try:
        mailer.send(message)
    except Exception as error:  # whatever the mail server or the network brings
        reason = permanent_failure(error)
        log.warning("an e-mail was not taken by the mail server (%s)", type(error).__name__)
        return Retry(None) if reason is None else Rejected(reason)
    return Sent(None)


def _compose_mail(services: Services, settings: Settings, call: MailCall) -> EmailMessage | None:
    """Compose an e-mail; None if its request was deleted, or withdrawn before it was sent."""
    sender, signer = settings.mail_from or "", make_reply_signer(settings)
    if isinstance(call, RequestMailDeletion):
        return compose_deletion_mail(call.reference, _find_contact(services, call.contact), sender, signer)
    if isinstance(call, AlertOperator):
        waiting = services.store.outbox.count_queued_calls(services.adviser_chat)
        return compose_operator_mail("alarm", settings.operator_email or sender, sender, waiting=waiting)
    request = services.store.requests.find_request(call.reference)
    if request is None:
        return None
    if isinstance(call, SendWithdrawalMail):
        compose = compose_resumption_mail if call.undone else compose_withdrawal_mail
        return compose(call.reference, _find_contact(services, request.contact), sender, signer)
    if request.withdrawn:
        return None
    lines = services.store.requests.load_transcript(call.reference)
    transcript = html_to_plain(messages.render_transcript(request, lines))
    return compose_request_mail(request, _find_contact(services, request.contact), sender, transcript, signer)


def _is_outdated(services: Services, call: SendWithdrawalMail) -> bool:
    """Return whether a request was withdrawn, or that undone, after an e-mail that says otherwise was queued."""
    request = services.store.requests.find_request(call.reference)
    return request is not None and request.withdrawn is call.undone


def _find_contact(services: Services, contact_id: str) -> Contact:
    matching = (contact for contact in services.contacts if contact.id == contact_id)
    return next(matching, default_contact(services.contacts))
