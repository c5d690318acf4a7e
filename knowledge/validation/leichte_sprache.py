"""Check the rules of Leichte Sprache that a machine can check; see docs/leichte-sprache.md.

A text is Markdown with one sentence a line. Only people can judge whether it is true, friendly and clear.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge.parsing.strict_yaml import StrictYaml, strict_keys
from knowledge.parsing.text_file import read_text_file

MAX_SENTENCE_WORDS = 12
MAX_WORD_LETTERS = 12  # of each part of a hyphenated word
ALLOWED_WORDS_FILE = "easy.yaml"

_ADDRESS_OR_COMMAND = re.compile(r"https?://\S+|\S+@\S+|(?<!\S)/[a-z]+")
_WORD = re.compile(r"[^\W\d_]+")
_SENTENCE_BREAK = re.compile(r"(?<=\w\w[.!?])[\"“”]?\s+(?=[\"„]?[A-ZÄÖÜ0-9])")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_LINE_MARKER = re.compile(r"^\s*(?:[-•]|#+|\d+\.)\s+")
_ARTICLE = r"(?:mein|dein|sein|ihr|Ihr|unser|kein|ein|dies|jen)"
_GE_INFINITIVES = "gehen|geben|gelingen|gelten|gehören|geschehen|gestalten|gewinnen|genießen"  # not participles

_FORBIDDEN_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), advice)
    for pattern, advice in (
        (r"\*|\w[:_]innen\b|[a-zäöüß]Innen\b", "no gender sign; name both, or all: die Menschen"),
        (r"[;&§…]", "no such sign; write a full stop or the word"),
        (r"%|\b[Pp]rozent\b", "no percentage; say: 3 von 10"),
        (
            r"(?i)\b(?:z\. ?B|d\. ?h|u\. ?a|usw|etc|bzw|ca|evtl|ggf|inkl|vgl|sog|Nr|Tel|Std)\.",
            "no abbreviation; write the words",
        ),
        (
            r"(?i)\b(?:würde|könnte|hätte|wäre|müsste|dürfte|sollte|gäbe|käme|ließe|bräuchte)(?:n|st|t)?\b",
            "no Konjunktiv; say what is, or: vielleicht",
        ),
        (
            rf"\bdes [A-ZÄÖÜa-zäöü]|\b{_ARTICLE}es (?:[a-zäöüß]+en )?[A-ZÄÖÜ][\w-]+e?s\b(?<!ss)"
            r"|(?<=[a-zäöüß] )(?!Sie |Ihnen )[A-ZÄÖÜ][\w-]+ (?:der|einer|(?:[Ii]hr|sein|unser|dies)er) "
            r"(?:[a-zäöüß]+ )?[A-ZÄÖÜ]",
            "no genitive; say: das Haus von dem Lehrer",
        ),
        (
            rf"\b(?:wird|werden|wurde|wurden)\b(?=.*\b(?!(?:{_GE_INFINITIVES})\b)(?:ge[a-zäöüß]+(?:t|en)|\w+iert)[.!?]?$)"
            r"|\bge[a-zäöüß]{3,}(?:t|en) (?:wird|werden|wurde|wurden)\b",
            "no passive; say who does it",
        ),
        (
            r"(?i)\b(?:zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|hundert|tausend)\b",
            "write the number in digits",
        ),
    )
)


@strict_keys
@dataclass(frozen=True, slots=True)
class _AllowedWordsFile:
    allowed: frozenset[str]


def read_allowed_words(path: Path) -> frozenset[str]:
    """Read the words that may be long or in capitals; raise ContentError with every mistake."""
    return StrictYaml(path, read_text_file(path)).validate(_AllowedWordsFile).allowed


def find_violations(text: str, allowed: frozenset[str] = frozenset()) -> Iterator[tuple[int, str]]:
    """Yield the line (from 1) and a message for every violation."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        readable_line = _ADDRESS_OR_COMMAND.sub("Adresse", _LINE_MARKER.sub("", line))
        for message in _check_line(readable_line, allowed):
            yield number, message
        if (word_count := len(_sentence_words(lines, number - 1))) > MAX_SENTENCE_WORDS:
            yield number, f"{word_count} words in a sentence; at most {MAX_SENTENCE_WORDS}"


def _sentence_words(lines: list[str], start: int) -> list[str]:
    """Return the words of the sentence starting on a line; lines in lower case continue it."""
    if lines[start][:1].islower():
        return []  # counted with the line it continues
    end = start + 1
    while end < len(lines) and lines[end][:1].islower():
        end += 1
    return [word for word in " ".join(lines[start:end]).split() if any(map(str.isalnum, word))]


def _check_line(line: str, allowed: frozenset[str]) -> Iterator[str]:
    if len(_SENTENCE_BREAK.split(line)) > 1:
        yield "more than one sentence in a line"
    for word in _WORD.findall(line):
        if word in allowed:
            continue
        if len(word) > MAX_WORD_LETTERS:
            yield f"'{word}' has {len(word)} letters; split it with a hyphen, or list it in {ALLOWED_WORDS_FILE}"
        elif len(word) > 1 and word.isupper():
            yield f"'{word}' is an abbreviation; write the words, or list it in {ALLOWED_WORDS_FILE}"
    for pattern, advice in _FORBIDDEN_PATTERNS:
        if match := pattern.search(_BOLD.sub(r"\1", line)):
            yield f"'{match[0]}': {advice}"
    if re.search(r"\b[Nn]icht\b", _BOLD.sub("", line)):
        yield "'nicht' must be bold, or better: say what is"
