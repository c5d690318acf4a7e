"""Lexical search with PostgreSQL's full-text search and its text search configuration for each language."""

from collections.abc import Sequence

from index.backends.pg_connection import PgDatabase
from index.storage.bm25 import MAX_POSTINGS, truncate_words
from index.text.analyzer import SNOWBALL_ALGORITHMS

# ts_rank ignores document frequency, so the rank of each word is weighted by the idf of BM25. Only the rarest words
# whose postings together fit the budget are searched; always at least one.
_SEARCH_SQL = """
    WITH query AS (
        SELECT DISTINCT lexeme FROM unnest(%s::regconfig[]) AS config, unnest(to_tsvector(config, %s))
    ), matched AS (
        SELECT word, parts, sum(parts) OVER (ORDER BY parts, word) AS spent
        FROM {schema}.terms JOIN query ON word = lexeme
    ), total AS (SELECT count(*) AS n FROM {schema}.words), scored AS (
        SELECT words.entry, words.part, sum(
            ln(1 + (n - parts + 0.5) / (parts + 0.5)) * ts_rank(document, quote_literal(word)::tsquery, 1)
        ) AS score
        FROM total, matched JOIN {schema}.words ON document @@ quote_literal(word)::tsquery
        WHERE spent <= %s OR spent = parts GROUP BY words.entry, words.part
    )
    SELECT entry, max(score)::float8 AS best FROM scored GROUP BY entry ORDER BY best DESC, entry LIMIT %s
"""
_COVERAGE_SQL = """
    SELECT coalesce(max(share), 0)::float8 FROM (
        SELECT avg((
            length(to_tsvector(config, term)) = 0  -- a stop word
            OR EXISTS (SELECT 1 FROM {schema}.terms WHERE word = ANY(tsvector_to_array(to_tsvector(config, term))))
        )::int) AS share
        FROM unnest(%s::regconfig[]) AS config, unnest(%s::text[]) AS term GROUP BY config
    ) AS by_language
"""


def text_search_config(lang: str) -> str:
    """Return the name of PostgreSQL's text search configuration for a language."""
    return SNOWBALL_ALGORITHMS.get(lang, "simple")


class PgFullTextIndex:
    """A WordIndex over the words of one version; thread-safe."""

    def __init__(self, database: PgDatabase, schema: str, langs: Sequence[str]) -> None:
        self._database, self._schema = database, schema
        self._configurations = list(dict.fromkeys(map(text_search_config, langs)))

    def search_entries(self, question: str, limit: int) -> list[tuple[str, float]]:
        """Return at most ``limit`` different entry ids with their score (> 0), best first."""
        values = (self._configurations, " ".join(truncate_words(question)), MAX_POSTINGS, limit)
        return [
            (bytes(entry).decode(), score)
            for entry, score in self._database.fetch_rows(_SEARCH_SQL, values, self._schema)
        ]

    def vocabulary_coverage(self, question: str) -> float:
        """Return the share (0 to 1) of a question's words that are known in the best matching indexed language.

        A word is known if it is a stop word or occurs in any entry. The share is small for other languages.
        """
        if not (question_words := truncate_words(question)):
            return 0.0
        values = (self._configurations, question_words)
        return float(self._database.fetch_rows(_COVERAGE_SQL, values, self._schema)[0][0])
