"""Recognising what means the same as some wordings, with the real encoder."""

import pytest

from bot.answering.answerer import Answerer
from bot.domain.commands import COMMANDS_FILE, read_command_words
from bot.flows.relay.progress import ANSWER_TIME_ENTRY
from knowledge.loader import BUILT_IN

ABOUT_OWN_REQUEST = (
    "Hat sich schon wer meine Anfrage angesehen?",
    "Kam meine Nachricht an?",
    "Bearbeitet schon jemand mein Anliegen?",
    "Kann ich noch mit einer Antwort rechnen?",
    "Warum meldet sich keiner?",
    "Seit einer Woche höre ich nichts",
    "ich hab gestern geschrieben, wann kommt denn was zurück",
    "Guten Morgen, hat sich schon jemand gemeldet?",
    "any update?",
    "when do I hear from you",
)
ABOUT_THE_SUBJECT = (
    "Wie finde ich Partner für unser Bündnis?",
    "Wer bezahlt die Koordination?",
    "Wer liest meine Anfrage?",
    "Wie stelle ich eine Anfrage?",
    "Wie oft treffen sich die Beteiligten?",
    "Hat schon jemand die Wirkung gemessen?",
    "Danke!",
    "👍",
    "Can small towns do this?",
)


@pytest.fixture(scope="module")
def wordings() -> tuple[str, ...]:
    words = read_command_words(BUILT_IN / COMMANDS_FILE)
    return tuple(text for text, meaning in words.items() if meaning == "stand")


def test_questions_about_ones_own_request(answerer: Answerer, wordings: tuple[str, ...]) -> None:
    """Most questions about one's own request are recognised in words that are not listed."""
    recognised = [answerer.resembles(text, wordings, ANSWER_TIME_ENTRY) for text in ABOUT_OWN_REQUEST]

    assert sum(recognised) >= 0.8 * len(recognised)


@pytest.mark.parametrize("text", ABOUT_THE_SUBJECT)
def test_other_questions(answerer: Answerer, wordings: tuple[str, ...], text: str) -> None:
    """Questions about the subject, and about requests in general, are not taken for one."""
    assert not answerer.resembles(text, wordings, ANSWER_TIME_ENTRY)
