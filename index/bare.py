"""A question without the name of what it asks about. Pure.

"Wer leitet StriveTogether?" is near to everything about StriveTogether; "Wer leitet …?" shows that nothing we know
about it answers who leads.
"""

import re
from collections.abc import Iterable

from index.words import is_stop_word, stem, tokens

_WORD = re.compile(r"[^\W_]+")


def bare(question: str, titles: Iterable[tuple[str, str]]) -> str:
    """The question without the words of the entry's titles (pairs of language and title), in whatever form."""
    names = {
        (lang, stem(word, lang)) for lang, title in titles for word in tokens(title) if not is_stop_word(word, lang)
    }
    langs = {lang for lang, _ in names}

    def kept(match: re.Match[str]) -> str:
        word = match[0].casefold()
        return "" if any((lang, stem(word, lang)) in names for lang in langs) else match[0]

    return " ".join(_WORD.sub(kept, question).split()).strip(" -")
