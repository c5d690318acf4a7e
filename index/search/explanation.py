"""Why a question has its outcome, in figures and words that a person can check. Pure but for the searcher it asks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from index.search.follow_up import contextual_query
from index.search.near import QUESTION_KIND
from index.search.searcher import IntentMatch, NoMatch, Searcher
from index.text.analyzer import extract_terms
from knowledge.records.entry import Entry

MAX_EXAMPLES = 2
MAX_MATCHED_WORDS = 8
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What spoke for an outcome.

    ``entry`` is the nearest entry, empty where there is none; ``probability`` (0 to 1) says how often such an entry
    is right, or, of one that says that the sources are silent, how often they are; ``words`` are those of the
    question that its title or text holds; ``examples`` its example questions that are nearest. ``beside``: the
    question was taken for no question on the subject at all.
    """

    entry_id: str
    probability: float
    matched_words: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    off_topic: bool = False


def build_explanation(searcher: Searcher, message: str, context_title: str = "") -> Explanation:
    """What speaks for the entry nearest to a message, whether it was shown or not.

    ``title`` is that of the entry with which the message was read together, empty where it was read alone.
    """
    question = contextual_query(message, context_title) if context_title else message
    scored = searcher.score_query(question)
    if scored is None:
        return Explanation("", 0.0)
    outcome = searcher.decide_outcome(scored)
    gap_id = isinstance(outcome, NoMatch) and outcome.gap_id
    entry_id = gap_id or scored.hits[0].target
    versions = searcher.reader.searchable_entries(entry_id)
    return Explanation(
        entry_id,
        outcome.probability if gap_id else scored.probabilities.correct,
        tuple(dict.fromkeys(_match_words(message, versions)))[:MAX_MATCHED_WORDS],
        tuple(islice(_nearest_examples(searcher, question, entry_id), MAX_EXAMPLES)),
        off_topic=isinstance(outcome, IntentMatch) or (isinstance(outcome, NoMatch) and outcome.off_topic),
    )


def _match_words(question: str, versions: tuple[Entry, ...]) -> Iterator[str]:
    stems_by_lang = {entry.lang: set(extract_terms(f"{entry.title} {entry.body}", entry.lang)) for entry in versions}
    for word in _WORD.findall(question):
        if any(not stems.isdisjoint(extract_terms(word, lang)) for lang, stems in stems_by_lang.items()):
            yield word


def _nearest_examples(searcher: Searcher, question: str, entry_id: str) -> Iterator[str]:
    reader = searcher.reader
    current_questions = {example for version in reader.searchable_entries(entry_id) for example in version.questions}
    for row in searcher.nearest_rows(question):
        is_own_question = (
            reader.row_kinds[row] == QUESTION_KIND and reader.target_names[int(reader.row_targets[row])] == entry_id
        )
        if is_own_question and (text := reader.read_passage(row)) in current_questions:
            yield text
