"""Words in PostgreSQL's full-text search, with its own configuration for each language."""

from collections.abc import Sequence

from index.backends.pg_connection import PgDatabase
from index.storage.bm25 import MAX_POSTINGS, MAX_QUESTION_WORDS
from index.text.analyzer import SNOWBALL_ALGORITHMS, tokenize_words

# ts_rank knows nothing of how rare a word is, so each word's rank is weighted by it, as BM25 does. Of the words the
# rarest are asked for, as far as the parts that hold them fit the budget; always at least one.
_SEARCH_SQL = """
    WITH asked AS (
        SELECT DISTINCT lexeme FROM unnest(%s::regconfig[]) AS config, unnest(to_tsvector(config, %s))
    ), known AS (
        SELECT word, parts, sum(parts) OVER (ORDER BY parts, word) AS spent
        FROM {schema}.terms JOIN asked ON word = lexeme
    ), total AS (SELECT count(*) AS n FROM {schema}.words), scored AS (
        SELECT words.entry, words.part, sum(
            ln(1 + (n - parts + 0.5) / (parts + 0.5)) * ts_rank(document, quote_literal(word)::tsquery, 1)
        ) AS score
        FROM total, known JOIN {schema}.words ON document @@ quote_literal(word)::tsquery
        WHERE spent <= %s OR spent = parts GROUP BY words.entry, words.part
    )
    SELECT entry, max(score)::float8 AS best FROM scored GROUP BY entry ORDER BY best DESC, entry LIMIT %s
"""
_COVERAGE_SQL = """
    SELECT coalesce(max(share), 0)::float8 FROM (
        SELECT avg((
            length(to_tsvector(config, asked)) = 0  -- a stop word
            OR EXISTS (SELECT 1 FROM {schema}.terms WHERE word = ANY(tsvector_to_array(to_tsvector(config, asked))))
        )::int) AS share
        FROM unnest(%s::regconfig[]) AS config, unnest(%s::text[]) AS asked GROUP BY config
    ) AS by_language
"""


def text_search_config(lang: str) -> str:
    """The name of PostgreSQL's configuration for a language."""
    return SNOWBALL_ALGORITHMS.get(lang, "simple")


class PgFullTextIndex:
    """The words of one version. Safe to use from several threads."""

    def __init__(self, database: PgDatabase, schema: str, langs: Sequence[str]) -> None:
        self._database, self._schema = database, schema
        self._configurations = list(dict.fromkeys(map(text_search_config, langs)))

    def search_entries(self, question: str, limit: int) -> list[tuple[str, float]]:
        """Entries by their words, best first, each once. Scores are positive; higher is better."""
        values = (self._configurations, _format_query(question), MAX_POSTINGS, limit)
        return [
            (bytes(entry).decode(), score)
            for entry, score in self._database.fetch_rows(_SEARCH_SQL, values, self._schema)
        ]

    def vocabulary_coverage(self, question: str) -> float:
        """The share (0 to 1) of the question's words that an indexed language knows: small in any other language.

        Known are stop words, and words that any entry holds; the best of the indexed languages counts.
        """
        if not (question_words := tokenize_words(question)[:MAX_QUESTION_WORDS]):
            return 0.0
        return float(
            self._database.fetch_rows(_COVERAGE_SQL, (self._configurations, question_words), self._schema)[0][0]
        )


def _format_query(question: str) -> str:
    return " ".join(tokenize_words(question)[:MAX_QUESTION_WORDS])
