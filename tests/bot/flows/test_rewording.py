"""The last answer in other words, and what a word means."""

from dataclasses import replace

import pytest

from bot.domain.event import Event, EventKind
from bot.domain.message import SendMessage
from bot.domain.turn import State, Turn
from bot.flows import rewording
from bot.flows.dialogue import Dialogue
from knowledge.records.entry import LEICHTE_SPRACHE, Entry, Layer
from prompts.render import format_label, render_template
from tests.support.fake_answerer import NO_ANSWER, EntryAnswerer, MarkingAnswerer

TEXT = Event(1, EventKind.TEXT, chat_id=20, user_id=20, message_id=5, language_code="de", sent_at=1_000_000.0)


def say(dialogue: Dialogue, text: str, state: State | None = None) -> Turn:
    return dialogue.handle(state or State(), replace(TEXT, text=text))


def texts(turn: Turn) -> list[str]:
    return [message.html for message in turn.messages if isinstance(message, SendMessage)]


def test_shorter_answer(dialogue: Dialogue) -> None:
    """A wish for less text repeats the first sentences of the last answer; without one, it asks for a question."""
    entry = Entry(
        "agenda",
        "de",
        "Agenda",
        "Ja, das ist ein gemeinsamer Plan, den alle zusammen aufstellen, die mitmachen. Er hat drei Teile.",
        Layer.PAGE,
    )
    dialogue = replace(dialogue, answerer=EntryAnswerer(entry))

    assert texts(say(dialogue, "zu lang!", State(last_entry="agenda"))) == [
        "<b>Agenda, kurz gesagt:</b> Das ist ein gemeinsamer Plan, den alle zusammen aufstellen, die mitmachen."
    ]
    listed = replace(entry, body="Alle wollen etwas davon haben, auch die Kleinen. Beispiele:\n\n- Geld\n- Zeit")
    short = say(replace(dialogue, answerer=EntryAnswerer(listed)), "kurz bitte", State(last_entry="agenda"))
    assert texts(short) == ["<b>Agenda, kurz gesagt:</b> Alle wollen etwas davon haben, auch die Kleinen."]
    assert texts(say(dialogue, "kurz bitte")) == [render_template("ask", "de")]


def test_simpler_answer(dialogue: Dialogue) -> None:
    """A wish for plain words shows the last answer in Leichte Sprache or in short; at first, what this is."""
    plain = Entry("agenda", "de", "Agenda", "Ein gemeinsamer Plan, den alle zusammen aufstellen.", Layer.PAGE)
    easy = replace(dialogue, answerer=EntryAnswerer(replace(plain, lang=LEICHTE_SPRACHE)))
    short = replace(dialogue, answerer=EntryAnswerer(plain))
    first = replace(dialogue, answerer=EntryAnswerer(replace(plain, id=rewording.FIRST_ENTRY)))

    shown = say(easy, "wie für meine Oma?", State(last_entry="agenda"))
    assert (texts(shown), shown.state.last_entry) == (["<b>Agenda</b>"], "agenda")
    not_understood = say(easy, "Versteh ich nicht, geht das einfacher?", State(last_entry="agenda"))
    assert texts(not_understood) == texts(shown)
    in_short = ["<b>Agenda, kurz gesagt:</b> Ein gemeinsamer Plan, den alle zusammen aufstellen."]
    assert texts(say(short, "Kannst du das normal sagen?", State(last_entry="agenda"))) == in_short
    assert texts(say(first, "versteh nur Bahnhof")) == in_short


def test_example(dialogue: Dialogue) -> None:
    """A wish for an example shows an entry that tells of a real place; one already shown is not repeated."""
    dialogue = replace(dialogue, answerer=MarkingAnswerer())
    example = say(dialogue, "Versteh ich nicht, mit Beispiel bitte!", State(last_entry="agenda"))

    assert texts(example) == ["<i>Ein Beispiel aus der Praxis:</i>\n\n<b>Bocholt</b>"]
    assert example.state.recent_entries == ("bocholt", "agenda")
    assert texts(say(dialogue, "Beispiel bitte")) == texts(example)
    assert texts(say(dialogue, "noch ein Beispiel", example.state)) == [NO_ANSWER.html]


@pytest.mark.parametrize("text", ["Was heißt NPO?", "was ist eine npo", "und was bedeutet NPO"])
def test_meaning_of_a_word(dialogue: Dialogue, text: str) -> None:
    """What a word of the answers means is said in a sentence; the word alone, and other words, are searched."""
    assert texts(say(dialogue, text)) == [format_label("word_npo", "de")]
    assert texts(say(dialogue, "Stiftung")) == texts(say(dialogue, "Was heißt Backbone?")) == [NO_ANSWER.html]


@pytest.mark.parametrize("lang", ["de", "en", "de-leicht"])
def test_every_word_is_explained(dialogue: Dialogue, lang: str) -> None:
    """Each word of commands.yaml has its sentence in each language."""
    words = {meaning.partition(" ")[2] for meaning in dialogue.command_words.values() if meaning.startswith("wort ")}
    assert all(format_label(f"word_{word}", lang) for word in words)
