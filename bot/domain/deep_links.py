"""Links to the bot, and to a place in it. A start parameter has 1 to 64 of A-Z a-z 0-9 _ -."""

import re
from urllib.parse import quote

ENTRY_PREFIX, STEP_PREFIX = "frage-", "intro-"  # what a start parameter begins with
_START_PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_start_parameter(start_parameter: str) -> bool:
    """Whether Telegram takes this as a start parameter."""
    return _START_PARAMETER.fullmatch(start_parameter) is not None


def bot_link(username: str, start_parameter: str = "") -> str:
    """The address that opens the bot, at a place where one is named that fits."""
    return (
        f"https://t.me/{username}?start={start_parameter}"
        if is_start_parameter(start_parameter)
        else f"https://t.me/{username}"
    )


def share_link(url: str, text: str) -> str:
    """The address at which Telegram asks to whom a link is to be sent, with a text beside it."""
    return f"https://t.me/share/url?url={quote(url, safe='')}&text={quote(text, safe='')}"
