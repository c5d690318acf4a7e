"""Commands that are typed as words, without a slash."""

from dataclasses import replace

import pytest

from bot.domain.consultation import Form
from bot.domain.event import Event, EventKind
from bot.domain.turn import State, Turn
from bot.flows.commands import COMMAND_HANDLERS
from bot.flows.dialogue import Dialogue
from bot.flows.short_replies import REACTIONS

EVENT = Event(1, EventKind.TEXT, chat_id=10, user_id=20, message_id=5, language_code="de", name="Ada")


def say(dialogue: Dialogue, text: str, state: State | None = None) -> Turn:
    """Return the turn of a text in the private chat."""
    return dialogue.handle(state or State(), replace(EVENT, text=text))


def give_command(dialogue: Dialogue, name: str, text: str = "") -> Turn:
    """Return the turn of a command."""
    return dialogue.handle(State(), replace(EVENT, kind=EventKind.COMMAND, command=name, text=text))


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("Hilfe!", "hilfe"),
        ("datenschutz", "datenschutz"),
        ("Einführung", "einfuehrung"),
        ("meine Daten löschen", "loeschen"),
        ("kontakt", "kontakt"),
        ("Abbrechen", "abbrechen"),
        ("yardım", "hilfe"),
        ("Einführung machen", "einfuehrung"),
        ("Selbst-Check machen", "selbstcheck"),
        ("mitgeben", "mitnehmen"),
        ("PDF bitte", "mitnehmen"),
        ("zurückziehn", "zurueckziehen"),
    ],
)
def test_a_command_without_a_slash(dialogue: Dialogue, text: str, command: str) -> None:
    """The word alone does what the command does."""
    assert say(dialogue, text) == give_command(dialogue, command)


def test_a_language_is_chosen_at_once(dialogue: Dialogue) -> None:
    """The wish for a language chooses it, as a word and after the command."""
    assert say(dialogue, "English please").state.lang == "en"
    assert say(dialogue, "auf Deutsch bitte", State(lang="en")).state.lang == "de"
    assert say(dialogue, "auf deutsch wieder", State(lang="en")).state.lang == "de"
    assert say(dialogue, "Leichte Sprache bitte", State(lang="de")).state.lang == "de-leicht"
    assert give_command(dialogue, "sprache", "de-leicht").state.lang == "de-leicht"
    assert give_command(dialogue, "sprache", "klingonisch").state.lang == ""


def test_words_within_a_form_are_its_answer(dialogue: Dialogue) -> None:
    """While a form asks, a word is the answer to its question."""
    state = give_command(dialogue, "beratung").state
    assert state.form == Form()

    assert say(dialogue, "Einführung", state).state.form != Form()


def test_every_word_means_a_command_that_exists(dialogue: Dialogue) -> None:
    """No built-in word leads nowhere."""
    assert {command.split()[0] for command in dialogue.command_words.values()} <= {
        *COMMAND_HANDLERS,
        *REACTIONS,
    }
