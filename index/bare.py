"""A question without the names of what it asks about. Pure.

"Wer leitet StriveTogether?" is near to everything about StriveTogether; "Wer leitet …?" shows that nothing we know
about it answers who leads.
"""

import re
from collections.abc import Iterable

from index.words import is_stop_word, stem, tokens
from knowledge.entry import Entry
from knowledge.plain import plain

SHORTEST = 3  # letters of a name
Names = frozenset[tuple[str, str]]
_WORD = re.compile(r"[^\W_]+")


def names(entries: Iterable[Entry]) -> Names:
    """What an entry is about by name, as pairs of language and stem; ``entries`` are its versions in all languages.

    These are the words of its titles, and those that are spelled alike in every version, as names are.
    """
    versions = list(entries)
    texts = [set(tokens("\n".join((version.title, plain(version.body))))) for version in versions]
    alike = set.intersection(*texts) if len(texts) > 1 else set()
    return frozenset(
        (version.lang, stem(word, version.lang))
        for version in versions
        for word in alike.union(tokens(version.title))
        if len(word) >= SHORTEST and not word.isdecimal() and not is_stop_word(word, version.lang)
    )


def bare(question: str, known: Names) -> str:
    """The question without these names in whatever form."""
    langs = {lang for lang, _ in known}

    def kept(match: re.Match[str]) -> str:
        word = match[0].casefold()
        return "" if any((lang, stem(word, lang)) in known for lang in langs) else match[0]

    return " ".join(_WORD.sub(kept, question).split()).strip(" -")
