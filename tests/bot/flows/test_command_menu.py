"""The command menu of a chat follows the language that its person chose."""

from dataclasses import replace

import pytest

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.commands import ADVISER_COMMANDS, ENGLISH_COMMANDS, GERMAN_COMMANDS
from bot.domain.event import Event, EventKind
from bot.domain.message import RefreshCard, SendMessage, ShowCommandMenu
from bot.domain.turn import State, Turn
from bot.flows.callbacks import EXACT_HANDLERS
from bot.flows.context import Advisers
from bot.flows.dialogue import Dialogue
from prompts.render import format_label
from tests.support.relay import OPEN, REFERENCE, STATE, TALKING, changed, kept, person

EVENT = Event(1, EventKind.BUTTON, 10, 20, 5, text="l:en", callback_id="1", language_code="de", name="Ada")


def choose(dialogue: Dialogue, lang: str, *, private: bool = True) -> Turn:
    """Return the turn of a tap on a language."""
    return dialogue.handle(State(), replace(EVENT, text=f"l:{lang}", private=private))


def menus(turn: Turn) -> list[dict[str, str]]:
    return [dict(message.commands) for message in turn.messages if isinstance(message, ShowCommandMenu)]


@pytest.mark.parametrize("lang", SUPPORTED_LANGUAGES)
def test_menu_and_next_steps_follow_the_language(dialogue: Dialogue, lang: str) -> None:
    """The chat gets the commands in the language chosen, and the confirmation four next steps that all work."""
    turn = choose(dialogue, lang)

    (menu,) = menus(turn)
    assert tuple(menu) == (ENGLISH_COMMANDS if lang == "en" else GERMAN_COMMANDS)
    assert menu == {name: format_label(f"command_{name}", lang) for name in menu}
    (confirmation,) = (message for message in turn.messages if isinstance(message, SendMessage))
    buttons = [button for row in confirmation.keyboard for button in row]
    labels = [format_label(key, lang) for key in ("ask", "guide", "step_selbstcheck", "talk")]
    assert [button.label for button in buttons] == labels
    for button in buttons:
        tapped = dialogue.handle(turn.state, replace(EVENT, text=button.data))
        assert button.data in EXACT_HANDLERS or button.data == "k:start"
        assert any(isinstance(message, SendMessage) for message in tapped.messages)


def test_group_keeps_its_menu(dialogue: Dialogue) -> None:
    """A group's menu is everybody's, so one person's choice does not change it, nor offers what needs privacy."""
    turn = choose(dialogue, "en", private=False)

    assert menus(turn) == []
    (confirmation,) = (message for message in turn.messages if isinstance(message, SendMessage))
    assert [button.data for row in confirmation.keyboard for button in row] == ["go:ask", "go:guide"]


def test_own_requests_follow_the_language(services: Dialogue) -> None:
    """What a person reads about their requests follows the language, and the card is updated for the advisers."""
    kept(services, OPEN)

    turn = services.handle(STATE, replace(person(EventKind.BUTTON, "l:de-leicht", callback_id="1")))

    assert changed(turn).lang == "de-leicht"
    assert [message.reference for message in turn.messages if isinstance(message, RefreshCard)] == [REFERENCE]


def test_language_can_change_within_a_conversation(services: Dialogue) -> None:
    """Within a conversation with an adviser the language can be changed; what would not work there is not offered."""
    kept(services, TALKING)

    turn = services.handle(STATE, person(EventKind.COMMAND, "en", command="sprache"))

    assert (turn.state.lang, changed(turn).lang, changed(turn).talking) == ("en", "en", True)
    assert [message.keyboard for message in turn.messages if isinstance(message, SendMessage)] == [()]


def test_deletion_restores_the_published_menu(dialogue: Dialogue) -> None:
    """Whoever deletes their data gets the published menu again; an adviser's chat keeps the commands for advisers."""
    assert menus(choose_deletion(dialogue)) == [{}]
    (menu,) = menus(choose_deletion(replace(dialogue, advisers=Advisers(EVENT.chat_id))))
    assert set(ADVISER_COMMANDS) < set(menu)


def choose_deletion(dialogue: Dialogue) -> Turn:
    return dialogue.handle(State(lang="en"), replace(EVENT, text="d:yes"))
