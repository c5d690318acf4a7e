"""BM25 over SQLite FTS5 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009).

One row holds one passage of an entry's text and the entry's example questions.
"""

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

from index.errors import REBUILD_HINT, IndexUnusable
from index.text.analyzer import extract_terms, is_stop_word, stem_word, tokenize_words

TEXT_WEIGHT, QUESTIONS_WEIGHT = 1.0, 1.0
TERM_CACHE_SIZE = 2_048  # texts whose terms are cached for the next build in the same process
MAX_QUESTION_WORDS = 64  # so that a pasted page does not become a query of thousands of terms
MAX_POSTINGS = 3_000  # total postings of the terms of a query: BM25 takes more than 1 ms per 1,000
# Entry ids are looked up for the best rows only.
_SEARCH_SQL = """
    WITH scored AS (SELECT rowid AS part, -bm25(parts, 0, 0, ?, ?) AS score FROM parts WHERE parts MATCH ? LIMIT ?),
    best AS (SELECT part, score FROM scored ORDER BY score DESC LIMIT ?)
    SELECT parts.entry, best.score FROM best JOIN parts ON parts.rowid = best.part ORDER BY best.score DESC
"""


class WordIndexWriter(AbstractContextManager["WordIndexWriter"]):
    """Write a new FTS5 file, to be used with ``with``; the file is complete when the block has ended."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        columns = "entry UNINDEXED, lang UNINDEXED, text, questions"
        self._connection.execute(f"CREATE VIRTUAL TABLE parts USING fts5({columns})")

    def add_row(self, entry_id: str, lang: str, text: str, questions: str) -> None:
        """Append one row; text and questions are stored as the terms of ``lang``."""
        row = entry_id, lang, _join_terms(text, lang), _join_terms(questions, lang)
        self._connection.execute("INSERT INTO parts VALUES (?, ?, ?, ?)", row)

    def __exit__(self, error_type: type[BaseException] | None, *_: object) -> None:
        with closing(self._connection), self._connection:
            if error_type is None:
                self._connection.execute("INSERT INTO parts(parts) VALUES ('optimize')")
                self._connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(parts, 'row')")
                self._connection.execute("CREATE TABLE df (term TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID")
                self._connection.execute("INSERT INTO df SELECT term, doc FROM terms")


def truncate_words(question: str) -> list[str]:
    """Return the first MAX_QUESTION_WORDS words of a question, in lower case."""
    return tokenize_words(question)[:MAX_QUESTION_WORDS]


@lru_cache(maxsize=TERM_CACHE_SIZE)
def _join_terms(text: str, lang: str) -> str:
    return " ".join(extract_terms(text, lang))


class Bm25Index:
    """A word index in an FTS5 file, opened read-only; thread-safe.

    Raises:
        IndexUnusable: the file is damaged.
    """

    def __init__(self, path: Path, max_postings: int = MAX_POSTINGS) -> None:
        self._path = path
        self._max_postings = max_postings
        self._thread_local = threading.local()
        self._first_connection: sqlite3.Connection | None = None
        try:
            self._langs = [lang for (lang,) in self._get_connection().execute("SELECT DISTINCT lang FROM parts")]
        except sqlite3.Error as error:
            raise IndexUnusable(f"{path} is damaged ({error}). {REBUILD_HINT}") from None

    def search_entries(self, question: str, limit: int) -> list[tuple[str, float]]:
        """Return at most ``limit`` different entry ids with their best BM25 score (> 0), best first."""
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
        """Return the distinct terms of a question, stemmed in each indexed language; at most MAX_QUESTION_WORDS."""
        terms = dict.fromkeys(term for lang in self._langs for term in extract_terms(question, lang))
        return list(terms)[:MAX_QUESTION_WORDS]

    def _limit_terms(self, terms: Sequence[str]) -> list[str]:
        """Return the rarest terms whose postings together fit the budget, in query order; at least one."""
        frequencies = self._document_frequencies(terms)
        rarest = sorted(terms, key=lambda term: frequencies.get(term, 0))
        running_totals = accumulate(frequencies.get(term, 0) for term in rarest)
        ranked = zip(rarest, running_totals, strict=True)
        affordable = {term for term, total in ranked if total <= self._max_postings}
        return [term for term in terms if term in affordable] or rarest[:1]

    def _document_frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """Return the number of rows of each term that the index contains."""
        placeholders = ", ".join("?" * len(terms))
        return dict(self._get_connection().execute(f"SELECT term, n FROM df WHERE term IN ({placeholders})", terms))  # noqa: S608

    def vocabulary_coverage(self, question: str) -> float:
        """Return the share (0 to 1) of a question's words that are known in the best matching indexed language.

        A word is known if it is a stop word or occurs in any entry. The share is small for other languages.
        """
        question_words = truncate_words(question)
        stems = {stem_word(word, lang) for word in question_words for lang in self._langs}
        frequencies = self._document_frequencies(list(stems))
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
        """Open a connection for this thread; if the file is gone, share the first one instead."""
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
    """Quote a term as an FTS5 string, so that no part of it is query syntax."""
    return '"' + term.replace('"', '""') + '"'
