"""The steps of the introduction are read strictly: each mistake is reported with file and line."""

import shutil
from pathlib import Path

import pytest

from knowledge.errors import ContentError
from knowledge.loader import BUILT_IN, load_knowledge
from knowledge.records.intro import read_steps
from knowledge.validation.rules import check_knowledge
from tests.support.light_knowledge import copy_light_knowledge

STEP = Path("de/01-warum-nicht-allein.md")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the introduction that a test may modify."""
    return Path(shutil.copytree(BUILT_IN / "intro", tmp_path / "intro"))


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("ask:", "frage:", 6, "unknown key 'frage'"),
        ("alt: Eine", "alt: Eine\nalt: Eine", 6, "a second time"),
        ("    entry: isolierte-wirkung", "    entri: x", 10, "unknown key 'entri'"),
        ("picture: allein", "picture: zwei", 4, "no picture 'zwei.png'"),
        ("  npo: Auch", "  vereine: Auch", 18, "unknown key 'vereine'"),
        ("  npo: Auch ein guter Verein stößt hier an seine Grenze.\n", "", 17, "the key 'npo' is missing"),
        ("entries: [", "entries: warum #", 3, "must be a list"),
        ("title: Warum", "title: [Warum]\n#", 2, "must be text"),
        ("title: Warum", "title: Ja: Warum", 2, "the text contains a colon"),
        ("Deshalb spricht", "x" * 600 + " spricht", 17, "at most 600 fit"),
        ("reply: Gute", "reply: " + "Gute " * 60, 9, "at most 280 fit"),
        ('takeaway: "Manche', 'takeaway: "' + "Manche " * 40, 24, "at most 260 fit"),
    ],
)
def test_mistake_is_reported_with_its_line(folder: Path, old: str, new: str, line: int, message: str) -> None:
    """A mistake in a step is an error with file, line and reason."""
    path = folder / STEP
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")

    with pytest.raises(ContentError) as caught:
        read_steps(folder)

    assert any(message in problem.message for problem in caught.value.problems), caught.value.problems
    assert line in {problem.line for problem in caught.value.problems}
    assert {problem.path for problem in caught.value.problems} == {path}


def test_languages_have_the_same_steps(tmp_path: Path) -> None:
    """Pictures, takeaways and entries must be the same in every language, no step missing, and the entries exist."""
    copy = copy_light_knowledge(tmp_path / "knowledge")
    steps = copy / "intro" / "en"
    (steps / "05-vernetztes-handeln.md").unlink()
    for old, new in (
        ("picture: allein", "picture: tisch"),
        ("takeaway: Some", "# Some"),
        ("entry: iso", "entry: keine-iso"),
    ):
        _replace(steps / STEP.name, old, new)

    problems = "\n".join(problem.message for problem in check_knowledge(load_knowledge(copy)))

    for message in (
        "there is no step 'vernetztes-handeln'",
        "'picture' differs",
        "'takeaway' differs",
        "there is no entry 'keine-iso",
    ):
        assert message in problems


def test_languages_have_the_steps_in_the_same_order(tmp_path: Path) -> None:
    """A step has the same number in every language."""
    copy = copy_light_knowledge(tmp_path / "knowledge")
    steps = copy / "intro" / "en"
    (steps / STEP.name).rename(steps / "01-allein.md")

    problems = [problem.message for problem in check_knowledge(load_knowledge(copy))]

    assert any("there is no step 'allein' in 'de'" in message for message in problems)


def _replace(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
