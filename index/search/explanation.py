"""Why a question has its outcome, in figures and words that a person can check. Pure but for the searcher it asks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from index.search.follow_up import in_context
from index.search.near import QUESTION
from index.search.searcher import Abstained, Intended, Searcher
from index.text.analyzer import words
from knowledge.records.entry import Entry

EXAMPLES = 2
MOST_WORDS = 8
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What spoke for an outcome.

    ``entry`` is the nearest entry, empty where there is none; ``probability`` (0 to 1) says how often such an entry
    is right, or, of one that says that the sources are silent, how often they are; ``words`` are those of the
    question that its title or text holds; ``examples`` its example questions that are nearest. ``beside``: the
    question was taken for no question on the subject at all.
    """

    entry: str
    probability: float
    words: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    beside: bool = False


def explain(searcher: Searcher, message: str, title: str = "") -> Explanation:
    """What speaks for the entry nearest to a message, whether it was shown or not.

    ``title`` is that of the entry with which the message was read together, empty where it was read alone.
    """
    question = in_context(message, title) if title else message
    weighed = searcher.weigh(question)
    if weighed is None:
        return Explanation("", 0.0)
    outcome = searcher.decide(weighed)
    silent = isinstance(outcome, Abstained) and outcome.gap
    entry = silent or weighed.ranked[0].target
    by_lang = searcher.opened.searched(entry)
    return Explanation(
        entry,
        outcome.probability if silent else weighed.belief.right,
        tuple(dict.fromkeys(_shared(message, by_lang)))[:MOST_WORDS],
        tuple(islice(_examples(searcher, question, entry), EXAMPLES)),
        beside=isinstance(outcome, Intended) or (isinstance(outcome, Abstained) and outcome.beside),
    )


def _shared(question: str, by_lang: tuple[Entry, ...]) -> Iterator[str]:
    held = {entry.lang: set(words(f"{entry.title} {entry.body}", entry.lang)) for entry in by_lang}
    for word in _WORD.findall(question):
        if any(not found.isdisjoint(words(word, lang)) for lang, found in held.items()):
            yield word


def _examples(searcher: Searcher, question: str, entry: str) -> Iterator[str]:
    opened = searcher.opened
    written = {example for one in opened.searched(entry) for example in one.questions}
    for row in searcher.nearest(question):
        own = opened.kinds[row] == QUESTION and opened.targets[int(opened.owners[row])] == entry
        if own and (text := opened.passage(row)) in written:
            yield text
