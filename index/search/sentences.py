"""Find the sentence of an entry that comes closest to a question.

The sentences of an entry are passages of the index, each with its vector, so a question is compared with them without
encoding anything again.
"""

from dataclasses import dataclass

import numpy as np

from index.search.scoring import Float32Array
from index.storage.reader import IndexReader
from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.passages import KINDS, PassageKind, sentence_passages
from knowledge.records.entry import Entry

MIN_SENTENCE_MARGIN = 0.15  # over the mean of an entry's sentences, to be sure of the best; see docs/figures.md
SENTENCE_KIND = KINDS.index(PassageKind.SENTENCE)


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """A sentence of an entry.

    ``similarity`` is its cosine with the question, ``margin`` its lead over the mean of the entry's sentences.
    """

    text: str
    similarity: float
    margin: float

    @property
    def is_sure(self) -> bool:
        """Whether it clearly leads, and says something itself: what ends with a colon only opens a list."""
        return self.margin >= MIN_SENTENCE_MARGIN and not self.text.endswith(":")


def find_best_sentence(reader: IndexReader, entry: Entry, vector: Float32Array) -> ScoredSentence | None:
    """Return the sentence nearest to a question, whose ``vector`` has the shape (dimension,).

    None for an entry of one sentence or in a language that is not indexed, and in an index not searched exactly.
    """
    if not reader.vector_index.is_exact:
        return None
    target = reader.target_names.find_number(entry.id)
    rows = np.flatnonzero((reader.row_kinds == SENTENCE_KIND) & (reader.row_targets == target))
    versions = _versions(reader, entry)
    by_lang = {version.lang: sentence_passages(markdown_to_plain(version.body)) for version in versions}
    if entry.lang not in by_lang or sum(map(len, by_lang.values())) != len(rows) or not by_lang[entry.lang]:
        return None
    first = sum(len(sentences) for lang, sentences in by_lang.items() if lang < entry.lang)
    own_rows = rows[first : first + len(by_lang[entry.lang])]
    own_slice = slice(int(own_rows[0]), int(own_rows[-1]) + 1)
    similarities = reader.vector_index.compute_similarities(vector[None], own_slice)[0]
    best = int(similarities.argmax())
    text, similarity = by_lang[entry.lang][best], float(similarities[best])
    return ScoredSentence(text, similarity, similarity - float(similarities.mean()))


def _versions(reader: IndexReader, entry: Entry) -> list[Entry]:
    """Return an entry in each searched language, in the order of their rows: that of their files."""
    return sorted(reader.searchable_entries(entry.id), key=lambda version: version.lang)
