"""Detecting the language of a question."""

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
def test_names_do_not_decide_language(question: str, lang: str) -> None:
    """Names do not count as words of a language; a question of names only is in the user's Telegram language."""
    assert detect_question_language(question, "de") == lang
