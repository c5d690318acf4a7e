"""E-mail addresses and telephone numbers as people write them. Nobody is asked over the network."""

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email

REGION = "DE"  # of numbers without a country code
_ENCODED = "=?"  # begins an encoded word (RFC 2047), which has no place in an address
_IN_HOUSE = re.compile(r"[\w.+-]+@([\w-]+|[\w.-]+\.(local|localhost))", re.ASCII)


def email_address(text: str) -> str | None:
    """The address in its usual spelling; None where it cannot be one.

    Letters beyond ASCII before the @ need SMTPUTF8 on the whole way, which no mail can count on.
    """
    address = text.strip().removeprefix("mailto:")
    if _ENCODED in address:
        return None
    try:
        return validate_email(address, check_deliverability=False, allow_smtputf8=False, strict=True).normalized
    except EmailNotValidError:
        return None


def can_be_mailed(text: str) -> bool:
    """Whether a mail server of ours can be given this as an address, which may be one of this network only."""
    return email_address(text) is not None or _IN_HOUSE.fullmatch(text) is not None


def can_be_called(text: str) -> bool:
    """Whether a telephone number has as many digits as there are in some; short ones such as 115 are possible."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(text, REGION))
    except phonenumbers.NumberParseException:
        return False
