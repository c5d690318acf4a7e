"""Which language a question is in."""

import pytest

from bot.answering.language import detect_question_language


@pytest.mark.parametrize(
    ("question", "lang"),
    [
        ("¿Qué es Gemeinsam Wirken?", "es"),
        ("Gemeinsam Wirken nedir?", "tr"),
        ("Що таке Collective Impact?", "uk"),
        ("Co to jest Gemeinsam Wirken?", "pl"),
        ("What is Gemeinsam Wirken?", "en"),
        ("Was ist Collective Impact?", "de"),
        ("Collective Impact", "de"),
        ("???", "de"),
    ],
)
def test_names_do_not_decide(question: str, lang: str) -> None:
    """A name says nothing about the language of the question; without other words, that of Telegram counts."""
    assert detect_question_language(question, "de") == lang
