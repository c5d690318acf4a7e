"""Read an e-mail as it was received: who sent it, what it answers, what it says. Hostile input."""

import base64
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses

from bot.domain.mail_answer import MailFile
from bot.domain.message import truncate_text
from bot.mail.html_text import html_to_text
from bot.mail.quoted_text import cut_quoted_text, unwrap_flowed
from knowledge.parsing.addresses import normalise_email

MAX_FILES, MAX_FILE_BYTES = 10, 10_000_000  # of one e-mail, and of all its files together
MAX_PARTS = 200  # of an e-mail; what comes after them is not looked at
MAX_SOURCE_LENGTH = 500_000  # characters of text or HTML that are looked at
MAX_TEXT_LENGTH = 12_000  # characters, about three messages in Telegram
_MAX_NAME_LENGTH = 60
_MIN_INLINE_BYTES = 40_000  # smaller pictures within the text are logos of a signature
_ADDRESS_HEADERS = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
_THREAD_HEADERS = ("In-Reply-To", "References")
_AUTOMATIC_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "List-Id", "List-Unsubscribe")
_AUTOMATIC_SUBJECT = re.compile(
    r"\s*(?:automatische antwort|automatic reply|auto(?:matic)?[- ]?re(?:ply|sponse)|abwesenheit\w*|"
    r"out of (?:the )?office)\b",
    re.I,
)
_POSTMASTERS = ("mailer-daemon@", "postmaster@")
_SIGNATURE_TYPES = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")
_UNSAFE_IN_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069/\\]+")


@dataclass(frozen=True, slots=True)
class MailHeaders:
    """What the headers of an e-mail say.

    Attributes:
        message_id: its Message-ID; "" for none.
        sender: the address in From; "" unless it is exactly one.
        name: the name in From.
        thread_ids: the addresses that it was sent to, and the Message-IDs that it answers.
        recipients: the addresses in To.
        is_automatic: whether no person wrote it.
        is_bounce: whether it reports that an e-mail could not be delivered.
        fails_dmarc: whether our mail server found that the domain in From did not send it.
    """

    message_id: str
    sender: str
    name: str
    thread_ids: tuple[str, ...]
    recipients: str
    is_automatic: bool
    is_bounce: bool
    fails_dmarc: bool


@dataclass(frozen=True, slots=True)
class MailContent:
    """What a person wrote and attached; ``left_out`` are the names of files beyond the limits."""

    text: str
    files: tuple[MailFile, ...]
    left_out: tuple[str, ...]


def read_headers(headers: bytes) -> MailHeaders:
    """Read the headers of an e-mail."""
    message = message_from_bytes(headers, policy=compat32)
    sender, name = _read_sender(message)
    return_path = str(message.get("Return-Path", "")).strip()
    is_report = message.get_content_type() == "multipart/report" or sender.startswith(_POSTMASTERS)
    is_automatic = (
        str(message.get("Auto-Submitted", "no")).strip().lower().partition(";")[0].strip() != "no"
        or str(message.get("Precedence", "")).strip().lower() in ("bulk", "junk", "list", "auto_reply")
        or any(header in message for header in _AUTOMATIC_HEADERS)
        or bool(_AUTOMATIC_SUBJECT.match(_decode(message.get("Subject"))))
    )
    return MailHeaders(
        message_id=" ".join(str(message.get("Message-ID", "")).split()),
        sender=sender,
        name=name,
        thread_ids=tuple(str(v) for name in _ADDRESS_HEADERS + _THREAD_HEADERS for v in message.get_all(name, [])),
        recipients=", ".join(str(value) for value in message.get_all("To", [])),
        is_automatic=is_automatic or is_report or return_path == "<>",
        is_bounce=is_report,
        fails_dmarc="dmarc=fail" in str(message.get("Authentication-Results", "")).lower(),  # the topmost is ours
    )


def read_content(content: bytes) -> MailContent:
    """Read the text and the files of an e-mail; whatever their form, this raises no error that a sender can cause."""
    message = message_from_bytes(content, policy=compat32)
    parts = [part for _, part in zip(range(MAX_PARTS), message.walk(), strict=False) if not part.is_multipart()]
    bodies = [part for part in parts if _is_body(part)]
    plain = "\n\n".join(_plain_text(part) for part in bodies if part.get_content_type() == "text/plain").strip()
    html = "\n".join(_decode_text(part) for part in bodies if part.get_content_type() == "text/html")
    text = cut_quoted_text((plain or html_to_text(html[:MAX_SOURCE_LENGTH]))[:MAX_SOURCE_LENGTH])
    files: list[MailFile] = []
    if len(text) > MAX_TEXT_LENGTH:
        files.append(MailFile("E-Mail.txt", base64.b64encode(text.encode()).decode()))
        text = truncate_text(text, MAX_TEXT_LENGTH, at_word=True)
    left_out: list[str] = []
    size = 0
    for part in parts:
        if part in bodies or part.get_content_type() in _SIGNATURE_TYPES:
            continue
        data, name = _payload(part), _file_name(part, len(files) + len(left_out) + 1)
        if _is_logo(part, len(data), html) or not data:
            continue
        if len(files) == MAX_FILES or size + len(data) > MAX_FILE_BYTES:
            left_out.append(name)
            continue
        size += len(data)
        files.append(MailFile(name, base64.b64encode(data).decode()))
    return MailContent(text, tuple(files), tuple(left_out))


def _read_sender(message: Message) -> tuple[str, str]:
    """Return address and name in From; both "" unless there is exactly one."""
    senders = getaddresses([str(value) for value in message.get_all("From", [])])
    if len(senders) != 1 or len(message.get_all("From", [])) != 1:
        return "", ""
    name, address = senders[0]
    shown_name = " ".join(_UNSAFE_IN_NAMES.sub(" ", _decode(name)).split())[:_MAX_NAME_LENGTH]
    return (normalise_email(address) or address).lower(), shown_name


def _is_body(part: Message) -> bool:
    is_text = part.get_content_type() in ("text/plain", "text/html")
    return is_text and part.get_content_disposition() != "attachment" and part.get_filename() is None


def _plain_text(part: Message) -> str:
    text = _decode_text(part)
    return unwrap_flowed(text) if str(part.get_param("format", "")).lower() == "flowed" else text


def _decode_text(part: Message) -> str:
    data = _payload(part)
    try:
        return data.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):  # an unknown or hostile name of a charset
        return data.decode("utf-8", "replace")


def _payload(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _file_name(part: Message, number: int) -> str:
    raw_name = part.get_filename()
    name = " ".join(_UNSAFE_IN_NAMES.sub(" ", _decode(raw_name)).split()).strip(". ")
    stem, dot, extension = name.rpartition(".")
    if len(name) > _MAX_NAME_LENGTH and dot and len(extension) <= 8:
        name = f"{stem[: _MAX_NAME_LENGTH - 9]}.{extension}"
    return name[:_MAX_NAME_LENGTH] or f"{part.get_content_maintype()}-{number}"


def _is_logo(part: Message, size: int, html: str) -> bool:
    """Whether a file is a small picture within the text, as in signatures."""
    content_id = str(part.get("Content-ID", "")).strip().strip("<>")
    is_within_text = bool(content_id) and f"cid:{content_id}" in html
    return part.get_content_maintype() == "image" and is_within_text and size < _MIN_INLINE_BYTES


def _decode(value: object) -> str:
    """Decode a header's encoded words; what cannot be decoded stays as it is."""
    text = str(value or "")
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, ValueError):
        return text
