"""Commands as people type them, and links that open the bot or share something.

The German name of a command is its canonical one. A start parameter has 1 to 64 characters of A-Z a-z 0-9 _ -.
Whole messages that mean a command, such as "Hilfe" or "English, please!", are content: see knowledge/commands.yaml.
"""

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from pydantic import AfterValidator

from knowledge.errors import ContentError
from knowledge.parsing.strict_yaml import StrictYaml, Text, invalid
from knowledge.parsing.text_file import parsed_once

_ENGLISH_BY_GERMAN = {
    "start": "start",
    "frage": "question",
    "einfuehrung": "intro",
    "beratung": "consult",
    "kontakt": "contact",
    "sprache": "language",
    "hilfe": "help",
    "datenschutz": "privacy",
    "meinedaten": "mydata",
    "loeschen": "delete",
    "abbrechen": "cancel",
    "zurueckziehen": "withdraw",
    "teilen": "share",
    "selbstcheck": "selfcheck",
    "mitnehmen": "takeaway",
}
GERMAN_COMMANDS, ENGLISH_COMMANDS = tuple(_ENGLISH_BY_GERMAN), tuple(_ENGLISH_BY_GERMAN.values())
ADVISER_COMMANDS = (
    "anfragen",
    "abwesend",
    "notiz",
    "zurueck",
    "uebergabe",
    "baustein",
    "sperren",
    "entsperren",
    "status",
)
COMMANDS_BY_LANG = {"de": GERMAN_COMMANDS, "en": ENGLISH_COMMANDS}
CANONICAL_COMMANDS = {
    **{english: german for german, english in _ENGLISH_BY_GERMAN.items()},
    **{name: name for name in (*GERMAN_COMMANDS, *ADVISER_COMMANDS)},
}
ENTRY_PREFIX, STEP_PREFIX = "frage-", "intro-"  # of start parameters
SELFCHECK_LINK = "selbstcheck"  # a start parameter
COMMANDS_FILE = "commands.yaml"
_WORD = re.compile(r"\w+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_START_PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_start_parameter(text: str) -> bool:
    """Return whether Telegram accepts a text as a start parameter."""
    return _START_PARAMETER.fullmatch(text) is not None


def bot_link(username: str, start_parameter: str = "") -> str:
    """Return the deep link to the bot; a start parameter that Telegram does not accept is left out."""
    return f"https://t.me/{username}" + (f"?start={start_parameter}" if is_start_parameter(start_parameter) else "")


def share_link(url: str, text: str) -> str:
    """Return the address that lets a person choose a chat in Telegram to send a link and a text to."""
    return f"https://t.me/share/url?url={quote(url, safe='')}&text={quote(text, safe='')}"


def spell_command(name: str) -> str:
    """Return a command's name as Telegram allows it, in lower case and without umlauts: "Zurück" -> "zurueck"."""
    return unicodedata.normalize("NFC", name).casefold().translate(_UMLAUTS)


def simplify_message(text: str) -> str:
    """Return the words of a message in lower case; messages that differ in nothing else mean the same command."""
    return " ".join(_WORD.findall(text.casefold()))


def _check_words(text: str) -> str:
    if not simplify_message(text):
        raise invalid("command_no_word", value=text)
    return text


_Message = Annotated[Text, AfterValidator(_check_words)]


@parsed_once
def read_command_words(path: Path, text: str) -> Mapping[str, str]:
    """Return each message, simplified, with its command and what follows it: "english please" -> "sprache en".

    Raises:
        ContentError: a mistake in the form, or a message that stands under two commands.
    """
    file = StrictYaml(path, text)
    commands: dict[str, str] = {}
    for command, messages in file.validate(dict[str, tuple[_Message, ...]]).items():
        for number, message in enumerate(messages):
            if commands.setdefault(simplify_message(message), command) != command:
                raise ContentError([file.problem("command_taken", command, number, value=message)])
    return commands
