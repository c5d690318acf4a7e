"""Links to the bot, and to a place in it. A start parameter has 1 to 64 of A-Z a-z 0-9 _ -."""

import re
from urllib.parse import quote

ENTRY_LINK, STEP_LINK = "frage-", "intro-"  # what a start parameter begins with
_PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}")


def fits(start: str) -> bool:
    """Whether Telegram takes this as a start parameter."""
    return _PARAMETER.fullmatch(start) is not None


def bot_link(username: str, start: str = "") -> str:
    """The address that opens the bot, at a place where one is named that fits."""
    return f"https://t.me/{username}?start={start}" if fits(start) else f"https://t.me/{username}"


def share_link(address: str, text: str) -> str:
    """The address at which Telegram asks to whom a link is to be sent, with a text beside it."""
    return f"https://t.me/share/url?url={quote(address, safe='')}&text={quote(text, safe='')}"
