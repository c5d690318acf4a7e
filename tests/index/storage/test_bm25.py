"""BM25 over FTS5."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.errors import IndexUnusable
from index.storage.bm25 import Bm25Index, WordIndexWriter

ROWS = [
    ("bocholt", "de", "Die Bürger*innen von Bocholt helfen einander.", "Was macht Bocholt?"),
    ("bocholt", "en", "The people of Bocholt help each other.", "What does Bocholt do?"),
    ("vision", "de", "Eine Vision gibt Kraft.", "Wozu eine Vision?"),
]


def write_rows(path: Path, rows: Sequence[tuple[str, str, str, str]]) -> None:
    with WordIndexWriter(path) as writer:
        for row in rows:
            writer.add_row(*row)


@pytest.fixture(scope="module")
def word_index(tmp_path_factory: pytest.TempPathFactory) -> Bm25Index:
    """A small index in two languages."""
    path = tmp_path_factory.mktemp("lexical") / "words.db"
    write_rows(path, ROWS)
    return Bm25Index(path)


def test_entries_are_found_by_word(word_index: Bm25Index) -> None:
    """Each entry is found once, by a word in any form or language."""
    assert [entry for entry, _ in word_index.search_entries("Hilfe für Buerger in Bocholt", 5)] == ["bocholt"]
    assert [entry for entry, _ in word_index.search_entries("people", 5)] == ["bocholt"]


def test_vocabulary_coverage(word_index: Bm25Index) -> None:
    """Words of an indexed language are known, as stop words or from an entry; those of another are not."""
    assert word_index.vocabulary_coverage("Was macht Bocholt mit einer Vision?") == 1.0
    assert word_index.vocabulary_coverage("¿Quién dirige el proyecto?") < 0.3
    assert word_index.vocabulary_coverage("") == 0.0


@given(st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_text_is_never_syntax(word_index: Bm25Index, text: str) -> None:
    """Whatever a person types is searched for, and never executed as a query."""
    word_index.search_entries(text, 5)
    assert 0 <= word_index.vocabulary_coverage(text) <= 1


@pytest.mark.parametrize(
    "text", ['" OR 1', "NEAR(a b)", "text:*", "bocholt AND NOT bocholt", "'; DROP TABLE parts --"]
)
def test_query_syntax_is_harmless(word_index: Bm25Index, text: str) -> None:
    """The query syntax of FTS5 and SQL has no effect in a question."""
    word_index.search_entries(text, 5)

    assert [entry for entry, _ in word_index.search_entries("Bocholt", 5)] == ["bocholt"]


def test_damaged_file(tmp_path: Path) -> None:
    """A damaged file is a clear error."""
    (tmp_path / "words.db").write_bytes(b"x" * 4096)

    with pytest.raises(IndexUnusable, match="gwbot index build"):
        Bm25Index(tmp_path / "words.db")


def test_terms_of_a_pasted_page_are_limited(word_index: Bm25Index) -> None:
    """A page of text becomes a query of bounded size."""
    assert len(word_index.query_terms(" ".join(f"wort{number}" for number in range(5000)))) <= 64


def test_opened_index_is_read_only(word_index: Bm25Index) -> None:
    """The opened index is read-only."""
    with pytest.raises(sqlite3.OperationalError):
        word_index._get_connection().execute("DELETE FROM parts")


def test_rare_words_come_first_within_a_budget(tmp_path: Path) -> None:
    """With a small budget of postings, a question is searched by its rarest words, and at least by one."""
    rows = [(f"eintrag-{number}", "de", "Netzwerk Wirkung", "") for number in range(20)]
    write_rows(tmp_path / "words.db", [*rows, ("selten", "de", "Netzwerk Wirkung Schnabeltier", "")])

    def count_hits(question: str, max_postings: int) -> int:
        return len(Bm25Index(tmp_path / "words.db", max_postings).search_entries(question, 40))

    assert count_hits("Netzwerk Schnabeltier", 1000) == 21
    assert count_hits("Netzwerk Schnabeltier", 20) == 1
    assert count_hits("Netzwerk Wirkung", 5) == 5


def test_budget_has_no_effect_on_a_small_folder(word_index: Bm25Index) -> None:
    """If all postings are within the budget, scores are the same as without one."""
    unbounded = Bm25Index(word_index._path, 10**9)

    for question in ("Hilfe für Bürger in Bocholt", "Wozu eine Vision?", "people help Kraft"):
        assert word_index.search_entries(question, 5) == unbounded.search_entries(question, 5)
