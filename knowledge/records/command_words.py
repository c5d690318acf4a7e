"""Whole messages that mean a command, such as "Hilfe" or "English, please!", read from commands.yaml."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from knowledge.errors import ContentError
from knowledge.parsing.strict_yaml import StrictYaml, Text
from knowledge.parsing.text_file import read_text_file

COMMANDS_FILE = "commands.yaml"
_WORD = re.compile(r"\w+")


def simplify_message(text: str) -> str:
    """Return the words of a message in lower case; messages that differ in nothing else mean the same command."""
    return " ".join(_WORD.findall(text.casefold()))


def _check_words(text: str) -> str:
    if not simplify_message(text):
        raise ValueError(f"'{text}' has no word")
    return text


_Message = Annotated[Text, AfterValidator(_check_words)]


def read_command_words(path: Path) -> Mapping[str, str]:
    """Return each message, simplified, with its command and what follows it: "english please" -> "sprache en".

    Raises:
        ContentError: a mistake in the form, or a message that stands under two commands.
    """
    file = StrictYaml(path, read_text_file(path))
    commands: dict[str, str] = {}
    for command, messages in file.validate(dict[str, tuple[_Message, ...]]).items():
        for number, message in enumerate(messages):
            if commands.setdefault(simplify_message(message), command) != command:
                raise ContentError([file.problem(f"'{message}' already means another command", command, number)])
    return commands
