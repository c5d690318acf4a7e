"""A mistake in YAML is reported on the line where it was made, with the right line, and all of a file at once."""

from pathlib import Path

import pytest
import yaml

from knowledge.errors import ContentError
from knowledge.parsing.yaml_repair import MAX_ATTEMPTS, repair_yaml
from knowledge.records.entry import read_entry

ENTRY = """---
title: "Wer Backbone sein kann"
layer: literature
source: "SSIR 2012"
audience: [npo, kommune]
related: [fuenf-bedingungen]
questions:
  - "Was ist ein Backbone?"
  - "Wer kommt infrage?"
---
Eine Stelle, die koordiniert.
"""


def problems_of(folder: Path, text: str) -> list[str]:
    """Return the problems of an entry's text in German, each from its line on."""
    path = folder / "backbone.md"
    path.write_text(text, "utf-8")
    with pytest.raises(ContentError) as caught:
        read_entry(path, "backbone", "de", strict=True)
    return [problem.describe("de").removeprefix(f"{path}:") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("right", "wrong", "line", "message", "example"),
    [
        ('kann"', "kann", 2, "Das Anführungszeichen, das hier beginnt", 'title: "Wer Backbone sein kann"'),
        ('Backbone?"', "Backbone?", 8, "Das Anführungszeichen, das hier beginnt", '- "Was ist ein Backbone?"'),
        ('infrage?"', "infrage?", 9, "Das Anführungszeichen, das hier beginnt", '- "Wer kommt infrage?"'),
        ('"SSIR 2012"', 'FSG: Bericht"', 4, "am Ende hat keinen Anfang", 'source: "FSG: Bericht"'),
        ("literature", "literatur", 3, "„literatur“ ist bei „layer:“ nicht möglich", "layer: literature"),
        ('"SSIR 2012"', "FSG: Bericht", 4, "enthält einen Doppelpunkt", 'source: "FSG: Bericht"'),
        ('"SSIR 2012"', '"SSIR" 2012', 4, "Nach dem schließenden", "source: '\"SSIR\" 2012'"),
        ('"SSIR 2012"', "*SSIR*", 4, "beginnt mit „*“", 'source: "*SSIR*"'),
        ("kommune]", "kommune", 5, "Die Klammer, die hier beginnt", "audience: [npo, kommune]"),
        ('  - "Wer', '\t- "Wer', 9, "mit einem Tabulator eingerückt", '- "Wer kommt infrage?"'),
        ('  - "Wer', '  -"Wer', 9, "Nach dem Strich fehlt ein Leerzeichen", '- "Wer kommt infrage?"'),
        ('kann"', "kann“", 2, "Anführungszeichen, die Word setzt", 'title: "Wer Backbone sein kann"'),
        (
            '- "Was ist ein Backbone?"',
            "-Was ist ein Backbone?",
            8,
            "Nach dem Strich fehlt",
            "- Was ist ein Backbone?",
        ),
        ('- "Wer kommt infrage?"', "-Wer kommt infrage?", 9, "Nach dem Strich fehlt", "- Wer kommt infrage?"),
        ("questions:", "questions", 7, "fehlt der Doppelpunkt", "questions:"),
        ("layer: literature", "layer literature", 3, "fehlt der Doppelpunkt", "layer: literature"),
        ('"SSIR 2012"', "„SSIR 2012“", 4, "Anführungszeichen, die Word setzt", '"SSIR 2012"'),
        ("---\nEine", "—\nEine", 10, "genau drei Bindestrichen", "---"),
        ("layer: literature", "layer:literature", 3, "fehlt ein Leerzeichen", "layer: literature"),
    ],
)
def test_mistake_is_on_its_line(
    tmp_path: Path, right: str, wrong: str, line: int, message: str, example: str
) -> None:
    """Each common mistake is the only one reported, on its own line, with the line as it should be."""
    (problem,) = problems_of(tmp_path, ENTRY.replace(right, wrong))

    assert problem.startswith(f"{line}: Fehler: ")
    assert message in problem
    assert problem.endswith(f"Richtig zum Beispiel: {example}")


