"""Contacts as vCard 3.0 (RFC 2426)."""

import re
from collections.abc import Iterable

from bot.domain.consultation import ContactChannel, Request


def make_vcard(request: Request) -> str:
    """Return the vCard of the person who made a request."""
    details = request.details
    properties = []
    if details.organisation:
        properties.append(("ORG", details.organisation))
    if details.reach is ContactChannel.EMAIL:
        properties.append(("EMAIL", details.address))
    if details.reach is ContactChannel.PHONE:
        properties.append(("TEL", strip_number(details.address)))
    return format_vcard(request.name, [*properties, ("NOTE", request.reference)])


def format_vcard(name: str, properties: Iterable[tuple[str, str]]) -> str:
    """Return a vCard with a person's name and further properties, whose values are plain text."""
    first_name, last_name = split_name(name)
    lines = [f"N:{escape_value(last_name)};{escape_value(first_name)};;;", f"FN:{escape_value(name)}"]
    lines += [f"{property_name}:{escape_value(value)}" for property_name, value in properties]
    return "\r\n".join(("BEGIN:VCARD", "VERSION:3.0", *map(fold_line, lines), "END:VCARD", ""))


def split_name(name: str) -> tuple[str, str]:
    """Split a name into first names, which may be empty, and last name."""
    first_name, _, last_name = name.rpartition(" ")
    return first_name, last_name


def strip_number(phone: str) -> str:
    """Reduce a phone number to digits and plus sign."""
    return re.sub(r"[^\d+]", "", phone)


def escape_value(text: str) -> str:
    """Escape a value, so that it can neither end its property nor begin another."""
    text = re.sub(r"([\\,;])", r"\\\1", text)
    text = re.sub(r"\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", r"\\n", text)
    return re.sub(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]", "", text)


def fold_line(line: str) -> str:
    """Fold a line into pieces of at most 75 octets, between characters."""
    pieces, piece = [], ""
    for character in line:
        if len((piece + character).encode()) > 75:
            pieces.append(piece)
            piece = " "
        piece += character
    return "\r\n".join([*pieces, piece])
