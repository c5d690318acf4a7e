"""Addresses as people write them -> as they can be used."""

import re

import phonenumbers
from email_validator import validate_email

from bot.domain.consultation import ContactChannel
from knowledge.parsing.addresses import normalise_email

DEFAULT_REGION = "DE"  # of numbers without a country code
_EXTENSION = re.compile(r"\b(?:Durchwahl|DW|Apparat|App)\b[.:]?", re.I)
_MIN_DIGITS = 4  # from so many on, and without a letter, a text was meant as a telephone number


def normalise_address(channel: ContactChannel, text: str) -> str | None:
    """The address in its usual spelling; None where it cannot be one. Nobody is asked over the network."""
    return normalise_email(text) if channel is ContactChannel.EMAIL else _parse_phone(text)


def parse_contact(text: str) -> tuple[ContactChannel, str] | None:
    """An e-mail address or a telephone number that was written where the way to be reached was asked."""
    for channel in (ContactChannel.EMAIL, ContactChannel.PHONE):
        if address := normalise_address(channel, text):
            return channel, address
    return None


def guess_channel(text: str) -> ContactChannel | None:
    """What a text that is no address was probably meant to be."""
    if "@" in text and len(text.split()) == 1:
        return ContactChannel.EMAIL
    digit_count = sum(character.isdigit() for character in text)
    return ContactChannel.PHONE if digit_count >= _MIN_DIGITS and not any(map(str.isalpha, text)) else None


def to_ascii_address(address: str) -> str:
    """A checked e-mail address as it stands in a header: its domain in Punycode."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}@{validate_email(f'a@{domain}', check_deliverability=False).ascii_domain}"


def _parse_phone(text: str) -> str | None:
    """The one number in a text. Letters are words beside it, never digits; a question about a number is none."""
    if "?" in text and any(map(str.isalpha, text)):
        return None
    normalised = _EXTENSION.sub("ext.", text.strip())
    international = (
        f"+{normalised}" if normalised.startswith("49") else normalised
    )  # as it is dialled, but for its plus
    numbers = next(
        (numbers for candidate in (international, normalised) if (numbers := _find_phone_numbers(candidate))), []
    )
    return numbers[0] if len(numbers) == 1 else None


def _find_phone_numbers(text: str) -> list[str]:
    form = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    matches = phonenumbers.PhoneNumberMatcher(text, DEFAULT_REGION)
    return list(dict.fromkeys(phonenumbers.format_number(matched.number, form) for matched in matches))
