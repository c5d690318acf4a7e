"""Find the proper names of a knowledge base, and mask them in a question. Pure.

"Wer leitet StriveTogether?" is similar to everything about StriveTogether; "Wer leitet …?" is more similar to
questions that the sources leave open than to those that they answer.
"""

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from index.text.analyzer import WORD_PATTERN, is_stop_word, stem_word, tokenize_words
from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.records.entry import Entry

MIN_NAME_LENGTH = 3  # characters
MIN_KEPT_SHARE = 0.75  # of the entries with a name, those that have it in every language
MAX_LOWER_CASE_SHARE = 0.2  # of the entries with a name, those that have it in lower case
_ADDRESS = re.compile(r"\S+[.@/]\S+")
_Stem = tuple[str, str]  # language and stem
ProperNames = frozenset[_Stem]
NO_NAMES: ProperNames = frozenset()


def extract_proper_names(entries: Iterable[Entry]) -> ProperNames:
    """Return the words that survive translation and are capitalised; entries in one language have none.

    A word is a name if, in each language, most entries that have it in any form have it in every language, and hardly
    any in lower case: "Region" becomes "region", and "Stiftung" mostly "foundation".
    """
    versions: dict[str, list[Entry]] = {}
    for entry in entries:
        versions.setdefault(entry.id, []).append(entry)
    total, kept, in_lower_case = Counter[_Stem](), Counter[_Stem](), Counter[_Stem]()
    names: set[str] = set()
    for entry_versions in versions.values():
        if len(entry_versions) < 2:
            continue
        texts = {version.lang: f"{version.title}\n{markdown_to_plain(version.body)}" for version in entry_versions}
        words = {lang: set(tokenize_words(text)) for lang, text in texts.items()}
        common = set.intersection(*words.values())
        names |= {word for word in common if len(word) >= MIN_NAME_LENGTH and not word.isdecimal()}
        for lang, text in texts.items():
            written = WORD_PATTERN.findall(_ADDRESS.sub("", text))
            total.update(_stem_words(words[lang], lang))
            kept.update(_stem_words(common, lang))
            in_lower_case.update(_stem_words((word for word in written if word.islower()), lang))
    langs = {lang for lang, _ in total}
    return frozenset(
        stem
        for name in names
        if all(
            kept[stem] >= MIN_KEPT_SHARE * total[stem] and in_lower_case[stem] <= MAX_LOWER_CASE_SHARE * total[stem]
            for stem in _stem_words((name,), *langs)
        )
        for stem in _stem_words((name,), *langs)
        if not is_stop_word(name, stem[0])
    )


def _stem_words(words: Iterable[str], *langs: str) -> set[_Stem]:
    return {(lang, stem_word(word.casefold(), lang)) for word in words for lang in langs}


@lru_cache(maxsize=8)
def _languages_of(names: ProperNames) -> frozenset[str]:
    return frozenset(lang for lang, _ in names)


def mask_names(question: str, names: ProperNames) -> str:
    """Remove these names, in any inflected form, from a question."""
    langs = _languages_of(names)

    def mask_match(match: re.Match[str]) -> str:
        word = match[0].casefold()
        return "" if any((lang, stem_word(word, lang)) in names for lang in langs) else match[0]

    masked = WORD_PATTERN.sub(mask_match, question) if names else question
    return " ".join(masked.split()).strip(" -")
