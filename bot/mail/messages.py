"""Compose the e-mails about a request, and those to the operator."""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from bot.domain.consultation import ContactChannel, Request
from bot.domain.contact_details import to_ascii_address
from bot.domain.vcard import make_vcard
from bot.flows.relay.messages import ADVISERS_LANG, ADVISERS_TEMPLATES
from bot.mail.reply_address import ReplySigner
from knowledge.records.contacts import Contact
from prompts.dates import format_date_and_time, to_local_time
from prompts.render import format_label, render_template
from prompts.telegram_html import html_to_plain

_CONTROL_CHARS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ENCODED_WORD_START = "=?"  # of RFC 2047; the e-mail library would decode such words, including line breaks
_ENCODED_WORD_ESCAPE = "=\u2060?"  # looks the same


def compose_request_mail(
    request: Request, contact: Contact, sender: str, transcript: str, signer: ReplySigner | None = None
) -> EmailMessage:
    """Compose the e-mail to the contact: text and HTML, with a vCard and the transcript attached.

    The Message-ID derives from the reference, so that mail programs recognise an e-mail that is delivered twice. If
    answers are received, ``signer`` signs it, and the address for them.
    """
    message = _start_message(sender)
    message["To"] = _make_address(contact.name, contact.email)
    who = _header_text(request.details.organisation or request.name)
    message["Subject"] = format_label("mail_subject", ADVISERS_TEMPLATES, number=request.reference, who=who)
    message["Date"] = format_datetime(to_local_time(request.created))
    message["Message-ID"] = _make_message_id("anfrage", request.reference, sender, signer)
    if request.details.reach is ContactChannel.EMAIL:
        message["Reply-To"] = _make_address(request.name, request.details.address)
    elif signer:
        name = format_label("mail_sender", ADVISERS_TEMPLATES)
        message["Reply-To"] = _make_address(name, signer.make_address(request.reference))
    values = {
        "request": request,
        "details": request.details,
        "brief": request.brief,
        "contact": contact,
        "created": format_date_and_time(request.created, ADVISERS_LANG),
        "promised": format_date_and_time(request.promised, ADVISERS_LANG) if request.promised else "",
        "replies": signer is not None,
    }
    text = render_template("mail_text", ADVISERS_TEMPLATES, **values)
    message.set_content(html_to_plain(text))
    html = render_template("mail", ADVISERS_TEMPLATES, title=request.reference, body=text)
    message.add_alternative(html, subtype="html")
    message.add_attachment(make_vcard(request), subtype="vcard", filename=f"{request.reference}.vcf")
    message.add_attachment(transcript, filename=f"{request.reference}.txt")
    return message


def compose_deletion_mail(
    reference: str, contact: Contact, sender: str, signer: ReplySigner | None = None
) -> EmailMessage:
    """Compose the request to delete the e-mail about a request, as a reply to that e-mail."""
    return _compose_reply("unpost_text", "loeschen", reference, contact, sender, signer)


def compose_withdrawal_mail(
    reference: str, contact: Contact, sender: str, signer: ReplySigner | None = None
) -> EmailMessage:
    """Compose the news that a request is withdrawn, as a reply to the e-mail about it."""
    return _compose_reply("withdrawal_text", "zurueckgezogen", reference, contact, sender, signer)


def compose_resumption_mail(
    reference: str, contact: Contact, sender: str, signer: ReplySigner | None = None
) -> EmailMessage:
    """Compose the news that a request is no longer withdrawn, as a reply to the e-mail about it."""
    return _compose_reply("resumption_text", "weiter", reference, contact, sender, signer)


def _compose_reply(
    template: str, id_prefix: str, reference: str, contact: Contact, sender: str, signer: ReplySigner | None
) -> EmailMessage:
    """Compose a reply to the e-mail about a request; the subject of a ``…_text`` is the label ``…_subject``."""
    message = _start_message(sender)
    message["To"] = _make_address(contact.name, contact.email)
    message["Subject"] = format_label(
        f"{template.removesuffix('_text')}_subject", ADVISERS_TEMPLATES, number=reference
    )
    message["Message-ID"] = _make_message_id(id_prefix, reference, sender, signer)
    message["In-Reply-To"] = message["References"] = _make_message_id("anfrage", reference, sender, signer)
    text = render_template(template, ADVISERS_TEMPLATES, number=reference, contact=contact)
    message.set_content(html_to_plain(text))
    return message


def _make_message_id(prefix: str, reference: str, sender: str, signer: ReplySigner | None = None) -> str:
    name = signer.sign_reference(reference) if signer else reference
    return f"<{prefix}-{name}@{to_ascii_address(parseaddr(sender)[1]).rpartition('@')[2]}>"


def compose_operator_mail(template: str, operator: str, sender: str, **values: object) -> EmailMessage:
    """Compose an e-mail to the operator from a template; the label ``{template}_subject`` is its subject."""
    message = _start_message(sender)
    message["To"] = _make_address("", parseaddr(operator)[1])
    message["Subject"] = format_label(f"{template}_subject", ADVISERS_TEMPLATES)
    message.set_content(html_to_plain(render_template(template, ADVISERS_TEMPLATES, **values)))
    return message


def _start_message(sender: str) -> EmailMessage:
    name, address = parseaddr(sender)
    message = EmailMessage(policy=SMTP)
    message["Auto-Submitted"] = "auto-generated"  # so that nobody's absence is answered to it (RFC 3834)
    message["From"] = _make_address(name or format_label("mail_sender", ADVISERS_TEMPLATES), address)
    return message


def _make_address(name: str, address: str) -> Address:
    return Address(_header_text(name), addr_spec=to_ascii_address(address))


def _header_text(text: str) -> str:
    """Make a text safe for a header, so that it cannot begin another header."""
    return _CONTROL_CHARS.sub(" ", text).strip().replace(_ENCODED_WORD_START, _ENCODED_WORD_ESCAPE)