def test_quoted_words_in_a_text_are_left(tmp_path: Path) -> None:
    """Typographic quotation marks around some words of a value belong to it."""
    path = tmp_path / "backbone.md"
    path.write_text(
        ENTRY.replace('"SSIR 2012"', "„Gut“ und „besser“").replace('"Was ist', '"Was ist „hier“'), "utf-8"
    )

    entry = read_entry(path, "backbone", "de", strict=True)

    assert entry.source == "„Gut“ und „besser“"
    assert entry.questions[0] == "Was ist „hier“ ein Backbone?"


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """Mistakes of syntax, of values, missing lines and what was left to fill in are all reported in one go."""
    text = ENTRY.replace('kann"', "kann").replace("literature", "seite").replace("related: [fuenf-bedingungen]\n", "")
    text = text.replace('"SSIR 2012"', "FSG: Bericht").replace("koordiniert", "‹was tut sie?›")

    problems = problems_of(tmp_path, text)

    assert [problem.split(": ")[0] for problem in problems] == ["1", "2", "3", "4", "10"]
    assert "„related:“ fehlt" in problems[0]
    assert "„seite“ ist bei „layer:“ nicht möglich. Möglich sind: page, literature, web, bot, gap." in problems[2]
    assert problems[2].endswith("Richtig zum Beispiel: layer: page")
    assert "Noch auszufüllen, wo ‹…› steht: Zeilen 10." in problems[4]


def test_slips_in_lists_at_once(tmp_path: Path) -> None:
    """Dashes without a space, a quotation mark after one, and a line without its colon hide nothing of each other."""
    text = ENTRY.replace('- "Was ist ein Backbone?"', '-"Was ist ein Backbone?')
    text = text.replace('- "Wer kommt infrage?"', "-Wer kommt infrage?\nnot\n  -Wer ist es in Köln?")

    problems = problems_of(tmp_path, text)

    assert [problem.split(": ")[0] for problem in problems] == ["8", "8", "9", "10", "11"]
    assert all(problem.endswith('Richtig zum Beispiel: - "Was ist ein Backbone?"') for problem in problems[:2])
    assert problems[3].endswith("Richtig zum Beispiel: not:")


def test_what_cannot_be_repaired_hides_no_repair(tmp_path: Path) -> None:
    """A mistake that nobody can guess is reported beside those that were found before."""
    unreadable, dash = problems_of(tmp_path, ENTRY.replace('- "Was', '-"Was').replace('"SSIR 2012"', '"\\q"'))

    assert unreadable.startswith("4: Fehler: Ab hier ist der Aufbau")
    assert dash.startswith("8: Fehler: Nach dem Strich fehlt")


def test_dashes_in_a_text_are_left() -> None:
    """A line of a literal text may begin with a dash, also below another one."""
    text = "text: |\n  - eins\n  -zwei\n  zu:\n  -drei\nlist:\n  - eins\n"

    assert repair_yaml(text, yaml.safe_load) == (text, [], None)


def test_misspelt_is_not_missing(tmp_path: Path) -> None:
    """A misspelt line is reported with the right name, and not a second time as missing."""
    (problem,) = problems_of(tmp_path, ENTRY.replace("audience:", "audiance:"))

    assert problem.startswith("5: Fehler: Die Zeile „audiance:“ gibt es hier nicht. Gemeint ist wohl „audience:“.")


def test_empty_is_not_missing(tmp_path: Path) -> None:
    """A line without a value is not called missing, and `related` may be empty on purpose."""
    (problem,) = problems_of(tmp_path, ENTRY.replace("[npo, kommune]", "[]").replace("[fuenf-bedingungen]", "[]"))

    assert problem.startswith("5: Fehler: Bei „audience:“ steht nichts.")


def test_long_text_is_not_repaired(tmp_path: Path) -> None:
    """A text of thousands of lines, or of long ones, costs one error, not thousands of attempts."""
    for lines in ('  - "Ja?\n' * 2_000, f'  - "{"Ja" * 30_000}\n'):
        (problem,) = problems_of(tmp_path, ENTRY.replace('  - "Wer', f'{lines}  - "Wer'))

        assert "nicht zu lesen" in problem


def test_attempts_are_limited() -> None:
    """Lines that look wrong, none of which is the cause, are soon given up, and the first error is reported."""
    attempts: list[str] = []

    def reject(text: str) -> None:
        attempts.append(text)
        raise yaml.MarkedYAMLError(problem_mark=yaml.Mark("", 0, text.count("\n"), 0, None, 0))

    _, repairs, error = repair_yaml("a: 'b\n" * 390, reject)

    assert error
    assert not repairs
    assert len(attempts) == MAX_ATTEMPTS + 1
