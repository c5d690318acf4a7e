"""crisis.yaml is read strictly: every mistake in a wording is reported with its line."""

from pathlib import Path

import pytest

from knowledge.errors import ContentError
from knowledge.records.crisis_signs import read_crisis_signs

FILE = "de:\n  fillers: [so]\n  lists:\n    ich: [ich]\n  harmless: []\n  signs:\n    - '{}'\n"


def test_wordings_are_read_by_language(tmp_path: Path) -> None:
    """The lists and wordings of each language are read as they are written, blanks aside."""
    file = tmp_path / "crisis.yaml"
    file.write_text(FILE.format(". @ich/wir brauch*  ... hilfe ."), encoding="utf-8")

    signs = read_crisis_signs(file)["de"]

    assert (signs.signs, signs.harmless) == ((". @ich/wir brauch* ... hilfe .",), ())
    assert list(signs.alternatives("@ich/wir")) == ["ich", "wir"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("de: [", "crisis.yaml:1: a bracket begins here"),
        ("de:\n  signs: [hilfe]", "the key 'fillers' is missing"),
        (FILE.format("hil*fe"), "crisis.yaml:7: 'hil*fe' in 'hil*fe' is not a word"),
        (FILE.format("hilfe!"), "crisis.yaml:7: 'hilfe!' in 'hilfe!' is not a word"),
        (FILE.format("(bitte) hilfe"), "crisis.yaml:7: '(bitte)' in '(bitte) hilfe' is not a word"),
        (FILE.format("... hilfe"), "crisis.yaml:7: '... hilfe' must have words"),
        (FILE.format(". ."), "crisis.yaml:7: '. .' must have words"),
        (FILE.format(""), "crisis.yaml:7: 'signs' must not be empty"),
        (FILE.format(". So ... so ."), "'. So ... so .' has only fillers"),
        (FILE.format("@du hilfe"), "'@du hilfe': there is no list 'du'"),
        (FILE.replace("[so]", "[so viel]").format("hilfe"), "crisis.yaml:2: 'so viel' must be one word"),
        (FILE.replace("\n    - '{}'", " []"), "'signs' must not be empty"),
        (FILE.format("hilfe") + "  other: []", "unknown key 'other'"),
    ],
)
def test_mistakes_are_reported(tmp_path: Path, text: str, message: str) -> None:
    """A malformed file or wording is rejected with an error that says what is wrong."""
    file = tmp_path / "crisis.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ContentError, match=r"crisis\.yaml:") as caught:
        read_crisis_signs(file)
    assert message in str(caught.value)
