"""BM25 over SQLite FTS5. One row is one part of an entry's text with the entry's example questions beside it."""

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

from index.errors import IndexUnusable
from index.text.analyzer import extract_terms, is_stop_word, stem_word, tokenize_words

WordRow = tuple[str, str, str, str]  # entry id, language, text, questions
TEXT_WEIGHT, QUESTIONS_WEIGHT = 1.0, 1.0
TERM_CACHE_SIZE = 2_048  # texts whose words are kept, for a build that follows upon another
MAX_QUESTION_WORDS = 64  # a pasted page must not become a query of thousands of terms
MAX_POSTINGS = 3_000  # rows that the terms of one query may hold together: BM25 takes over 1 ms for each 1,000
# Entries are looked up for the best rows only.
_SEARCH_SQL = """
    WITH scored AS (SELECT rowid AS part, -bm25(parts, 0, 0, ?, ?) AS score FROM parts WHERE parts MATCH ? LIMIT ?),
    best AS (SELECT part, score FROM scored ORDER BY score DESC LIMIT ?)
    SELECT parts.entry, best.score FROM best JOIN parts ON parts.rowid = best.part ORDER BY best.score DESC
"""


def write_word_index(path: Path, rows: Iterable[WordRow]) -> None:
    """Write a new FTS5 file; words are normalised by the row's language."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE VIRTUAL TABLE parts USING fts5(entry UNINDEXED, lang UNINDEXED, text, questions)")
        connection.executemany(
            "INSERT INTO parts VALUES (?, ?, ?, ?)",
            (
                (entry, lang, _join_terms(text, lang), _join_terms(questions, lang))
                for entry, lang, text, questions in rows
            ),
        )
        connection.execute("INSERT INTO parts(parts) VALUES ('optimize')")
        connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(parts, 'row')")
        connection.execute("CREATE TABLE df (term TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID")
        connection.execute("INSERT INTO df SELECT term, doc FROM terms")
    connection.close()


@lru_cache(maxsize=TERM_CACHE_SIZE)
def _join_terms(text: str, lang: str) -> str:
    return " ".join(extract_terms(text, lang))


class Bm25Index:
    """The FTS5 file opened for reading; safe to use from several threads."""

    def __init__(self, path: Path, max_postings: int = MAX_POSTINGS) -> None:
        self._path = path
        self._max_postings = max_postings
        self._thread_local = threading.local()
        self._first_connection: sqlite3.Connection | None = None
        try:
            self._langs = [lang for (lang,) in self._get_connection().execute("SELECT DISTINCT lang FROM parts")]
        except sqlite3.Error as error:
            raise IndexUnusable(f"{path} is damaged ({error}). Run: gwbot index build") from None

    def search_entries(self, question: str, limit: int) -> list[tuple[str, float]]:
        """Entries by BM25, best first, each once. Scores are positive; higher is better."""
        terms = self._limit_terms(self.query_terms(question))
        if not terms:
            return []
        weights, query = (TEXT_WEIGHT, QUESTIONS_WEIGHT), " OR ".join(map(_quote_term, terms))
        rows = self._get_connection().execute(_SEARCH_SQL, (*weights, query, self._max_postings, limit * 4))
        best_scores: dict[str, float] = {}
        for entry, score in rows:
            best_scores.setdefault(entry, score)
        return list(best_scores.items())[:limit]

    def query_terms(self, question: str) -> list[str]:
        """The question's words as any of the indexed languages would store them, each once."""
        terms = dict.fromkeys(term for lang in self._langs for term in extract_terms(question, lang))
        return list(terms)[:MAX_QUESTION_WORDS]

    def _limit_terms(self, terms: Sequence[str]) -> list[str]:
        """The rarest terms, in their order, as far as their postings fit the budget; always at least one."""
        frequencies = self._document_frequencies(terms)
        rarest = sorted(terms, key=lambda term: frequencies.get(term, 0))
        running_totals = accumulate(frequencies.get(term, 0) for term in rarest)
        affordable = {
            term for term, postings in zip(rarest, running_totals, strict=True) if postings <= self._max_postings
        }
        return [term for term in terms if term in affordable] or rarest[:1]

    def _document_frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """Which of the terms the index holds, and in how many rows."""
        placeholders = ", ".join("?" * len(terms))
        return dict(self._get_connection().execute(f"SELECT term, n FROM df WHERE term IN ({placeholders})", terms))  # noqa: S608

    def vocabulary_coverage(self, question: str) -> float:
        """The share (0 to 1) of the question's words that an indexed language knows: small in any other language.

        Known are stop words, and words that any entry holds; the best of the indexed languages counts.
        """
        question_words = tokenize_words(question)[:MAX_QUESTION_WORDS]
        frequencies = self._document_frequencies(
            list({stem_word(word, lang) for word in question_words for lang in self._langs})
        )
        known_counts = (
            sum(is_stop_word(word, lang) or stem_word(word, lang) in frequencies for word in question_words)
            for lang in self._langs
        )
        return max(known_counts, default=0) / max(len(question_words), 1)

    def _get_connection(self) -> sqlite3.Connection:
        if not hasattr(self._thread_local, "connection"):
            self._thread_local.connection = self._open_connection()
        connection: sqlite3.Connection = self._thread_local.connection
        return connection

    def _open_connection(self) -> sqlite3.Connection:
        """A connection of this thread's own; where the file is gone the first one, which threads may share."""
        uri = f"{self._path.resolve().as_uri()}?mode=ro&immutable=1"
        try:
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.OperationalError:
            if self._first_connection is None:
                raise
            return self._first_connection
        self._first_connection = self._first_connection or connection
        return connection


def _quote_term(term: str) -> str:
    """A term as an FTS5 string: whatever it holds, it is never syntax."""
    return '"' + term.replace('"', '""') + '"'
