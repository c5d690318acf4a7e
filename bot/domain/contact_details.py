"""Addresses as people write them -> as they can be used."""

import re

import phonenumbers
from email_validator import validate_email

from bot.domain.consultation import Reach
from knowledge.parsing.addresses import email_address

REGION = "DE"  # of numbers without a country code
_EXTENSION = re.compile(r"\b(?:Durchwahl|DW|Apparat|App)\b[.:]?", re.I)
_DIGITS = 4  # from so many on, and without a letter, a text was meant as a telephone number


def checked(reach: Reach, text: str) -> str | None:
    """The address in its usual spelling; None where it cannot be one. Nobody is asked over the network."""
    return email_address(text) if reach is Reach.EMAIL else _phone(text)


def recognised(text: str) -> tuple[Reach, str] | None:
    """An e-mail address or a telephone number that was written where the way to be reached was asked."""
    for reach in (Reach.EMAIL, Reach.PHONE):
        if address := checked(reach, text):
            return reach, address
    return None


def attempted(text: str) -> Reach | None:
    """What a text that is no address was probably meant to be."""
    if "@" in text and len(text.split()) == 1:
        return Reach.EMAIL
    digits = sum(character.isdigit() for character in text)
    return Reach.PHONE if digits >= _DIGITS and not any(map(str.isalpha, text)) else None


def in_ascii(address: str) -> str:
    """A checked e-mail address as it stands in a header: its domain in Punycode."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}@{validate_email(f'a@{domain}', check_deliverability=False).ascii_domain}"


def _phone(text: str) -> str | None:
    """The one number in a text. Letters are words beside it, never digits; a question about a number is none."""
    if "?" in text and any(map(str.isalpha, text)):
        return None
    written = _EXTENSION.sub("ext.", text.strip())
    abroad = f"+{written}" if written.startswith("49") else written  # as it is dialled, but for its plus
    found = next((found for one in (abroad, written) if (found := _numbers(one))), [])
    return found[0] if len(found) == 1 else None


def _numbers(text: str) -> list[str]:
    form = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    found = phonenumbers.PhoneNumberMatcher(text, REGION)
    return list(dict.fromkeys(phonenumbers.format_number(one.number, form) for one in found))
