"""A request for advice as an e-mail, and the way to the mail server."""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from bot.domain.consultation import Reach, Request
from bot.domain.contact_details import in_ascii
from bot.domain.vcard import vcard
from bot.flows.relay.messages import LANG, ROOM
from knowledge.records.contacts import Contact
from prompts.dates import local, spoken
from prompts.render import label, render
from prompts.telegram_html import to_plain

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ENCODED = "=?"  # begins an encoded word (RFC 2047), which the e-mail library would decode, line breaks and all
_APART = "=\u2060?"  # reads the same


def compose(request: Request, contact: Contact, sender: str, transcript: str) -> EmailMessage:
    """The mail to the contact: as text and HTML, with a vCard and what was said so far.

    Its Message-ID comes from the reference, so that a mail program recognises one that was delivered twice.
    """
    message = _from(sender)
    message["To"] = _address(contact.name, contact.email)
    message["Subject"] = label("mail_subject", ROOM, number=request.reference, who=_line(_who(request)))
    message["Date"] = format_datetime(local(request.created))
    message["Message-ID"] = _message_id("anfrage", request.reference, sender)
    if request.details.reach is Reach.EMAIL:
        message["Reply-To"] = _address(request.name, request.details.address)
    values = {
        "request": request,
        "details": request.details,
        "brief": request.brief,
        "contact": contact,
        "created": spoken(request.created, LANG),
        "promised": spoken(request.promised, LANG) if request.promised else "",
    }
    text = render("mail_text", ROOM, **values)
    message.set_content(to_plain(text))
    message.add_alternative(render("mail", ROOM, title=request.reference, body=text), subtype="html")
    message.add_attachment(vcard(request), subtype="vcard", filename=f"{request.reference}.vcf")
    message.add_attachment(transcript, filename=f"{request.reference}.txt")
    return message


def unpost(reference: str, contact: Contact, sender: str) -> EmailMessage:
    """The mail that asks to delete the mail about a request; mail programs show it beneath that one."""
    message = _from(sender)
    message["To"] = _address(contact.name, contact.email)
    message["Subject"] = label("unpost_subject", ROOM, number=reference)
    message["Message-ID"] = _message_id("loeschen", reference, sender)
    message["In-Reply-To"] = message["References"] = _message_id("anfrage", reference, sender)
    message.set_content(to_plain(render("unpost_text", ROOM, number=reference, contact=contact)))
    return message


def _message_id(what: str, reference: str, sender: str) -> str:
    return f"<{what}-{reference}@{in_ascii(parseaddr(sender)[1]).rpartition('@')[2]}>"


def alarm(operator: str, sender: str, waiting: int) -> EmailMessage:
    """The mail that tells the operator that the bot is no longer in the advisers' chat."""
    return notice("alarm", operator, sender, waiting=waiting)


def notice(template: str, operator: str, sender: str, **values: object) -> EmailMessage:
    """A mail to the operator, by a template and the label that is its subject."""
    message = _from(sender)
    message["To"] = _address("", parseaddr(operator)[1])
    message["Subject"] = label(f"{template}_subject", ROOM)
    message.set_content(to_plain(render(template, ROOM, **values)))
    return message


def _from(sender: str) -> EmailMessage:
    name, address = parseaddr(sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(name or label("mail_sender", ROOM), address)
    return message


def _address(name: str, address: str) -> Address:
    return Address(_line(name), addr_spec=in_ascii(address))


def _who(request: Request) -> str:
    return request.details.organisation or request.name


def _line(text: str) -> str:
    """A text for a header: without anything that would begin another one."""
    return _CONTROL.sub(" ", text).strip().replace(_ENCODED, _APART)
