"""The questions of the self-check are read strictly: each mistake is reported with its line."""

from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.errors import ContentError
from knowledge.loader import BUILT_IN, Knowledge
from knowledge.parsing.plain_text import ITEM_PREFIX, MAX_SUMMARY_LENGTH, Summary, summarise_markdown
from knowledge.records.entry import Layer
from knowledge.records.intro import read_steps, steps_in_language
from knowledge.records.selfcheck import SELFCHECK_FOLDER, read_selfchecks
from knowledge.validation.rules import check_knowledge

GERMAN = (BUILT_IN / SELFCHECK_FOLDER / "de.yaml").read_text(encoding="utf-8")


def test_groups_and_layers_of_the_questions() -> None:
    """Three questions are from the page; five on conditions and three on preconditions are from the literature."""
    for selfcheck in read_selfchecks(BUILT_IN / SELFCHECK_FOLDER):
        layers = [question.group.layer for question in selfcheck.questions]
        counts = [sum(question.group is group for question in selfcheck.questions) for group in selfcheck.groups]

        assert counts == [3, 5, 3]
        assert layers == [Layer.PAGE] * 3 + [Layer.LITERATURE] * 8


def test_question_without_a_step(tmp_path: Path) -> None:
    """A question that no step of the introduction is about has no step."""
    (tmp_path / "de.yaml").write_text(GERMAN.replace("    step: 4\n", "", 1), encoding="utf-8")
    (selfcheck,) = read_selfchecks(tmp_path)

    assert [question.step for question in selfcheck.questions[:3]] == [3, None, 5]


def test_folder_without_questions(tmp_path: Path) -> None:
    """A folder without questions has no self-check."""
    assert read_selfchecks(tmp_path / SELFCHECK_FOLDER) == ()


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        ("    entry: systemischer-ansatz\n", "", 27, "'entry' is missing"),
        ("    entry: systemischer", "    eintrag: x\n    entry: systemischer", 35, "unknown key 'eintrag'"),
        ("id: ansatz", "id: vision", 27, "is used a second time"),
        ("id: ansatz", "id: Ansatz", 27, "must be a-z"),
        ("group: anfaenge\n    name: Sys", "group: x\n    name: Sys", 28, "no group 'x'"),
        ("step: 4", "step: vier", 36, "number of a step"),
        ("layer: page", "layer: blog", 6, "unknown layer 'blog'"),
        ("name: Systemischer Ansatz", "name: Der ganz und gar systemische Ansatz", 29, "at most 26 fit"),
        ("name: Systemischer Ansatz", "name: [a]", 29, "must be text"),
        ("title: Was", "title: [Was", 2, "a bracket begins here"),
        ("levels: [noch nicht, ", "levels: [", 23, "must be 4 answers"),
        ("levels: [noch nicht, in", "levels: [noch überhaupt nicht und auch nicht bald, in", 23, "at most 30 fit"),
        ("questions:\n", "questions: 3\nmore:\n", 16, "must be a list"),
    ],
)
def test_mistake_is_reported_with_its_line(tmp_path: Path, before: str, after: str, line: int, message: str) -> None:
    """A mistake of an editor is an error with file and line."""
    assert before in GERMAN
    (tmp_path / "de.yaml").write_text(GERMAN.replace(before, after, 1), encoding="utf-8")

    with pytest.raises(ContentError) as raised:
        read_selfchecks(tmp_path)

    assert any(message in problem.message for problem in raised.value.problems)
    assert any(f"de.yaml:{line}" in str(problem) for problem in raised.value.problems), raised.value


def test_rules_across_files(built_in: Knowledge) -> None:
    """Linked entries and steps must exist, and all languages must ask the same questions."""
    first, *others = built_in.selfchecks
    wrong_question = replace(first.questions[0], entry="kosten", step=99)
    broken = replace(built_in, selfchecks=(replace(first, questions=(wrong_question, *first.questions[1:])), *others))
    messages = [problem.message for problem in check_knowledge(broken)]

    assert any("no entry 'kosten' that answers" in message for message in messages)
    assert any("no step 99" in message for message in messages)
    assert any("differ from the language" in message for message in messages)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Aus der Fachliteratur: **Viele** handeln.", "Viele handeln."),
        ("Ein Satz, der für sich genommen lang genug ist, um zu genügen. Noch einer.",
         "Ein Satz, der für sich genommen lang genug ist, um zu genügen."),
        ("Kurz. Und noch etwas.", "Kurz. Und noch etwas."),
        ("", ""),
    ],
)  # fmt: skip
def test_summary_of_a_text(text: str, expected: str) -> None:
    """The summary is the first sentence without markup, and the second one too if the first is short."""
    assert summarise_markdown(text) == Summary(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Viele machen mit.\nZum Beispiel:\n\n- **Vereine**\n- Firmen\n\nMehr.",
         Summary("Viele machen mit. Zum Beispiel:", ("Vereine", "Firmen"))),
        ("Viele machen mit, und das schon sehr lange und auch in Ihrer Stadt.\n\n- Vereine",
         Summary("Viele machen mit, und das schon sehr lange und auch in Ihrer Stadt.")),
        ("Kurz:\n\nMehr dazu.\n\n- Vereine", Summary("Kurz: Mehr dazu.")),
        ("- Vereine\n- Firmen", Summary("")),
        ("From the literature: many act together, in many places and for a very long time.",
         Summary("Many act together, in many places and for a very long time.")),
    ],
)  # fmt: skip
def test_summary_with_a_list(text: str, expected: Summary) -> None:
    """A list introduced by the first words is part of the summary; any other list is not."""
    assert summarise_markdown(text) == expected


@pytest.mark.parametrize("lang", ["de", "en", "de-leicht"])
def test_summary_of_each_step(lang: str) -> None:
    """Each step's summary is a whole sentence, or the introduction of a list without its items."""
    for step in steps_in_language(read_steps(BUILT_IN / "intro"), lang):
        short = summarise_markdown(step.body)

        assert short.text[0].isupper()
        assert short.text.endswith(":" if short.items else (".", "!", ". …"))
        assert ITEM_PREFIX not in short.text


def test_summary_is_truncated_after_a_word() -> None:
    """A long sentence is truncated after a word, with an ellipsis."""
    summary = summarise_markdown("Wirken " * 60).text

    assert len(summary) <= MAX_SUMMARY_LENGTH + 2
    assert summary.endswith("Wirken …")
