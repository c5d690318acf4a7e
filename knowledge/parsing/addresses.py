"""E-mail addresses and telephone numbers as people write them. Nobody is asked over the network."""

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email

DEFAULT_REGION = "DE"  # of numbers without a country code
_ENCODED_WORD_PREFIX = "=?"  # begins an encoded word (RFC 2047), which has no place in an address
_LOCAL_ADDRESS = re.compile(r"[\w.+-]+@([\w-]+|[\w.-]+\.(local|localhost))", re.ASCII)


def normalise_email(text: str) -> str | None:
    """The address in its usual spelling; None where it cannot be one.

    Letters beyond ASCII before the @ need SMTPUTF8 on the whole way, which no mail can count on.
    """
    address = text.strip().removeprefix("mailto:")
    if _ENCODED_WORD_PREFIX in address:
        return None
    try:
        return validate_email(address, check_deliverability=False, allow_smtputf8=False, strict=True).normalized
    except EmailNotValidError:
        return None


def is_mailable_address(text: str) -> bool:
    """Whether a mail server of ours can be given this as an address, which may be one of this network only."""
    return normalise_email(text) is not None or _LOCAL_ADDRESS.fullmatch(text) is not None


def is_phone_number(text: str) -> bool:
    """Whether a telephone number has as many digits as there are in some; short ones such as 115 are possible."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(text, DEFAULT_REGION))
    except phonenumbers.NumberParseException:
        return False
