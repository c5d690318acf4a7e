"""A question without the names in it. Pure.

"Wer leitet StriveTogether?" is near to everything about StriveTogether; "Wer leitet …?" is nearer to the questions
that the sources leave open than to those that they answer.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from index.text.analyzer import is_stop_word, stem, tokens
from knowledge.parsing.plain_text import plain
from knowledge.records.entry import Entry

SHORTEST = 3  # letters of a name
ProperNames = frozenset[tuple[str, str]]
NONE: ProperNames = frozenset()
_WORD = re.compile(r"[^\W_]+")


def proper_names(entries: Iterable[Entry]) -> ProperNames:
    """The names in entries: what is spelled alike in all languages of an entry, as pairs of language and stem."""
    versions: dict[str, list[Entry]] = {}
    for entry in entries:
        versions.setdefault(entry.id, []).append(entry)
    return frozenset(pair for found in versions.values() if len(found) > 1 for pair in _alike(found))


def _alike(versions: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    words = set.intersection(*[set(tokens(f"{version.title}\n{plain(version.body)}")) for version in versions])
    for word in words:
        if len(word) >= SHORTEST and not word.isdecimal():
            yield from ((one.lang, stem(word, one.lang)) for one in versions if not is_stop_word(word, one.lang))


def bare(question: str, known: ProperNames) -> str:
    """The question without these names in whatever form."""
    langs = {lang for lang, _ in known}

    def kept(match: re.Match[str]) -> str:
        word = match[0].casefold()
        return "" if any((lang, stem(word, lang)) in known for lang in langs) else match[0]

    left = _WORD.sub(kept, question) if known else question
    return " ".join(left.split()).strip(" -")
