"""Requests for advice by e-mail: composed when they are sent, so that they say what is true then."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from email.message import EmailMessage

from bot.errors import StoreError
from bot.flows.context import Services
from bot.flows.relay import messages
from bot.mail.messages import compose_alarm_mail, compose_deletion_mail, compose_operator_mail, compose_request_mail
from bot.mail.smtp import Mailer, permanent_failure
from bot.pipeline.outbox import CallResult, Rejected, Retry, Sent
from bot.settings import Settings
from bot.store.protocol import REQUEST_MAIL_DELETION, OutgoingCall
from knowledge.records.contacts import Contact, default_contact
from prompts.telegram_html import html_to_plain

log = logging.getLogger(__name__)


def make_mail_sender(settings: Settings, services: Services) -> Callable[[OutgoingCall], Awaitable[CallResult]]:
    """A function that sends the mail which a call of the queue means."""
    mailer = make_mailer(settings)

    async def send_mail(outgoing: OutgoingCall) -> CallResult:
        return await asyncio.to_thread(_send_mail, services, mailer, settings, outgoing)

    return send_mail


async def warn_operator(settings: Settings, template: str) -> None:
    """Tell the operator by e-mail, where there is mail. It is tried once: what it tells of is in the log as well."""
    mailer = make_mailer(settings)
    if mailer is None:
        return
    sender = settings.mail_from or ""
    try:
        await asyncio.to_thread(
            mailer.send, compose_operator_mail(template, settings.operator_email or sender, sender)
        )
    except Exception as error:  # whatever a mail server or the way to it brings
        log.warning("the operator could not be told by e-mail (%s)", type(error).__name__)


def make_mailer(settings: Settings) -> Mailer | None:
    """The way to the mail server; None where none is set."""
    return Mailer(settings.smtp_url.get_secret_value()) if settings.smtp_url else None


def _send_mail(services: Services, mailer: Mailer | None, settings: Settings, outgoing: OutgoingCall) -> CallResult:
    if outgoing.method == REQUEST_MAIL_DELETION and not services.store.was_mailed(outgoing.request):
        return Sent(None)  # the mail about the request never went out
    if mailer is None:
        return Retry(None)  # mail was turned off after this was queued; it waits until it is on again
    try:
        message = _compose_mail(services, settings, outgoing)
    except StoreError as error:
        log.warning("an e-mail waits: %s", error)
        return Retry(None)
    except Exception as error:  # what cannot be written down as a mail must not hold back those behind it
        log.error("a request cannot be written as an e-mail (%s)", type(error).__name__)
        return Rejected(type(error).__name__)
    if message is None:
        return Rejected("the request was deleted")
    try:
        mailer.send(message)
    except Exception as error:  # whatever a mail server or the way to it brings; what may pass is tried again
        reason = permanent_failure(error)
        log.warning("an e-mail was not taken (%s)", type(error).__name__)
        return Retry(None) if reason is None else Rejected(reason)
    return Sent(None)


def _compose_mail(services: Services, settings: Settings, outgoing: OutgoingCall) -> EmailMessage | None:
    """The mail about a request, or without one the alarm to the operator; None where the request was deleted."""
    sender, reference = settings.mail_from or "", outgoing.request
    if outgoing.method == REQUEST_MAIL_DELETION:
        return compose_deletion_mail(reference, _find_contact(services, outgoing.params["contact"]), sender)
    if not reference:
        return compose_alarm_mail(
            settings.operator_email or sender, sender, services.store.count_queued_calls(services.adviser_chat)
        )
    request = services.store.find_request(reference)
    if request is None:
        return None
    transcript = html_to_plain(messages.render_transcript(request, services.store.load_transcript(reference)))
    return compose_request_mail(request, _find_contact(services, request.contact), sender, transcript)


def _find_contact(services: Services, contact_id: str) -> Contact:
    return next(
        (contact for contact in services.contacts if contact.id == contact_id), default_contact(services.contacts)
    )
