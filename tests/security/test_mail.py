"""Hostile texts in mails, in their headers, addresses and attachments, and in vCards."""

import re
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from bot.domain.consultation import ContactChannel, Details, Request, RequestContext
from bot.domain.contact_details import normalise_address
from bot.domain.vcard import escape_value, make_vcard
from bot.mail.messages import compose_request_mail
from knowledge.records.contacts import Contact

CONTACT = Contact("jacob", "Jacob Rohm", "Beratung", "+49 30 1", "jacob@example.org")
DETAILS = Details("Anliegen", "", "npo", "Kiel", ContactChannel.EMAIL, "ada@example.org")
REQUEST = Request(
    "ABCD-EFGH", 10, 20, "Ada", "de", DETAILS, RequestContext(), "2026-11-24", "jacob", created=1_795_000_000.0
)
KEYS = ["Auto-Submitted", "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type"]
WORDS = {
    "cr-lf": "a\r\nBcc: evil@evil.example", "lf": "a\nBcc: evil@evil.example", "cr": "a\rBcc: evil@evil.example",
    "folded": "a\r\n\tBcc: evil@evil.example", "body": "a\r\n\r\nevil", "vertical": "a\x0bBcc: e@x.de", "feed": "a\x0cBcc: e@x.de",
    "separators": "a\x1c\x1d\x1eBcc: e@x.de", "next-line": "a\x85Bcc: e@x.de", "line-sign": "a\u2028Bcc: e@x.de",
    "quoted-word": "=?utf-8?q?=0D=0ABcc=3A_evil=40evil.example?=", "base64-word": "=?utf-8?b?DQpCY2M6IGV2aWxAZXZpbC5leGFtcGxl?=",
    "word-lower": "=?us-ascii?Q?a=0ABcc:e@x.de?=", "two-words": "=?utf-8?q?a?= =?utf-8?q?=0ABcc:e@x.de?=", "utf-16-word": "=?utf-16?b?AAoA?=",
    "unknown-word": "=?evil?q?=0ABcc:e@x.de?=", "open-word": "=?utf-8?q?=0A", "inner-word": "a=?utf-8?q?=0ABcc:e@x.de?=b", "lang-word": "=?utf-8*de?q?=0Aevil?=",
    "quote": 'a" <evil@evil.example>', "address": "evil@evil.example, a", "group": "a: evil@evil.example;", "comment": "a (evil@evil.example)",
    "backslash": "a\\", "encoded-percent": "a%0d%0aBcc: e@x.de", "long": "a" * 20_000, "long-wide": "ä" * 1_000, "emoji": "👩‍👩‍👧" * 60,
    "bidi": "\u202eevil\u2066", "nul": "a\0b", "blank": " \t ", "boundary": "--===============0==", "html": "<b>evil</b>",
}  # fmt: skip
ADDRESSES = [
    "a@example.org\nBcc: e@x.de", "a@example.org\r\n.\r\n", "a@example.org, e@x.de", "a@example.org;e@x.de", "Ada <a@example.org>",
    "<a@example.org>", "a@example.org?bcc=e@x.de", "mailto:a@example.org?bcc=e@x.de", "a@[127.0.0.1]", "a@localhost", '"a b"@example.org',
    "a@example.org%0aBcc:e@x.de", "jörg@example.org", "用户@example.org", "a@exa mple.org", "a@-example.org", "@example.org", "a@", "a@@example.org",
    "=?utf-8?q?a?=@example.org", "=?utf-8?q?=0D=0ABcc=3A_e=40x.de?=@example.org", "a@example.org\0", "a\u202e@example.org", "a@" + "b" * 300 + ".org", "a" * 70 + "@example.org", "a@x." + "y." * 2_000 + "org",
]  # fmt: skip


def composed_mail(request: Request) -> EmailMessage:
    """Return the mail as its recipient parses it."""
    content = compose_request_mail(request, CONTACT, "bot@example.org", request.name).as_bytes()
    return message_from_bytes(content, _class=EmailMessage, policy=default)


@pytest.mark.parametrize("place", ["name", "organisation"])
@pytest.mark.parametrize("kind", WORDS)
def test_hostile_text_in_a_header(kind: str, place: str) -> None:
    """Name and organisation add no header, no recipient and no part to the mail."""
    words = WORDS[kind]
    details = replace(DETAILS, organisation=words) if place == "organisation" else DETAILS
    mail = composed_mail(replace(REQUEST, name=words if place == "name" else "Ada", details=details))

    assert mail.keys() == KEYS
    assert [address.addr_spec for address in mail["To"].addresses] == ["jacob@example.org"]
    assert [address.addr_spec for address in mail["Reply-To"].addresses] == ["ada@example.org"]
    assert len(list(mail.iter_attachments())) == 2
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", str(mail["Subject"]) + str(mail["Reply-To"]))


@pytest.mark.parametrize("text", ADDRESSES)
def test_anything_but_one_address_is_rejected(text: str) -> None:
    """Anything but one plain e-mail address is rejected."""
    assert normalise_address(ContactChannel.EMAIL, text) is None


@pytest.mark.parametrize(
    ("text", "header"), [("a@bücher.example", "a@xn--bcher-kva.example"), ("a@例え.example", "a@xn--r8jz45g.example")]
)
def test_internationalised_domain(text: str, header: str) -> None:
    """An internationalised domain appears in the header in its ASCII form."""
    address = normalise_address(ContactChannel.EMAIL, text)
    assert address

    mail = composed_mail(replace(REQUEST, details=replace(DETAILS, address=address)))

    assert [recipient.addr_spec for recipient in mail["Reply-To"].addresses] == [header]


@pytest.mark.parametrize("place", ["name", "organisation"])
@pytest.mark.parametrize("kind", [*WORDS, "lines"])
def test_vcard_has_one_line_for_each_property(kind: str, place: str) -> None:
    """A vCard has the same properties whatever the text: it cannot end one or add another."""
    words = {**WORDS, "lines": "a\nEND:VCARD\nBEGIN:VCARD\nTEL:+1"}[kind]
    organisation = words if place == "organisation" else "Org"
    vcard = make_vcard(
        replace(
            REQUEST, name=words if place == "name" else "Ada", details=replace(DETAILS, organisation=organisation)
        )
    )
    unfolded = vcard.replace("\r\n ", "")

    assert [line.partition(":")[0] for line in unfolded.splitlines()] == [
        "BEGIN",
        "VERSION",
        "N",
        "FN",
        "ORG",
        "EMAIL",
        "NOTE",
        "END",
    ]
    assert all(len(line.encode()) <= 75 for line in vcard.split("\r\n"))


@pytest.mark.parametrize(
    "mark",
    [
        ";",
        ",",
        "\\",
        "\n",
        "\r",
        "\r\n",
        "\x0b",
        "\x0c",
        "\x1c",
        "\x1d",
        "\x1e",
        "\x85",
        "\u2028",
        "\u2029",
        "\0",
        "\x1b",
    ],
)
def test_special_characters_in_a_vcard(mark: str) -> None:
    """Characters with a meaning in vCards, and all that break lines, are escaped or removed."""
    escaped = escape_value(f"a{mark}b")

    assert len(escaped.splitlines()) == 1
    assert not re.search(r"(?<!\\)[;,]|[\x00-\x1f]", escaped)
    assert re.fullmatch(r"a(\\[\\;,n])?b", escaped)
