"""BM25 over FTS5."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.errors import IndexUnusable
from index.storage.bm25 import Lexical, write

ROWS = [
    ("bocholt", "de", "Die Bürger*innen von Bocholt helfen einander.", "Was macht Bocholt?"),
    ("bocholt", "en", "The people of Bocholt help each other.", "What does Bocholt do?"),
    ("vision", "de", "Eine Vision gibt Kraft.", "Wozu eine Vision?"),
]


@pytest.fixture(scope="module")
def lexical(tmp_path_factory: pytest.TempPathFactory) -> Lexical:
    """A small index in two languages."""
    path = tmp_path_factory.mktemp("lexical") / "words.db"
    write(path, ROWS)
    return Lexical(path)


def test_finds_by_word(lexical: Lexical) -> None:
    """Each entry is found once, by a word in any form or language."""
    assert [entry for entry, _ in lexical.search("Hilfe für Buerger in Bocholt", 5)] == ["bocholt"]
    assert [entry for entry, _ in lexical.search("people", 5)] == ["bocholt"]


def test_familiar_words(lexical: Lexical) -> None:
    """Words of an indexed language are known, by its stop words or by any entry; those of another are not."""
    assert lexical.familiar("Was macht Bocholt mit einer Vision?") == 1.0
    assert lexical.familiar("¿Quién dirige el proyecto?") < 0.3
    assert lexical.familiar("") == 0.0


@given(st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_is_syntax(lexical: Lexical, text: str) -> None:
    """Whatever a person types, it is searched for and never run as a query."""
    lexical.search(text, 5)
    assert 0 <= lexical.familiar(text) <= 1


@pytest.mark.parametrize(
    "text", ['" OR 1', "NEAR(a b)", "text:*", "bocholt AND NOT bocholt", "'; DROP TABLE parts --"]
)
def test_query_syntax_is_harmless(lexical: Lexical, text: str) -> None:
    """The query language of FTS5 and SQL has no power in a question."""
    lexical.search(text, 5)

    assert [entry for entry, _ in lexical.search("Bocholt", 5)] == ["bocholt"]


def test_damaged_file(tmp_path: Path) -> None:
    """A damaged file is a clear error."""
    (tmp_path / "words.db").write_bytes(b"x" * 4096)

    with pytest.raises(IndexUnusable, match="gwbot index build"):
        Lexical(tmp_path / "words.db")


def test_terms_of_a_pasted_page_are_limited(lexical: Lexical) -> None:
    """A page of text becomes a query of bounded size."""
    assert len(lexical.terms(" ".join(f"wort{number}" for number in range(5000)))) <= 64


def test_index_cannot_be_written_through(lexical: Lexical) -> None:
    """The opened index is read-only."""
    with pytest.raises(sqlite3.OperationalError):
        lexical._connection().execute("DELETE FROM parts")


def test_rare_words_come_first_where_not_all_can_be_afforded(tmp_path: Path) -> None:
    """With a small budget of postings a question is searched by its rarest words, and by one at least."""
    rows = [(f"eintrag-{number}", "de", "Netzwerk Wirkung", "") for number in range(20)]
    write(tmp_path / "words.db", [*rows, ("selten", "de", "Netzwerk Wirkung Schnabeltier", "")])

    def found(question: str, max_postings: int) -> int:
        return len(Lexical(tmp_path / "words.db", max_postings).search(question, 40))

    assert found("Netzwerk Schnabeltier", 1000) == 21
    assert found("Netzwerk Schnabeltier", 20) == 1
    assert found("Netzwerk Wirkung", 5) == 5


def test_budget_does_not_show_in_a_small_folder(lexical: Lexical) -> None:
    """Where all postings are within the budget, scores are those of a search without one."""
    unbounded = Lexical(lexical._path, 10**9)

    for question in ("Hilfe für Bürger in Bocholt", "Wozu eine Vision?", "people help Kraft"):
        assert lexical.search(question, 5) == unbounded.search(question, 5)
