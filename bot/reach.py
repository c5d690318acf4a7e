"""Addresses as people write them -> as they can be used."""

import phonenumbers
from email_validator import validate_email

from bot.consultation import Reach
from knowledge.addresses import email_address

REGION = "DE"  # of numbers without a country code


def checked(reach: Reach, text: str) -> str | None:
    """The address in its usual spelling; None where it cannot be one. Nobody is asked over the network."""
    return email_address(text) if reach is Reach.EMAIL else _phone(text)


def recognised(text: str) -> tuple[Reach, str] | None:
    """An e-mail address or a telephone number that was written where the way to be reached was asked."""
    for reach in (Reach.EMAIL, Reach.PHONE):
        if address := checked(reach, text):
            return reach, address
    return None


def in_ascii(address: str) -> str:
    """A checked e-mail address as it stands in a header: its domain in Punycode."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}@{validate_email(f'a@{domain}', check_deliverability=False).ascii_domain}"


def _phone(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
