"""Explain a result with figures and words that people can check."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from index.decision.calibration import Decision
from index.search.result import SearchResult
from index.search.scoring import MAX_NEIGHBOURS, QUESTION_KIND
from index.storage.reader import IndexReader
from index.text.analyzer import WORD_PATTERN, extract_terms
from knowledge.records.entry import Entry

MAX_EXAMPLES = 2
MAX_MATCHED_WORDS = 8


@dataclass(frozen=True, slots=True)
class Explanation:
    """The evidence for a result.

    Attributes:
        entry: the gap of an abstention, else the nearest entry, whether or not it was shown; None without hits.
        probability: that this entry answers, or for a gap that the sources do not, 0 to 1.
        matched_words: words of the message that the entry's title or text contains.
        examples: its example questions most similar to the message.
        sentence: the sentence of an answer that comes closest to the message; "" if that cannot be told.
        off_topic: the message was not recognised as a question on the subject.
    """

    entry: Entry | None = None
    probability: float = 0.0
    matched_words: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    sentence: str = ""
    off_topic: bool = False


def explain_result(reader: IndexReader, result: SearchResult, message: str, lang: str) -> Explanation:
    """Explain the result for a message; ``lang`` is the language of the explanation's entry.

    Loads what only an explanation needs: the entry in every language, and the example questions.
    """
    if result.probabilities is None:
        return Explanation()
    is_gap = result.decision is Decision.ABSTAIN and result.entry is not None
    entry = result.entry or reader.get_entry(result.hits[0].target, lang)
    versions = reader.searchable_entries(entry.id)
    is_answer = result.decision is Decision.ANSWER
    return Explanation(
        entry,
        result.probability if is_gap else result.probabilities.correct,
        tuple(dict.fromkeys(_match_words(message, versions)))[:MAX_MATCHED_WORDS],
        tuple(islice(_nearest_examples(reader, result, versions), MAX_EXAMPLES)),
        result.detail.text if is_answer and result.detail else "",
        off_topic=result.decision is Decision.SMALL_TALK or result.off_topic,
    )


def _match_words(message: str, versions: tuple[Entry, ...]) -> Iterator[str]:
    stems_by_lang = {entry.lang: set(extract_terms(f"{entry.title} {entry.body}", entry.lang)) for entry in versions}
    for word in WORD_PATTERN.findall(message):
        if any(not stems.isdisjoint(extract_terms(word, lang)) for lang, stems in stems_by_lang.items()):
            yield word


def _nearest_examples(reader: IndexReader, result: SearchResult, versions: tuple[Entry, ...]) -> Iterator[str]:
    current_questions = {example for version in versions for example in version.questions}
    assert result.query_vector is not None
    rows, _ = reader.vector_index.find_nearest(result.query_vector, MAX_NEIGHBOURS)
    for row in rows[reader.row_kinds[rows] == QUESTION_KIND].tolist():
        is_own = reader.target_names[int(reader.row_targets[row])] == versions[0].id
        if is_own and (text := reader.read_passage(row)) in current_questions:
            yield text
