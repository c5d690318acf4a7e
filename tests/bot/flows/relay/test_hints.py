"""Who gets a message, and how to reach others: told now and then, over a real store."""

from dataclasses import replace

import pytest

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.consultation import Request
from bot.domain.event import Event, EventKind
from bot.domain.message import RefreshCard, RelayMessage, SendMessage
from bot.flows.dialogue import Dialogue
from bot.flows.relay.hints import HINT_INTERVAL
from tests.support.relay import CLOSED, OPEN, REFERENCE, TALKING, adviser, kept, kinds, person, play, reads, told

pytestmark = pytest.mark.durability

TALK = adviser(text="Wer hat heute Zeit?", thread=0)


def test_advisers_learn_where_to_write_once_a_week(services: Dialogue) -> None:
    """A message outside the topics gets one line on how to write to a person, and the next ones get none."""
    kept(services, OPEN)
    first, second = play(services, TALK, replace(TALK, message_id=91))
    (later,) = play(replace(services, now=lambda: first.state.hinted + HINT_INTERVAL), TALK)

    reads(first, (None, "Das lesen nur Sie hier", []))
    assert not second.messages
    reads(later, (None, "Das lesen nur Sie hier", []))


@pytest.mark.parametrize(
    ("request_", "event"),
    [
        (CLOSED, TALK),
        (OPEN, replace(TALK, text="// nur wir")),
        (OPEN, replace(TALK, thread_id=8)),
        (OPEN, replace(TALK, reply_to=5, addressed=False)),
        (OPEN, replace(TALK, kind=EventKind.EDITED)),
    ],
)
def test_advisers_are_left_in_peace(services: Dialogue, request_: Request, event: Event) -> None:
    """With no request open, and wherever nobody can have meant a person, nothing is said."""
    kept(services, request_)

    (turn,) = play(services, event)

    assert not turn.messages


@pytest.mark.parametrize("lang", SUPPORTED_LANGUAGES)
def test_bare_command_goes_to_the_adviser(services: Dialogue, lang: str) -> None:
    """During a conversation the name of a command goes to the adviser; one line, once, says how to reach the bot."""
    kept(services, replace(TALKING, lang=lang))
    first, second = play(services, person(text="Meine Daten"), person(text="Datenschutz", message=10))

    command = {"en": "/mydata"}.get(lang, "/meinedaten")
    assert kinds(first) == [RelayMessage, RefreshCard, SendMessage]
    assert (command in told(first)[-1][1], "Bea" in told(first)[-1][1]) == (True, True)
    assert kinds(second) == [RelayMessage]


@pytest.mark.parametrize(
    ("request_", "event"),
    [
        (TALKING, person(text="Meine Daten habe ich geschickt")),
        (TALKING, person(text="ja")),
        (TALKING, person(text="Hilfe", reply_to=77)),
        (TALKING, person(EventKind.OTHER, "Hilfe", media_type="photo")),
        (OPEN, person(text="Hilfe", reply_to=77)),
    ],
)
def test_what_is_meant_for_the_adviser_gets_no_hint(services: Dialogue, request_: Request, event: Event) -> None:
    """Other words, an answer, a picture and a reply go to the adviser without a word of the bot."""
    kept(services, request_)

    (turn,) = play(services, event)

    assert RelayMessage in kinds(turn)
    assert SendMessage not in kinds(turn)
    assert REFERENCE in {message.reference for message in turn.messages if isinstance(message, RelayMessage)}
