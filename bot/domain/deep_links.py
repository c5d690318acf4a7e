"""Deep links to the bot. A start parameter has 1 to 64 characters of A-Z a-z 0-9 _ -."""

import re
from urllib.parse import quote

ENTRY_PREFIX, STEP_PREFIX = "frage-", "intro-"  # of start parameters
_START_PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_start_parameter(start_parameter: str) -> bool:
    """Return whether Telegram accepts a start parameter."""
    return _START_PARAMETER.fullmatch(start_parameter) is not None


def bot_link(username: str, start_parameter: str = "") -> str:
    """Return the address that opens the bot; a start parameter that Telegram does not accept is left out."""
    return (
        f"https://t.me/{username}?start={start_parameter}"
        if is_start_parameter(start_parameter)
        else f"https://t.me/{username}"
    )


def share_link(url: str, text: str) -> str:
    """Return the address at which Telegram lets a person choose a chat to send a link and a text to."""
    return f"https://t.me/share/url?url={quote(url, safe='')}&text={quote(text, safe='')}"
