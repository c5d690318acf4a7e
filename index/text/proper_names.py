"""Find the proper names of a knowledge base, and mask them in a question. Pure.

"Wer leitet StriveTogether?" is similar to everything about StriveTogether; "Wer leitet …?" is more similar to
questions that the sources leave open than to those that they answer.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from index.text.analyzer import WORD_PATTERN, is_stop_word, stem_word, tokenize_words
from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.records.entry import Entry

MIN_NAME_LENGTH = 3  # characters
ProperNames = frozenset[tuple[str, str]]  # pairs of language and stem
NO_NAMES: ProperNames = frozenset()


def extract_proper_names(entries: Iterable[Entry]) -> ProperNames:
    """Return the words that are spelled the same in all languages of an entry; entries in one language have none."""
    versions: dict[str, list[Entry]] = {}
    for entry in entries:
        versions.setdefault(entry.id, []).append(entry)
    return frozenset(
        pair
        for entry_versions in versions.values()
        if len(entry_versions) > 1
        for pair in _find_common_stems(entry_versions)
    )


def _find_common_stems(versions: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    texts = (f"{version.title}\n{markdown_to_plain(version.body)}" for version in versions)
    for word in set.intersection(*[set(tokenize_words(text)) for text in texts]):
        if len(word) >= MIN_NAME_LENGTH and not word.isdecimal():
            langs = (entry.lang for entry in versions if not is_stop_word(word, entry.lang))
            yield from ((lang, stem_word(word, lang)) for lang in langs)


def mask_names(question: str, names: ProperNames) -> str:
    """Remove these names, in any inflected form, from a question."""
    langs = {lang for lang, _ in names}

    def mask_match(match: re.Match[str]) -> str:
        word = match[0].casefold()
        return "" if any((lang, stem_word(word, lang)) in names for lang in langs) else match[0]

    masked = WORD_PATTERN.sub(mask_match, question) if names else question
    return " ".join(masked.split()).strip(" -")
