"""Parse e-mail addresses and telephone numbers as people write them."""

import re

import phonenumbers
from email_validator import validate_email

from bot.domain.consultation import ContactChannel
from knowledge.parsing.addresses import normalise_email

DEFAULT_REGION = "DE"  # of numbers without a country code
_EXTENSION = re.compile(r"\b(?:Durchwahl|DW|Apparat|App)\b[.:]?", re.I)
_MIN_DIGITS = 4  # a text with that many digits and no letters was meant as a telephone number


def normalise_address(channel: ContactChannel, text: str) -> str | None:
    """Return an address in its normal form; None if it cannot be one. Nothing is looked up over the network."""
    return normalise_email(text) if channel is ContactChannel.EMAIL else _parse_phone(text)


def parse_contact(text: str) -> tuple[ContactChannel, str] | None:
    """Return the channel and normal form of an e-mail address or telephone number; None if the text is neither."""
    if email := normalise_email(_extract_email(text)):
        return ContactChannel.EMAIL, email
    phone = _parse_phone(text)
    return (ContactChannel.PHONE, phone) if phone else None


def guess_channel(text: str) -> ContactChannel | None:
    """Return the channel whose address a text was probably meant to be; None for other texts."""
    if "@" in text and len(text.split()) == 1:
        return ContactChannel.EMAIL
    digit_count = sum(character.isdigit() for character in text)
    return ContactChannel.PHONE if digit_count >= _MIN_DIGITS and not any(map(str.isalpha, text)) else None


def to_ascii_address(address: str) -> str:
    """Return a validated e-mail address with its domain in Punycode, as mail headers require it."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}@{validate_email(f'a@{domain}', check_deliverability=False).ascii_domain}"


def _extract_email(text: str) -> str:
    """Return the only word of a sentence that may be an e-mail address; the text itself if it is a question."""
    words = [word.strip(".,;:!()<>\"'„“”") for word in text.split() if "@" in word]
    return words[0] if len(words) == 1 and "?" not in text else text


def _parse_phone(text: str) -> str | None:
    """Return the number in a text; None if there are several, or if the text is a question about a number.

    Letters are never read as digits.
    """
    if "?" in text and any(map(str.isalpha, text)):
        return None
    normalised = _EXTENSION.sub("ext.", text.strip())
    international = f"+{normalised}" if normalised.startswith("49") else normalised  # written without the plus sign
    numbers = _find_phone_numbers(international) or _find_phone_numbers(normalised)
    return numbers[0] if len(numbers) == 1 else None


def _find_phone_numbers(text: str) -> list[str]:
    form = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    matches = phonenumbers.PhoneNumberMatcher(text, DEFAULT_REGION)
    return list(dict.fromkeys(phonenumbers.format_number(matched.number, form) for matched in matches))
