"""How much of a question's wording is in a text."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.errors import IndexUnusable
from index.storage.inverted_index import InvertedIndexWriter
from index.storage.layout import POSTINGS_FILES
from index.storage.term_overlap import TermOverlapIndex, hash_tokens

TEXTS = [
    (0, "de", "Die Klimaschutzkonferenz der Bürgerinnen von Bocholt"),
    (1, "de", "Die Koordinierungsstelle mit eigenem Personal"),
    (2, "en", "StriveTogether helps children in Cincinnati"),
]


@pytest.fixture(scope="module")
def overlap_index(tmp_path_factory: pytest.TempPathFactory) -> TermOverlapIndex:
    """An index of three texts in two languages."""
    folder = tmp_path_factory.mktemp("cover")
    with InvertedIndexWriter(folder) as writer:
        for target, lang, text in TEXTS:
            writer.add_text(target, hash_tokens(text, [lang]))
    return TermOverlapIndex.open_folder(folder, 3, ("de", "en"))


@pytest.mark.parametrize(
    ("question", "target"),
    [
        ("Klimaschutz", 0),  # part of a compound
        ("Bürger", 0),  # another gender form
        ("buerger aus bochold", 0),  # no umlaut, a typing error
        ("Koordinirungsstele", 1),
        ("Personals", 1),
        ("Что такое Страйв Тогетер?", 2),  # a name in another script
    ],
)
def test_other_forms_match(overlap_index: TermOverlapIndex, question: str, target: int) -> None:
    """Compounds, inflected forms, typing errors and other scripts match."""
    assert overlap_index.term_overlap(question).argmax() == target


def test_overlap_is_between_nothing_and_all(overlap_index: TermOverlapIndex) -> None:
    """A text overlaps fully with itself, and not at all with unrelated words."""
    assert overlap_index.term_overlap("StriveTogether helps children in Cincinnati")[2] > 0.7
    assert overlap_index.term_overlap("Quiz")[0] == 0.0
    assert overlap_index.term_overlap("").tolist() == [0.0, 0.0, 0.0]


@given(st.text(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_has_an_overlap(overlap_index: TermOverlapIndex, text: str) -> None:
    """Whatever a person types has an overlap between 0 and 1."""
    overlap = overlap_index.term_overlap(text)

    assert ((overlap >= 0) & (overlap <= 1.0001)).all()


@pytest.mark.parametrize("name", POSTINGS_FILES)
def test_damaged_file(tmp_path: Path, name: str) -> None:
    """The error about a file without postings says what to run."""
    with InvertedIndexWriter(tmp_path) as writer:
        writer.add_text(0, hash_tokens("Hallo", ["de"]))
    (tmp_path / name).write_bytes(b"nonsense")

    with pytest.raises(IndexUnusable, match="gwbot index build"):
        TermOverlapIndex.open_folder(tmp_path, 1, ("de",))
