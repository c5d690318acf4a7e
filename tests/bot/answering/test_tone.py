"""What a message says besides its question."""

from pathlib import Path

import pytest

from bot.answering.answerer import Answerer, AnswerStatus
from bot.answering.tone import Tone, asks_for_example, read_tone, without_yes_or_no
from knowledge.loader import BUILT_IN
from knowledge.records.discourse_markers import MARKERS_FILE, read_markers

GERMAN = read_markers(Path(BUILT_IN) / MARKERS_FILE)["de"]


@pytest.mark.parametrize(
    ("message", "tone"),
    [
        ("hallo, wir sind ein kleiner sportverein mit 80 leuten. passt das für uns?", Tone("Sportverein")),
        ("Wir sind uns mit der Stiftung nicht einig, was nun?", Tone()),
        ("Wir sind eine Gruppe von der Stadt?", Tone()),
        ("Wir sind uns nicht einig", Tone(asks=False)),
        ("Unser Verein ist klein", Tone(asks=False)),
        ("Ich hab Angst, dass das zu viel wird", Tone(worries=True, asks=False)),
        ("die anderen ziehen nicht mit", Tone(worries=True, asks=False)),
        ("Was tun, wenn keiner mitmacht", Tone(asks=False)),
        ("Macht denn keiner mit?", Tone()),
        ("Gibt es Beispiele", Tone()),
    ],
)
def test_tone(message: str, tone: Tone) -> None:
    """Who somebody is and what worries them is read from a message; a question is no worry."""
    assert read_tone(message, GERMAN) == tone


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Ja, es geht.", "Es geht."),
        ("Nein, so nicht.", "So nicht."),
        ("Ja, aber nur so.",) * 2,
        ("Jahre, viele.",) * 2,
    ],
)
def test_text_without_yes_or_no(text: str, rest: str) -> None:
    """A yes or no at the beginning is left out, unless the rest needs it."""
    assert without_yes_or_no(text) == rest


def test_organisation_is_welcomed_and_learns_of_the_selfcheck(answerer: Answerer) -> None:
    """Whoever says what they are is welcomed as that, answered, and told of the self-check."""
    text = "Wir sind ein kleiner Sportverein in einer Kleinstadt, 80 Leute, passt das für uns?"

    answer = answerer.answer_question(text, "de")

    assert answer.plain_text.startswith("Schön, dass Sie als Sportverein hier sind.\n\n")
    assert answer.plain_text.endswith("/selbstcheck")
    assert answer.entry_id == "rolle-verein"


@pytest.mark.parametrize("text", ["ich hab angst dass das zu viel wird", "bei uns macht eh keiner mit"])
def test_worry_that_sounds_like_small_talk_gets_subjects(answerer: Answerer, text: str) -> None:
    """A worry is taken up with a sentence, and with subjects in place of small talk or a telephone number."""
    answer = answerer.answer_question(text, "de")

    assert answer.status is AnswerStatus.CLARIFY
    assert "Vielleicht hilft Ihnen eines dieser Themen" in answer.plain_text


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("versteh ich nicht, mit Beispiel bitte", True),
        ("hast du ein beispiel aus deutschland", True),
        ("konkretes beispiel aus ner kleinstadt", True),
        ("Beispiel für eine gemeinsame Messung?", False),
        ("aus der kleinstadt", False),
    ],
)
def test_wish_for_an_example(message: str, expected: bool) -> None:
    """Who asks for an example and names no subject means what was said before."""
    assert asks_for_example(message, GERMAN) is expected
