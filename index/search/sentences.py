"""Find the sentence of an entry that comes closest to a question.

The sentences of an entry are passages of the index, each with its vector, so a question is compared with them without
encoding anything again.
"""

from dataclasses import dataclass

import numpy as np

from index.search.scoring import Float32Array
from index.storage.reader import IndexReader
from index.text.analyzer import WORD_PATTERN
from knowledge.passages import KINDS, PassageKind
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
        """Whether it clearly leads."""
        return self.margin >= MIN_SENTENCE_MARGIN


def find_sentence(reader: IndexReader, entry: Entry, word: str) -> ScoredSentence | None:
    """Return the first sentence of an entry with a word, or of all; known to be what is asked for. None for none."""
    sentences = reader.entries.get_sentences(entry.id).get(entry.lang, ())
    text = next((text for text in sentences if not word or word.lower() in WORD_PATTERN.findall(text.lower())), None)
    return None if text is None else ScoredSentence(text, 1.0, 1.0)


def find_best_sentence(reader: IndexReader, entry: Entry, vector: Float32Array) -> ScoredSentence | None:
    """Return the sentence nearest to a question, whose ``vector`` has the shape (dimension,).

    None for an entry of one sentence or in a language that is not indexed, and in an index not searched exactly.
    """
    if not reader.vector_index.is_exact:
        return None
    target = reader.target_names.find_number(entry.id)
    rows = np.flatnonzero((reader.row_kinds == SENTENCE_KIND) & (reader.row_targets == target))
    by_lang = reader.entries.get_sentences(entry.id)
    sentences = by_lang.get(entry.lang)
    if not sentences:
        return None
    first = sum(
        len(others) for lang, others in by_lang.items() if lang < entry.lang
    )  # rows are in their files' order
    own_rows = rows[first : first + len(sentences)]
    own_slice = slice(int(own_rows[0]), int(own_rows[-1]) + 1)
    similarities = reader.vector_index.compute_similarities(vector[None], own_slice)[0]
    opens_list = np.array([text.endswith(":") for text in sentences])  # says nothing by itself
    best = int(np.where(opens_list, -np.inf, similarities).argmax())
    text, similarity = sentences[best], float(similarities[best])
    return ScoredSentence(text, similarity, similarity - float(similarities.mean()))
