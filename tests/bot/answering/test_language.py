"""Detecting the language of a question."""

from collections import Counter

import pytest

from bot.answering.language import detect_question_language
from knowledge.loader import BUILT_IN, Knowledge
from knowledge.records.discourse_markers import MARKERS_FILE, read_markers

SMALL_WORDS = {lang: markers.small_words for lang, markers in read_markers(BUILT_IN / MARKERS_FILE).items()}


def detect(question: str, telegram_lang: str = "de") -> str:
    return detect_question_language(question, telegram_lang, SMALL_WORDS)


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
        ("що таке backbone organisation", "uk"),
        ("شو يعني Wirkungsorientierung؟", "ar"),
        ("???", "de"),
        ("🍕🍕🍕", "de"),
        ("4711 0815", "de"),
        ("asdf jkl", "de"),
        ("xyz", "de"),
        ("haha ok", "de"),
        ("ok lol", "de"),
        ("haha ok cool", "de"),
    ],
)
def test_names_and_gibberish_do_not_decide(question: str, lang: str) -> None:
    """Names do not count as words of a language; a question without any words is in the user's Telegram language."""
    assert detect(question) == lang


@pytest.mark.parametrize(
    "question",
    [
        "was is gemeinsam wirken", "was is n backbone", "wos isn des", "wat is dat", "wie geht dat",
        "was kostn das", "gibts des a bei uns", "wer is der rohm", "hamma da wos davon", "is des für vereine a was",
        "was bringts", "wer steckt da dahinter", "was is collective impact", "backbone was is das",
        "was war bohliefert", "ci 3.0 was is neu", "wie fangn wir an", "isses gratis", "nen termin bitte",
        "kann i mitmachen", "net so ganz verstanden", "nich verstanden", "wo is das", "so gehts nich",
        "wer war in bocholt dabei", "strivetogether was is das", "was is impact", "wer in bocholt", "was so kostet",
        "und in englisch", "was is shared measurement", "wer is phineo", "was in medicine hat war",
        "so was wie agenda setting", "wie is die vision", "no go was is das", "man muss doch was tun",
        "was will das backbone", "wen einladen", "gemeinsame agenda wie", "wieso so lange", "wie lang dauert des",
        "ab wann geht des los", "wer zahlt den backbone", "gmeinsam wirken wos is des", "moin was macht ihr",
        "servus wer seids ihr", "grüezi was isch das", "dat backbone wat macht dat", "kenn ich nich was is das",
        "is das wie community organizing", "was is systemchange", "wer hats erfunden",
        "wofür is die wirkungstreppe", "wie oft treffn", "welche fehler gibts", "wer is in der jury",
        "an wen wend i mi", "was is der plan", "wo was steht", "mal was fragen", "also was denn nu",
        "ja und was is mit geld", "ok und wer is der chef", "hä was is das", "wat mutt dat mutt",
        "obs das in köln gibt", "wies weiter geht", "is ja irre", "was n backbone is", "wer wie was",
        "des is ma z lang",
    ],
)  # fmt: skip
def test_short_and_dialect_german_is_german(question: str) -> None:
    """Short, badly typed and dialect German is German, also with English names in it."""
    assert detect(question) == "de"


@pytest.mark.parametrize(
    ("telegram_lang", "maxima"),
    [
        ("de", {"de": 1, "en": 6, "tr": 9, "uk": 8, "ru": 8, "ar": 7, "fr": 8, "es": 8, "pl": 10}),
        ("en", {"de": 7, "en": 1, "tr": 12, "uk": 8, "ru": 8, "ar": 7, "fr": 10, "es": 9, "pl": 11}),
    ],
)
def test_share_of_wrong_languages(built_in: Knowledge, telegram_lang: str, maxima: dict[str, int]) -> None:
    """Of every fourth example question in each language, at most this percentage is taken for another.

    A tenth of those in Turkish, Arabic, Ukrainian and Russian are typed in other letters than the language's own.
    """
    questions = [(entry.lang, question) for entry in built_in.entries for question in entry.questions]
    for file in built_in.example_questions:
        questions += [(file.lang, question) for texts in file.by_entry.values() for question in texts]
    total, wrong = Counter[str](), Counter[str]()
    for lang, question in questions[::4]:
        total[lang] += 1
        wrong[lang] += detect(question, telegram_lang) != lang

    assert {lang: share for lang in total if (share := 100 * wrong[lang] / total[lang]) > maxima[lang]} == {}
