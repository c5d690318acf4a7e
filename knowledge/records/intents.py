"""Messages that are not questions to the knowledge base: greetings, thanks, asking for a human.

One YAML file per intent, ``<id>.yaml``: ``reply`` is the kind of reply, ``phrases`` are examples by language.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from knowledge.parsing.strict_yaml import StrictYaml, strict_keys
from knowledge.parsing.text_file import read_all, read_text_file


class ReplyKind(StrEnum):
    """The kind of reply to an intent."""

    CONSULTATION = "consultation"
    SMALL_TALK = "smalltalk"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class Intent:
    """A recognised intention with its example phrases as (language, phrase)."""

    id: str
    reply: ReplyKind
    phrases: tuple[tuple[str, str], ...]


@strict_keys
@dataclass(frozen=True, slots=True)
class _IntentFile:
    reply: ReplyKind
    phrases: dict[str, tuple[str, ...]]


def read_intents(folder: Path) -> tuple[Intent, ...]:
    """Read all intents of a folder, sorted by name; raise ContentError with every mistake."""
    return read_all(sorted(folder.glob("*.yaml")), _read_intent)


def _read_intent(path: Path) -> Intent:
    file = StrictYaml(path, read_text_file(path)).validate(_IntentFile)
    phrases = tuple((lang, phrase) for lang, texts in file.phrases.items() for phrase in texts)
    return Intent(path.stem, file.reply, phrases)
