"""People who write another language than that of their Telegram, without having chosen one."""

from dataclasses import replace

import pytest

from bot.domain.consultation import Form, FormStep
from bot.domain.event import Event, EventKind
from bot.domain.message import SendMessage, ShowCommandMenu
from bot.domain.turn import State, Turn
from bot.flows.command_menu import build_menu
from bot.flows.dialogue import Dialogue
from tests.support.fake_answerer import FakeAnswerer

ENGLISH_TELEGRAM = Event(1, EventKind.TEXT, 10, 20, 5, language_code="en")
WRITTEN = {
    "Beratung bitte": "de",
    "Wir sind drei Vereine aus Gera.": "de",
    "stop": "en",
    "We would rather write English.": "en",
}


def html_of(turn: Turn) -> str:
    return next(message.html for message in turn.messages if isinstance(message, SendMessage))


def menus(turn: Turn) -> list[ShowCommandMenu]:
    return [message for message in turn.messages if isinstance(message, ShowCommandMenu)]


def test_forms_and_menu_follow_what_a_person_writes(dialogue: Dialogue) -> None:
    """Who writes German gets the form and the menu in German, although their Telegram is English, also on a tap."""
    dialogue = replace(dialogue, answerer=FakeAnswerer(written=WRITTEN))
    begun = dialogue.handle(State(), replace(ENGLISH_TELEGRAM, text="Beratung bitte"))
    assert "Worum geht es?" in html_of(begun)
    assert menus(begun) == [ShowCommandMenu(build_menu("de"))]

    told = dialogue.handle(begun.state, replace(ENGLISH_TELEGRAM, text="Wir sind drei Vereine aus Gera."))
    assert not menus(told)  # it has not changed
    tapped = replace(ENGLISH_TELEGRAM, kind=EventKind.BUTTON, text="r:skip:organisation", callback_id="1")
    assert "Was trifft am besten zu?" in str(dialogue.handle(told.state, tapped).messages)


def test_command_tells_the_language_and_a_choice_counts_more(dialogue: Dialogue) -> None:
    """A German command is German; a language that was chosen stays, whatever is written."""
    command = replace(ENGLISH_TELEGRAM, kind=EventKind.COMMAND, command="hilfe")
    assert "Das kann ich für Sie tun" in html_of(dialogue.handle(State(), command))
    assert "This is what I can do" in html_of(dialogue.handle(State(lang="en"), command))


def test_one_foreign_word_changes_nothing(dialogue: Dialogue) -> None:
    """A single English word among German ones is no change of language, a sentence is one."""
    dialogue = replace(dialogue, answerer=FakeAnswerer(written=WRITTEN))
    german = replace(ENGLISH_TELEGRAM, language_code="de")

    assert dialogue.handle(State(), replace(german, text="stop")).state.spoken == ""
    named = dialogue.handle(State(form=Form()), replace(german, text="We would rather write English."))
    assert named.state.spoken == ""
    english = dialogue.handle(State(), replace(german, text="We would rather write English."))
    assert english.state.spoken == "en"
    back = dialogue.handle(english.state, replace(german, text="Beratung bitte"))
    assert ("Worum geht es?" in html_of(back), back.state.spoken, menus(back)) == (
        True, "", [ShowCommandMenu(build_menu("de"))],
    )  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "de-leicht"])
@pytest.mark.parametrize("text", ["Wieder deutsch, bitte!", "German please", "normale Sprache", "nicht mehr leicht"])
def test_way_back_to_german_in_words(dialogue: Dialogue, lang: str, text: str) -> None:
    """English and Leichte Sprache are left in words, also in the middle of a form, which goes on in German."""
    assert dialogue.handle(State(lang=lang), replace(ENGLISH_TELEGRAM, text=text)).state.lang == "de"
    within = dialogue.handle(State(lang=lang, form=Form(FormStep.PLACE)), replace(ENGLISH_TELEGRAM, text=text))
    assert within.state.lang == "de"
    assert "In welchem Ort" in str(within.messages)


def test_normal_is_simpler_except_for_readers_of_plain_language(dialogue: Dialogue) -> None:
    """ "Normal, bitte" asks for simpler words, but to who reads Leichte Sprache it means its opposite."""
    said = replace(ENGLISH_TELEGRAM, text="Normal, bitte")
    assert dialogue.handle(State(lang="de-leicht"), said).state.lang == "de"
    assert dialogue.handle(State(lang="en"), said).state.lang == "en"


@pytest.mark.parametrize("text", ["ok einführung", "Dann zur Einführung, bitte", "well, the introduction please"])
def test_command_within_a_few_words(dialogue: Dialogue, text: str) -> None:
    """Words that only lead to a command do not hide it."""
    assert dialogue.handle(State(), replace(ENGLISH_TELEGRAM, text=text)).state.touring
