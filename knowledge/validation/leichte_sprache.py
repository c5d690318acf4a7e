"""Check the rules of Leichte Sprache that a machine can check; see docs/leichte-sprache.md.

A text is Markdown with one sentence a line. Only people can judge whether it is true, friendly and clear.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge.errors import Problem
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
    (re.compile(pattern), code)
    for pattern, code in (
        (r"\*|\w[:_]innen\b|[a-zäöüß]Innen\b", "easy_gender"),
        (r"[;&§…]", "easy_sign"),
        (r"%|\b[Pp]rozent\b", "easy_percentage"),
        (
            r"(?i)\b(?:z\. ?B|d\. ?h|u\. ?a|usw|etc|bzw|ca|evtl|ggf|inkl|vgl|sog|Nr|Tel|Std)\.",
            "easy_abbreviation",
        ),
        (
            r"(?i)\b(?:würde|könnte|hätte|wäre|müsste|dürfte|sollte|gäbe|käme|ließe|bräuchte)(?:n|st|t)?\b",
            "easy_konjunktiv",
        ),
        (
            rf"\bdes [A-ZÄÖÜa-zäöü]|\b{_ARTICLE}es (?:[a-zäöüß]+en )?[A-ZÄÖÜ][\w-]+e?s\b(?<!ss)"
            r"|(?<=[a-zäöüß] )(?!Sie |Ihnen )[A-ZÄÖÜ][\w-]+ (?:der|einer|(?:[Ii]hr|sein|unser|dies)er) "
            r"(?:[a-zäöüß]+ )?[A-ZÄÖÜ]",
            "easy_genitive",
        ),
        (
            rf"\b(?:wird|werden|wurde|wurden)\b(?=.*\b(?!(?:{_GE_INFINITIVES})\b)(?:ge[a-zäöüß]+(?:t|en)|\w+iert)[.!?]?$)"
            r"|\bge[a-zäöüß]{3,}(?:t|en) (?:wird|werden|wurde|wurden)\b",
            "easy_passive",
        ),
        (
            r"(?i)\b(?:zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|hundert|tausend)\b",
            "easy_digits",
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


def find_violations(text: str, allowed: frozenset[str] = frozenset(), path: Path = Path()) -> Iterator[Problem]:
    """Yield a hint, with its line, for every violation in the text of a file."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        readable_line = _ADDRESS_OR_COMMAND.sub("Adresse", _LINE_MARKER.sub("", line))
        for code, values in _check_line(readable_line, allowed):
            yield Problem.of(path, number, code, **values)
        if (word_count := len(_sentence_words(lines, number - 1))) > MAX_SENTENCE_WORDS:
            yield Problem.of(path, number, "easy_sentence_long", count=word_count, maximum=MAX_SENTENCE_WORDS)


def _sentence_words(lines: list[str], start: int) -> list[str]:
    """Return the words of the sentence starting on a line; lines in lower case continue it."""
    if lines[start][:1].islower():
        return []  # counted with the line it continues
    end = start + 1
    while end < len(lines) and lines[end][:1].islower():
        end += 1
    return [word for word in " ".join(lines[start:end]).split() if any(map(str.isalnum, word))]


def _check_line(line: str, allowed: frozenset[str]) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the code and the values of each violation in a line."""
    if len(_SENTENCE_BREAK.split(line)) > 1:
        yield "easy_two_sentences", {}
    for word in _WORD.findall(line):
        if word in allowed:
            continue
        if len(word) > MAX_WORD_LETTERS:
            yield "easy_word_long", {"value": word, "count": len(word), "file": ALLOWED_WORDS_FILE}
        elif len(word) > 1 and word.isupper():
            yield "easy_abbreviation_word", {"value": word, "file": ALLOWED_WORDS_FILE}
    for pattern, code in _FORBIDDEN_PATTERNS:
        if match := pattern.search(_BOLD.sub(r"\1", line)):
            yield code, {"value": match[0]}
    if re.search(r"\b[Nn]icht\b", _BOLD.sub("", line)):
        yield "easy_not", {}
