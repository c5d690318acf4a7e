"""The rules of Leichte Sprache that a machine can check."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import ContentError
from knowledge.loader import Knowledge
from knowledge.records.entry import LEICHTE_SPRACHE
from knowledge.records.selfcheck import SELFCHECK_FOLDER
from knowledge.validation.leichte_sprache import (
    MAX_SENTENCE_WORDS,
    MAX_WORD_LETTERS,
    find_violations,
    read_allowed_words,
)
from knowledge.validation.rules import check_knowledge


def messages_for(text: str, *allowed: str) -> list[str]:
    return [problem.message for problem in find_violations(text, frozenset(allowed))]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Das ist ein Satz. Das ist noch einer.", "more than one sentence"),
        ("Das ist eine Zielgruppenanalyse.", "'Zielgruppenanalyse' has 18 letters"),
        ("Eine NPO hilft.", "'NPO' is an abbreviation"),
        ("Die Bürger*innen helfen.", "no gender sign"),
        ("Die Bürger:innen helfen.", "no gender sign"),
        ("Die BürgerInnen helfen.", "no gender sign"),
        ("Hier steht z. B. ein Haus.", "no abbreviation"),
        ("Hier stehen Häuser usw.", "no abbreviation"),
        ("Das sind 30 % von allen.", "no percentage"),
        ("Das sind 30 Prozent.", "no percentage"),
        ("Beratung & Hilfe", "no such sign"),
        ("Das wäre gut.", "no Konjunktiv"),
        ("Sie könnten mitmachen.", "no Konjunktiv"),
        ("Das ist das Haus des Lehrers.", "no genitive"),
        ("Das ist die Seite der Initiative.", "no genitive"),
        ("Das ist die Arbeit unserer Gruppe.", "no genitive"),
        ("Das ist das Ende eines Weges.", "no genitive"),
        ("Hier wird viel gemacht.", "no passive"),
        ("Die Daten werden gespeichert.", "no passive"),
        ("Das zeigt, was gemacht wird.", "no passive"),
        ("Es gibt drei Wege.", "in digits"),
        ("Das weiß ich nicht.", "must be bold"),
    ],
)
def test_each_rule(sentence: str, expected: str) -> None:
    """Each violation is reported once, with what to do."""
    messages = messages_for(sentence)

    assert len(messages) == 1
    assert expected in messages[0]


@pytest.mark.parametrize(
    "sentence",
    [
        "Das weiß ich **nicht**.",
        "Die Ansprech-Person hilft Ihnen.",
        "Die Menschen, der Verein und die Stadt helfen.",
        "In der Stadt hilft das Netz.",
        "Das Haus von dem Lehrer ist groß.",
        "Es gibt ein neues Haus.",
        "Die Gruppe wird größer.",
        "Morgen werden wir gehen.",
        "Möchten Sie mitmachen?",
        "**Die Kinder:**",
        "1. Es ist genug Geld da.",
        "Mehr steht hier: https://www.example.org/eine-lange-adresse",
        "Tippen Sie auf /datenschutz",
        "Telefon: +49 30 520 065 411",
    ],
)
def test_valid_sentences(sentence: str) -> None:
    """A sentence that follows the rules yields no message."""
    assert messages_for(sentence) == []


def test_sentence_may_continue_on_the_next_line() -> None:
    """Lines continued in lower case count as one sentence, which is reported at its first line."""
    text = "Kurz.\nViele Menschen handeln hier zusammen,\nweil die Aufgabe für einen Menschen allein zu schwer ist."

    assert [problem.line for problem in find_violations(text)] == [2]


def test_allowed_words(tmp_path: Path) -> None:
    """A listed word may be long or in capitals; a malformed list is rejected."""
    path = tmp_path / "easy.yaml"
    path.write_text("allowed: [NPO, Zukunftsträger]", encoding="utf-8")

    assert messages_for("Die NPO heißt Zukunftsträger.", *read_allowed_words(path)) == []
    path.write_text("- NPO", encoding="utf-8")
    with pytest.raises(ContentError):
        read_allowed_words(path)


words = st.text("abcdefghij", min_size=1, max_size=30)


@given(st.lists(words, min_size=1, max_size=20))
def test_length_of_sentence_and_word(parts: list[str]) -> None:
    """Exactly the sentences with too many words and the words with too many letters are found."""
    text = "Aber " + " ".join(parts)

    messages = messages_for(text)

    assert any("words in a sentence" in message for message in messages) == (len(parts) + 1 > MAX_SENTENCE_WORDS)
    assert sum("letters" in message for message in messages) == sum(len(part) > MAX_WORD_LETTERS for part in parts)


def write_entry(tmp_path: Path, text: str) -> None:
    """Write an entry in Leichte Sprache into a folder."""
    path = tmp_path / "content" / LEICHTE_SPRACHE / "backbone.md"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


def test_problems_have_file_and_line(built_in: Knowledge, tmp_path: Path) -> None:
    """Title and text are checked, and each problem has file and line."""
    front = '---\ntitle: "Die Aufgabenverteilung"\nsource: "Eine unglaublichlange Quelle"\n---\n'
    write_entry(tmp_path, front + "Das ist gut.\nDas wäre besser.\n")

    problems = [problem for problem in check_knowledge(replace(built_in, folder=tmp_path)) if problem.line]

    assert [(problem.path.name, problem.line) for problem in problems] == [("backbone.md", 2), ("backbone.md", 6)]


def test_selfcheck_is_checked_too(built_in: Knowledge, tmp_path: Path) -> None:
    """Questions of the self-check are checked, but not the ids of entries."""
    path = tmp_path / SELFCHECK_FOLDER / f"{LEICHTE_SPRACHE}.yaml"
    path.parent.mkdir()
    path.write_text(
        "title: Gut\nquestions:\n  - entry: unglaublichlangername\n    question: Wäre das gut?\n", "utf-8"
    )

    problems = [problem for problem in check_knowledge(replace(built_in, folder=tmp_path)) if problem.line]

    assert [(problem.path.name, problem.line) for problem in problems] == [("de-leicht.yaml", 4)]


def test_leichte_sprache_may_be_partial_but_not_differ(built_in: Knowledge) -> None:
    """An entry need not be in Leichte Sprache; if it is, source and layer are those of the German text."""
    entry = next(entry for entry in built_in.entries if entry.lang == LEICHTE_SPRACHE)
    others = tuple(entry for entry in built_in.entries if entry.lang != LEICHTE_SPRACHE)

    assert check_knowledge(replace(built_in, entries=others)) == ()
    broken = replace(entry, source="Anderswo", url="https://example.org", questions=("Was ist das?",))
    messages = "\n".join(map(str, check_knowledge(replace(built_in, entries=(*others, broken)))))
    for expected in ("'source' differs", "'url' differs", "no questions"):
        assert expected in messages


def test_linked_entries_exist_in_leichte_sprache(built_in: Knowledge) -> None:
    """Every entry linked from the introduction or the self-check exists in Leichte Sprache."""
    steps = [step for step in built_in.steps if step.lang == LEICHTE_SPRACHE]
    linked = {entry for step in steps for entry in step.entries}
    linked |= {choice.entry for step in steps for choice in step.choices if choice.entry}
    linked |= {
        question.entry
        for selfcheck in built_in.selfchecks
        if selfcheck.lang == LEICHTE_SPRACHE
        for question in selfcheck.questions
    }

    assert len(linked) > 30
    assert linked - {entry.id for entry in built_in.entries if entry.lang == LEICHTE_SPRACHE} == set()
