"""Messages that mean a command."""

from pathlib import Path

import pytest

from bot.domain.commands import COMMANDS_FILE, read_command_words, simplify_message
from knowledge.errors import ContentError
from knowledge.loader import BUILT_IN


def read_text(folder: Path, text: str) -> dict[str, str]:
    """Return the commands of a file with this text."""
    file = folder / COMMANDS_FILE
    file.write_text(text, encoding="utf-8")
    return dict(read_command_words(file))


def test_capitals_and_punctuation_do_not_matter(tmp_path: Path) -> None:
    """A message is found however it is written, and brings what follows the command."""
    commands = read_text(tmp_path, "hilfe: [Hilfe]\nsprache en: [english please]\n")

    assert commands[simplify_message("HILFE!!!")] == "hilfe"
    assert commands[simplify_message(" English, please. ")] == "sprache en"
    assert simplify_message("Hilfe für unseren Verein") not in commands


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hilfe: [Hilfe]\nstart: [hilfe!]", "commands.yaml:2: 'hilfe!' already means another command"),
        ("hilfe: ['?!']", "commands.yaml:1: '?!' has no word"),
        ("hilfe: Hilfe", "commands.yaml:1: 'hilfe' must be a list"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, problem: str) -> None:
    """A mistake is reported with its line."""
    with pytest.raises(ContentError) as caught:
        read_text(tmp_path, text)
    assert problem in str(caught.value)


def test_built_in_messages_are_read() -> None:
    """Command words exist in each of the nine languages."""
    commands = read_command_words(BUILT_IN / COMMANDS_FILE)

    for message in ("Hilfe", "help", "yardım", "допомога", "помощь", "مساعدة", "aide", "ayuda", "pomoc"):
        assert commands[simplify_message(message)] == "hilfe"
