"""Check e-mail addresses and telephone numbers as people write them, without network access."""

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email

DEFAULT_REGION = "DE"  # of numbers without a country code
_ENCODED_WORD_PREFIX = "=?"  # starts an encoded word (RFC 2047), which an address must not contain
_LOCAL_ADDRESS = re.compile(r"[\w.+-]+@([\w-]+|[\w.-]+\.(local|localhost))", re.ASCII)


def normalise_email(text: str) -> str | None:
    """Return an address in its normal form; None if the text is not one.

    Non-ASCII letters before the @ are rejected: every mail server on the way would have to support SMTPUTF8.
    """
    address = text.strip().removeprefix("mailto:")
    if _ENCODED_WORD_PREFIX in address:
        return None
    try:
        return validate_email(address, check_deliverability=False, allow_smtputf8=False, strict=True).normalized
    except EmailNotValidError:
        return None


def is_mailable_address(text: str) -> bool:
    """Return whether a mail server can send to this address; one in the local network is allowed."""
    return normalise_email(text) is not None or _LOCAL_ADDRESS.fullmatch(text) is not None


def is_phone_number(text: str) -> bool:
    """Return whether a text is a possible telephone number by its number of digits; short ones like 115 count."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(text, DEFAULT_REGION))
    except phonenumbers.NumberParseException:
        return False
