"""Cut out of the text of an e-mail what a person did not write: the quoted e-mail, signature, advertising. Pure.

Mail programs mark a quotation in three ways: with > before each line below a line such as "Am … schrieb …:"; with a
block of headers ("Von: … Gesendet: …") above the rest; with a line such as "-----Original Message-----". Text below
lines with > is kept, since some people answer there.
"""

import re
from collections.abc import Sequence

_FROM = r"(?:von|from|de|van|da)"
_OTHERS = r"(?:gesendet|datum|date|sent|an|to|betreff|subject|cc|kopie|envoyé|objet|reply-to|antwort an)"
_STARS = r"[*\s\u200b]*"
_HEADER_LINE = re.compile(rf"{_STARS}{_FROM}{_STARS}:{_STARS}\S.*", re.I)
_SENT_LINE = re.compile(rf"{_STARS}(?:gesendet|sent){_STARS}:{_STARS}\S.*\d.*", re.I)  # GMX and web.de begin with it
_OTHER_HEADER_LINE = re.compile(rf"{_STARS}(?:{_FROM}|{_OTHERS}){_STARS}:.*", re.I)
_HEADER_LINES = 8  # within which the others follow, some of them folded
_SEPARATOR = re.compile(
    r"[-_]{2,}\s*(?:original message|original appointment|ursprüngliche nachricht|originalnachricht|"
    r"weitergeleitete nachricht|forwarded message|message d'origine|.{0,120}\b(?:wrote|schrieb)\s*:)\s*[-_]{2,}",
    re.I,
)
_RULE = re.compile(r"_{10,}|-{20,}")  # Outlook draws it above the block of headers
_WROTE = r"\b(?:schrieb|wrote|a écrit|escribió|ha scritto|schreef|escreveu|skrev)\b"
_ATTRIBUTION = re.compile(
    rf"(?:(?:am|on|le|el|il|op|em|den)\b.{{4,300}}{_WROTE}.{{0,200}}"
    rf"|.{{0,200}}(?:<[^<>]+@[^<>]+>|\d{{4}}).{{0,60}}{_WROTE}"
    rf"|.{{2,200}}{_WROTE}.{{0,40}}\d{{4}}.{{0,60}})\s*:",
    re.I,
)
_ADDRESS_OR_TIME = re.compile(r"\S@\S|\b\d{1,2}:\d{2}")  # without them it may be a sentence of their own
_ATTRIBUTION_LINES = 4  # over which programs fold it
_MOBILE_SIGNATURE = re.compile(
    r"(?:diese nachricht wurde )?(?:gesendet (?:von|mit|über)|von mein(?:em)?|sent (?:from|with|via)|get outlook for|"
    r"holen sie sich outlook|envoyé de)\b.{0,160}",
    re.I,
)
_SIGNATURE_LINE = re.compile(r"--\s?")
_GREETINGS = r"gr(?:ü|u|ue)(?:ß|ss)e?n?"
_CLOSING = re.compile(
    rf"(?:(?:mit\s+)?(?:freundlich|herzlich|viel|lieb|best|schön|sonnig|kollegial)e[nr]?\s+(?:\w+\s+)?{_GREETINGS}|"
    rf"{_GREETINGS}|mfg|vg|lg|(?:best|kind|warm)?\s?regards|best wishes|cheers|best)\b.{{0,40}}",
    re.I,
)
_CONTACT_LINE = re.compile(
    r"https?://|www\.|\S@\S|\+?\d[\d ()/–-]{6,}\d|\b(?:g?GmbH|gAG|Amtsgericht|Registergericht|Steuernummer|HRB)\b"
)
_POSTSCRIPT = re.compile(r"p\.?\s?s\.?\b", re.I)
_NAME_LINES = 1  # kept below the closing


def cut_quoted_text(text: str) -> str:
    """Return what a person wrote: without quotations, signature, and what their telephone adds."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").split("\n")
    own_parts: list[list[str]] = [[]]
    position = 0
    while position < len(lines):
        if length := _attribution_length(lines, position):
            position += length
            while position < len(lines) and not lines[position].strip():
                position += 1
            if position < len(lines) and not _is_quoted(lines[position]):
                break  # the quotation is not marked line by line, and reaches to the end
            own_parts.append([])
        elif _begins_quoted_rest(lines, position):
            break
        elif _is_quoted(lines[position]):
            if own_parts[-1]:
                own_parts.append([])
            position += 1
        else:
            own_parts[-1].append(lines[position])
            position += 1
    parts = ("\n".join(_cut_signature(part)).strip() for part in own_parts)
    return re.sub(r"\n{3,}", "\n\n", "\n\n".join(part for part in parts if part))


def unwrap_flowed(text: str) -> str:
    """Join the lines that a program broke for display only (format=flowed, RFC 3676), unless they are quoted."""
    parts: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        is_soft = bool(parts) and parts[-1].endswith(" ") and not _SIGNATURE_LINE.fullmatch(parts[-1])
        if is_soft and line and not _is_quoted(line) and not _is_quoted(parts[-1]):
            parts[-1] += line
        else:
            parts.append(line)
    return "\n".join(parts)


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith(">")


def _attribution_length(lines: Sequence[str], start: int) -> int:
    """Return over how many lines a line such as "On … wrote:" is folded; 0 if none begins here."""
    if not lines[start].strip() or _is_quoted(lines[start]):
        return 0
    joined = ""
    for length, line in enumerate(lines[start : start + _ATTRIBUTION_LINES], 1):
        if not line.strip():
            return 0
        joined = f"{joined} {line.strip()}".strip()
        if joined.endswith(":"):
            return length if _ADDRESS_OR_TIME.search(joined) and _ATTRIBUTION.fullmatch(joined) else 0
    return 0


def _begins_quoted_rest(lines: Sequence[str], start: int) -> bool:
    """Return whether the rest of the lines is the quoted e-mail."""
    line = lines[start].strip()
    if _SEPARATOR.fullmatch(line):
        return True
    if _RULE.fullmatch(line):
        return any(_is_header_block(lines, start + offset) for offset in (1, 2))
    return _is_header_block(lines, start)


def _is_header_block(lines: Sequence[str], start: int) -> bool:
    if start >= len(lines) or not (_HEADER_LINE.fullmatch(lines[start]) or _SENT_LINE.fullmatch(lines[start])):
        return False
    following = lines[start + 1 : start + 1 + _HEADER_LINES]
    return sum(bool(_OTHER_HEADER_LINE.fullmatch(line)) for line in following) >= 2


def _cut_signature(lines: list[str]) -> list[str]:
    """Cut a signature at the end: below "-- ", what a telephone adds, and contact details below the greetings."""
    cut = next((number for number, line in enumerate(lines) if _SIGNATURE_LINE.fullmatch(line)), len(lines))
    kept = lines[:cut]
    while kept and (not kept[-1].strip() or _MOBILE_SIGNATURE.fullmatch(kept[-1].strip())):
        kept = kept[:-1]
    closings = [number for number, line in enumerate(kept) if _CLOSING.fullmatch(line.strip())]
    if not closings:
        return kept
    end, names = closings[-1] + 1, 0
    while end < len(kept) and names < _NAME_LINES:
        names += bool(kept[end].strip())
        end += 1
    rest = kept[end:]
    has_details = any(_CONTACT_LINE.search(line) for line in rest)
    has_postscript = any(_POSTSCRIPT.match(line.strip()) for line in rest)
    return kept[:end] if has_details and not has_postscript else kept
