"""Contacts as vCard 3.0 (RFC 2426)."""

import re

from bot.domain.consultation import ContactChannel, Request


def make_vcard(request: Request) -> str:
    """Return the vCard of a request's requester."""
    details = request.details
    first, _, last = request.name.rpartition(" ")
    lines = [("N", f"{escape_value(last)};{escape_value(first)};;;"), ("FN", escape_value(request.name))]
    if details.organisation:
        lines.append(("ORG", escape_value(details.organisation)))
    if details.reach is ContactChannel.EMAIL:
        lines.append(("EMAIL", escape_value(details.address)))
    if details.reach is ContactChannel.PHONE:
        lines.append(("TEL", re.sub(r"[^\d+]", "", details.address)))
    lines.append(("NOTE", escape_value(request.reference)))
    return format_vcard(lines)


def format_vcard(lines: list[tuple[str, str]]) -> str:
    """Return the vCard with these properties, given as names and escaped values."""
    properties = [fold_line(f"{name}:{value}") for name, value in lines]
    return "\r\n".join(("BEGIN:VCARD", "VERSION:3.0", *properties, "END:VCARD", ""))


def escape_value(text: str) -> str:
    """Escape a text as a value, so that it can neither end its property nor begin another."""
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
