"""How much of a question's wording a text holds."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.errors import IndexUnusable
from index.storage.inverted_index import NAMES, PostingsWriter
from index.storage.term_overlap import Cover, tokens

TEXTS = [
    (0, "de", "Die Klimaschutzkonferenz der Bürgerinnen von Bocholt"),
    (1, "de", "Die Koordinierungsstelle mit eigenem Personal"),
    (2, "en", "StriveTogether helps children in Cincinnati"),
]


@pytest.fixture(scope="module")
def cover(tmp_path_factory: pytest.TempPathFactory) -> Cover:
    """Three texts in two languages."""
    folder = tmp_path_factory.mktemp("cover")
    with PostingsWriter(folder) as writer:
        for target, lang, text in TEXTS:
            writer.add(target, tokens(text, [lang]))
    return Cover.open(folder, 3, ("de", "en"))


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
def test_meets_other_forms(cover: Cover, question: str, target: int) -> None:
    """Compounds, forms, typing errors and scripts meet."""
    assert cover.shares(question).argmax() == target


def test_shares_lie_between_nothing_and_all(cover: Cover) -> None:
    """A text holds all of itself and nothing of what is foreign to it."""
    assert cover.shares("StriveTogether helps children in Cincinnati")[2] > 0.7
    assert cover.shares("Quiz")[0] == 0.0
    assert cover.shares("").tolist() == [0.0, 0.0, 0.0]


@given(st.text(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_takes_any_text(cover: Cover, text: str) -> None:
    """Whatever a person types gives shares."""
    found = cover.shares(text)

    assert ((found >= 0) & (found <= 1.0001)).all()


@pytest.mark.parametrize("name", NAMES)
def test_damaged_file(tmp_path: Path, name: str) -> None:
    """A file that holds no postings says what to run."""
    with PostingsWriter(tmp_path) as writer:
        writer.add(0, tokens("Hallo", ["de"]))
    (tmp_path / name).write_bytes(b"nonsense")

    with pytest.raises(IndexUnusable, match="gwbot index build"):
        Cover.open(tmp_path, 1, ("de",))
