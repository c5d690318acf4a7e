"""BM25 over SQLite FTS5. One row is one part of an entry's text with the entry's example questions beside it."""

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

from index.errors import IndexUnusable
from index.text.analyzer import is_stop_word, stem, tokens, words

Row = tuple[str, str, str, str]  # entry id, language, text, questions
TEXT_WEIGHT, QUESTIONS_WEIGHT = 1.0, 1.0
KEPT = 2_048  # texts whose words are kept, for a build that follows upon another
MAX_WORDS = 64  # a pasted page must not become a query of thousands of terms
MAX_POSTINGS = 3_000  # rows that the terms of one query may hold together: BM25 takes over 1 ms for each 1,000
# Entries are looked up for the best rows only.
_SEARCH = """
    WITH scored AS (SELECT rowid AS part, -bm25(parts, 0, 0, ?, ?) AS score FROM parts WHERE parts MATCH ? LIMIT ?),
    best AS (SELECT part, score FROM scored ORDER BY score DESC LIMIT ?)
    SELECT parts.entry, best.score FROM best JOIN parts ON parts.rowid = best.part ORDER BY best.score DESC
"""


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write a new FTS5 file; words are normalised by the row's language."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE VIRTUAL TABLE parts USING fts5(entry UNINDEXED, lang UNINDEXED, text, questions)")
        connection.executemany(
            "INSERT INTO parts VALUES (?, ?, ?, ?)",
            ((entry, lang, _written(text, lang), _written(questions, lang)) for entry, lang, text, questions in rows),
        )
        connection.execute("INSERT INTO parts(parts) VALUES ('optimize')")
        connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(parts, 'row')")
        connection.execute("CREATE TABLE df (term TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID")
        connection.execute("INSERT INTO df SELECT term, doc FROM terms")
    connection.close()


@lru_cache(maxsize=KEPT)
def _written(text: str, lang: str) -> str:
    return " ".join(words(text, lang))


class Lexical:
    """The FTS5 file opened for reading; safe to use from several threads."""

    def __init__(self, path: Path, max_postings: int = MAX_POSTINGS) -> None:
        self._path = path
        self._max_postings = max_postings
        self._local = threading.local()
        self._first: sqlite3.Connection | None = None
        try:
            self._langs = [lang for (lang,) in self._connection().execute("SELECT DISTINCT lang FROM parts")]
        except sqlite3.Error as error:
            raise IndexUnusable(f"{path} is damaged ({error}). Run: gwbot index build") from None

    def search(self, question: str, limit: int) -> list[tuple[str, float]]:
        """Entries by BM25, best first, each once. Scores are positive; higher is better."""
        terms = self._affordable(self.terms(question))
        if not terms:
            return []
        weights, query = (TEXT_WEIGHT, QUESTIONS_WEIGHT), " OR ".join(map(_quoted, terms))
        found = self._connection().execute(_SEARCH, (*weights, query, self._max_postings, limit * 4))
        best: dict[str, float] = {}
        for entry, score in found:
            best.setdefault(entry, score)
        return list(best.items())[:limit]

    def terms(self, question: str) -> list[str]:
        """The question's words as any of the indexed languages would store them, each once."""
        found = dict.fromkeys(term for lang in self._langs for term in words(question, lang))
        return list(found)[:MAX_WORDS]

    def _affordable(self, terms: Sequence[str]) -> list[str]:
        """The rarest terms, in their order, as far as their postings fit the budget; always at least one."""
        known = self._held(terms)
        rarest = sorted(terms, key=lambda term: known.get(term, 0))
        spent = accumulate(known.get(term, 0) for term in rarest)
        kept = {term for term, postings in zip(rarest, spent, strict=True) if postings <= self._max_postings}
        return [term for term in terms if term in kept] or rarest[:1]

    def _held(self, terms: Sequence[str]) -> dict[str, int]:
        """Which of the terms the index holds, and in how many rows."""
        marks = ", ".join("?" * len(terms))
        return dict(self._connection().execute(f"SELECT term, n FROM df WHERE term IN ({marks})", terms))  # noqa: S608

    def familiar(self, question: str) -> float:
        """The share (0 to 1) of the question's words that an indexed language knows: small in any other language.

        Known are stop words, and words that any entry holds; the best of the indexed languages counts.
        """
        found = tokens(question)[:MAX_WORDS]
        held = self._held(list({stem(word, lang) for word in found for lang in self._langs}))
        known = (sum(is_stop_word(word, lang) or stem(word, lang) in held for word in found) for lang in self._langs)
        return max(known, default=0) / max(len(found), 1)

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            self._local.connection = self._opened()
        connection: sqlite3.Connection = self._local.connection
        return connection

    def _opened(self) -> sqlite3.Connection:
        """A connection of this thread's own; where the file is gone the first one, which threads may share."""
        uri = f"{self._path.resolve().as_uri()}?mode=ro&immutable=1"
        try:
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.OperationalError:
            if self._first is None:
                raise
            return self._first
        self._first = self._first or connection
        return connection


def _quoted(term: str) -> str:
    """A term as an FTS5 string: whatever it holds, it is never syntax."""
    return '"' + term.replace('"', '""') + '"'
