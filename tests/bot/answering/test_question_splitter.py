"""Splitting a message into its questions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.question_splitter import split_questions
from knowledge.loader import BUILT_IN
from knowledge.records.discourse_markers import MARKERS_FILE, NO_MARKERS, read_markers

MARKERS = read_markers(BUILT_IN / MARKERS_FILE)

COURTESIES = ("hallo", "guten tag", "ich habe eine frage", "danke", "vielen dank im voraus", "hello", "merci")


def is_small_talk(sentence: str) -> bool:
    return sentence.lower().strip(" !.,") in COURTESIES


def split(text: str, lang: str = "de") -> list[str]:
    return split_questions(text, MARKERS[lang], is_small_talk)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Was ist X? Und wer macht mit? Was kostet es?", ["Was ist X?", "Und wer macht mit?", "Was kostet es?"]),
        ("1. Was ist X?\n2. Wer macht mit?", ["Was ist X?", "Wer macht mit?"]),
        ("Zwei Fragen: 1. Was ist X 2. Wer macht mit", ["Zwei Fragen: Was ist X", "Wer macht mit"]),
        ("- Was ist X\n- Wer macht mit", ["Was ist X", "Wer macht mit"]),
        ("was ist x\nwer macht mit\nund was kostet es", ["was ist x", "wer macht mit", "und was kostet es"]),
        ("Was heißt „Backbone?“ Und wer macht das?", ["Was heißt „Backbone?“", "Und wer macht das?"]),
        ("Was ist X?? Wer ist Y?!", ["Was ist X??", "Wer ist Y?!"]),
        ("Was ist eine Vision und was kostet das?", ["Was ist eine Vision?", "was kostet das?"]),
        ("was ist eine vision, und was kostet das", ["was ist eine vision?", "was kostet das?"]),
        ("Wer macht was und wie viel kostet es und wann?", ["Wer macht was?", "wie viel kostet es und wann?"]),
    ],
)
def test_message_is_split_into_questions(text: str, expected: list[str]) -> None:
    """A message is split at question marks, line breaks and list markers, in order."""
    assert split(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Was ist Collective Impact?",
        "Wir sind eine kleine Stiftung. Können wir mitmachen?",
        "Können wir mitmachen? Wir sind eine kleine Stiftung.",
        "Wirkt das? Und wie?",
        "Was kostet das, oder?",
        "Wer macht mit und wie?",
        "Warum und wie messen wir?",
        "Was unterscheidet Netzwerk und Bündnis?",
        "Ich wüsste gern, was das ist und wie das geht.",
        "Wir fragen uns,\nwas das kostet und\nwie es weitergeht.",
        "Am 1. Mai treffen wir uns, am 2. Juni auch. Geht das?",
        "Wir sind ein e. V. mit ca. 20.000 Mitgliedern. Passt das?",
        "Wir haben:\n- ein Team\n- Geld\nReicht das?",
        "Was steht auf https://example.org/?a=1 dazu?",
        "Hallo! Danke!",
        "?",
        "",
    ],
)
def test_single_question_is_not_split(text: str) -> None:
    """A message with at most one question is not split and keeps its statements."""
    assert split(text) == [text]


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("de", "Hallo! Ich habe eine Frage. Was ist X?", ["Was ist X?"]),
        ("de", "Danke! Und wer noch?", ["Und wer noch?"]),
        ("de", "Was kostet das? Vielen Dank im Voraus!", ["Was kostet das?"]),
        ("en", "Hello! What is X? And who pays?", ["What is X?", "And who pays?"]),
        ("fr", "Merci ! Qui finance cela ?", ["Qui finance cela ?"]),
        ("en", "What is X about and who pays for it?", ["What is X about?", "who pays for it?"]),
    ],
)
def test_small_talk_is_dropped(lang: str, text: str, expected: list[str]) -> None:
    """Greetings and thanks around a question are dropped."""
    assert split(text, lang) == expected


def test_statement_goes_with_the_next_question() -> None:
    """A statement goes with the question after it; trailing statements go with the last question."""
    questions = split("Wir sind eine Stiftung. Was ist X? Wir haben Geld. Wer macht mit? Wir warten.")

    assert questions == ["Wir sind eine Stiftung. Was ist X?", "Wir haben Geld. Wer macht mit? Wir warten."]


def test_repeated_question_counts_once() -> None:
    """A question asked twice counts once, whatever its capitalisation."""
    assert split("Was ist X? Wer ist Y? was ist x?") == ["Was ist X?", "Wer ist Y?"]


def test_pasted_page_is_not_split() -> None:
    """A text with very many sentences is treated as one question."""
    page = " ".join(f"Was ist {number}?" for number in range(100))

    assert split(page) == [page]


@given(st.text())
def test_any_text_yields_a_question(text: str) -> None:
    """Any text yields at least one question, made up of words of the text."""
    questions = split_questions(text, NO_MARKERS, lambda sentence: True)

    assert questions
    assert all(word in text for question in questions for word in question.split())
