"""Requests for advice by e-mail: composed when they are sent, so that they say what is true then."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from email.message import EmailMessage

from bot.errors import StoreError
from bot.flows.context import Parts
from bot.flows.relay import card
from bot.mail.messages import alarm, compose, notice, unpost
from bot.mail.smtp import Mailer, outcome
from bot.pipeline.outbox import Later, Refused, Result, Sent
from bot.settings import Settings
from bot.store.protocol import UNPOST, Outgoing
from knowledge.records.contacts import Contact, default_contact
from prompts.telegram_html import to_plain

log = logging.getLogger(__name__)


def post(settings: Settings, parts: Parts) -> Callable[[Outgoing], Awaitable[Result]]:
    """A function that sends the mail which a call of the queue means."""
    mailer = make_mailer(settings)

    async def send(outgoing: Outgoing) -> Result:
        return await asyncio.to_thread(_send, parts, mailer, settings, outgoing)

    return send


async def warn(settings: Settings, template: str) -> None:
    """Tell the operator by e-mail, where there is mail. It is tried once: what it tells of is in the log as well."""
    mailer = make_mailer(settings)
    if mailer is None:
        return
    sender = settings.mail_from or ""
    try:
        await asyncio.to_thread(mailer.send, notice(template, settings.operator_email or sender, sender))
    except Exception as error:  # whatever a mail server or the way to it brings
        log.warning("the operator could not be told by e-mail (%s)", type(error).__name__)


def make_mailer(settings: Settings) -> Mailer | None:
    """The way to the mail server; None where none is set."""
    return Mailer(settings.smtp_url.get_secret_value()) if settings.smtp_url else None


def _send(parts: Parts, mailer: Mailer | None, settings: Settings, outgoing: Outgoing) -> Result:
    if outgoing.method == UNPOST and not parts.store.mailed(outgoing.request):
        return Sent(None)  # the mail about the request never went out
    if mailer is None:
        return Later(None)  # mail was turned off after this was queued; it waits until it is on again
    try:
        message = _letter(parts, settings, outgoing)
    except StoreError as error:
        log.warning("an e-mail waits: %s", error)
        return Later(None)
    except Exception as error:  # what cannot be written down as a mail must not hold back those behind it
        log.error("a request cannot be written as an e-mail (%s)", type(error).__name__)
        return Refused(type(error).__name__)
    if message is None:
        return Refused("the request was deleted")
    try:
        mailer.send(message)
    except Exception as error:  # whatever a mail server or the way to it brings; what may pass is tried again
        reason = outcome(error)
        log.warning("an e-mail was not taken (%s)", type(error).__name__)
        return Later(None) if reason is None else Refused(reason)
    return Sent(None)


def _letter(parts: Parts, settings: Settings, outgoing: Outgoing) -> EmailMessage | None:
    """The mail about a request, or without one the alarm to the operator; None where the request was deleted."""
    sender, reference = settings.mail_from or "", outgoing.request
    if outgoing.method == UNPOST:
        return unpost(reference, _contact(parts, outgoing.params["contact"]), sender)
    if not reference:
        return alarm(settings.operator_email or sender, sender, parts.store.waiting(parts.desk))
    request = parts.store.request(reference)
    if request is None:
        return None
    said = to_plain(card.transcript(request, parts.store.lines(reference)))
    return compose(request, _contact(parts, request.contact), sender, said)


def _contact(parts: Parts, known: str) -> Contact:
    return next((one for one in parts.contacts if one.id == known), default_contact(parts.contacts))
