"""Addresses as people write them -> as they can be used."""

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from bot.consultation import Reach

REGION = "DE"  # of numbers without a country code


def checked(reach: Reach, text: str) -> str | None:
    """The address in its usual spelling; None where it cannot be one. Nobody is asked over the network."""
    return _email(text) if reach is Reach.EMAIL else _phone(text)


def recognised(text: str) -> tuple[Reach, str] | None:
    """An e-mail address or a telephone number that was written where the way to be reached was asked."""
    for reach in (Reach.EMAIL, Reach.PHONE):
        if address := checked(reach, text):
            return reach, address
    return None


def _email(text: str) -> str | None:
    try:
        return validate_email(text.strip().removeprefix("mailto:"), check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def _phone(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
