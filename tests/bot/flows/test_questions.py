"""Answers: their layers and the next step below them."""

from dataclasses import replace
from typing import get_args

import pytest

from bot.answering.answerer import Answer, AnswerStatus, layer_label
from bot.domain.commands import GERMAN_COMMANDS
from bot.domain.event import Event, EventKind
from bot.domain.message import SendMessage
from bot.domain.turn import State
from bot.flows.callback_data import COMMAND_CALLBACK, REQUEST_ADVICE
from bot.flows.dialogue import Dialogue
from index.decision.calibration import Decision
from index.search.result import SearchResult
from knowledge.records.entry import Layer, StepCommand
from knowledge.records.intents import ReplyKind
from prompts.render import load_labels
from tests.support.fake_answerer import FakeAnswerer

TAP = Event(1, EventKind.BUTTON, chat_id=10, user_id=20, message_id=5, callback_id="1", language_code="de")
COMMANDS: list[StepCommand] = [command for command in get_args(StepCommand) if command]


def test_commands_of_entries_exist() -> None:
    """Whatever command an entry may name is one of the bot's, and has a label in each language."""
    assert set(COMMANDS) <= set(GERMAN_COMMANDS)
    for lang in ("de", "en", "de-leicht"):
        assert {f"step_{command}" for command in COMMANDS} <= load_labels(lang).keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_button_runs_its_command(dialogue: Dialogue, command: str) -> None:
    """The button does what the typed command does."""
    typed = dialogue.handle(State(), replace(TAP, kind=EventKind.COMMAND, command=command, callback_id=""))
    tapped = dialogue.handle(State(), replace(TAP, text=f"{COMMAND_CALLBACK}{command}"))

    assert replace(tapped.state, taps=0, taps_since=0.0) == typed.state
    assert [message for message in tapped.messages if isinstance(message, SendMessage)] == list(typed.messages)


def test_unknown_command_of_an_old_button(dialogue: Dialogue) -> None:
    """A button with a command that no longer exists says so."""
    (message,) = dialogue.handle(State(), replace(TAP, text=f"{COMMAND_CALLBACK}gone")).messages

    assert "Knopf" in str(message)


def test_layers_that_are_named() -> None:
    """An answer names the layer of its facts, except for what the bot says about itself."""
    assert [layer_label(layer, "de") for layer in Layer] == [
        "Von der Seite der Initiative",
        "Aus der Fachliteratur",
        "Aus anderen Quellen",
        "",
        "",
        "",
    ]


def test_complaint_quotes_the_last_question(dialogue: Dialogue) -> None:
    """A complaint gets an apology with the question before, which stays the last one, and the way to a person."""
    result = SearchResult(Decision.SMALL_TALK, 0.9, reply=ReplyKind.SMALL_TALK, intent="feelings")
    complaint = Answer(AnswerStatus.SMALLTALK, "", "de", result)
    dialogue = replace(dialogue, answerer=FakeAnswerer([complaint, complaint]))
    event = replace(TAP, kind=EventKind.TEXT, text="Das war nicht meine Frage", callback_id="")
    state = State(last_question="Wer zahlt <das>?")

    private, group = dialogue.handle(state, event), dialogue.handle(state, replace(event, private=False))

    message = private.messages[0]
    assert isinstance(message, SendMessage)
    assert "Sie hatten gefragt: „Wer zahlt &lt;das&gt;?“" in message.html
    assert [button.data for row in message.keyboard for button in row] == [REQUEST_ADVICE]
    assert private.state.last_question == state.last_question
    assert "Wer zahlt" not in str(group.messages)
