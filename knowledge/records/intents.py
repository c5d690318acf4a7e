"""What people write that is no question to the knowledge base: greetings, thanks, the wish for a human.

One YAML file an intent, ``<id>.yaml``: ``reply`` names the kind of outcome, ``phrases`` are examples by language.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from knowledge.errors import ContentError, Problem
from knowledge.parsing.strict_yaml import load_yaml
from knowledge.parsing.text_file import read_text_file


class ReplyKind(StrEnum):
    """What an intent leads to."""

    CONSULTATION = "consultation"
    SMALL_TALK = "smalltalk"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class Intent:
    """A recognised intention with its example phrases as (language, phrase)."""

    id: str
    reply: ReplyKind
    phrases: tuple[tuple[str, str], ...]


def read_intents(folder: Path) -> tuple[Intent, ...]:
    """All intents of a folder, by name. Raises ContentError for a file of another form."""
    return tuple(_read_intent(path) for path in sorted(folder.glob("*.yaml")))


def _read_intent(path: Path) -> Intent:
    data = load_yaml(path, read_text_file(path))
    try:
        if set(data) != {"reply", "phrases"}:
            raise ValueError("the keys must be 'reply' and 'phrases'")
        phrases = tuple((str(lang), str(text)) for lang, texts in data["phrases"].items() for text in texts)
        return Intent(path.stem, ReplyKind(data["reply"]), phrases)
    except (TypeError, AttributeError, ValueError) as error:
        raise ContentError([Problem(path, 1, f"not of the form reply, phrases by language: {error}")]) from None
