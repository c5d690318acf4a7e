"""What a person writes and taps about a request goes to the advisers: every way there is, over a real store."""

from dataclasses import replace

import pytest

from bot.consultation import Request, Side
from bot.effects import ChangeRequest, NewRequest, Said
from bot.flows import talk
from bot.flows.dialogue import Dialogue
from bot.model import Copy, Event, Kind, Rewrite, Say, Toast, Update
from tests.bot.relay import (
    ADA,
    CLOSED,
    DESK,
    EVE,
    OPEN,
    REFERENCE,
    STATE,
    TAKEN,
    TALKING,
    changed,
    kept,
    kinds,
    person,
)


def test_without_advisers_the_bot_answers(dialogue: Dialogue) -> None:
    """Where no chat of advisers is connected, nothing is brought anywhere."""
    dialogue.store.act((), [NewRequest(TALKING)])

    assert talk.message(dialogue, STATE, person()) is None


def test_person_writes_in_the_conversation(parts: Dialogue) -> None:
    """What a person writes is copied to the advisers and kept; their card changes once it is their turn."""
    kept(parts, TALKING)
    first = talk.message(parts, STATE, person(reply_to=77))
    second = talk.message(parts, STATE, person(Kind.OTHER, "", what="photo"))
    parts.store.act((), [ChangeRequest(changed(first))])
    third = talk.message(parts, STATE, person())

    assert kinds(first) == [Copy, Update]
    assert first is not None
    assert first.messages[0] == Copy(REFERENCE, DESK, desk=True, replies=(ADA, 77))
    assert first.effects[1] == Said(REFERENCE, Side.PERSON, "Danke!")
    assert (changed(first).turn, changed(first).since) == (Side.ADVISER, parts.now())
    assert second is not None
    assert second.effects[1] == Said(REFERENCE, Side.PERSON, "[photo]")
    assert kinds(third) == [Copy]
    assert changed(third).since == parts.now()


def test_person_waits_since_their_first_message(parts: Dialogue) -> None:
    """Another message does not start the wait for the advisers anew, and takes back the warning of silence."""
    kept(parts, replace(TALKING, turn=Side.ADVISER, since=5.0, warned=6.0))

    turn = talk.message(parts, STATE, person())

    assert (changed(turn).since, changed(turn).warned) == (5.0, 0.0)


def test_person_writes_to_the_bot(parts: Dialogue) -> None:
    """Without a conversation, to nothing that belongs to a request, or to somebody else's, the bot is meant."""
    kept(parts, TAKEN)

    assert talk.message(parts, STATE, person()) is None
    assert talk.message(parts, STATE, person(reply_to=76)) is None
    assert talk.message(parts, STATE, person(Kind.EDITED)) is None
    assert talk.message(parts, STATE, person(Kind.COMMAND, "", command="start")) is None
    elsewhere = Event(1, Kind.TEXT, ADA, EVE, 9, text="Und ich?", reply_to=77)
    assert talk.message(parts, STATE, elsewhere) is None


def test_person_replies_without_a_conversation(parts: Dialogue) -> None:
    """A reply to a message about a request goes to the advisers also where nobody of them has written yet."""
    kept(parts, OPEN)

    assert Copy in kinds(talk.message(parts, STATE, person(reply_to=77)))


def test_person_replies_to_a_closed_request(parts: Dialogue) -> None:
    """Nothing is brought for a closed request; it can be opened again."""
    kept(parts, CLOSED)

    turn = talk.message(parts, STATE, person(reply_to=77))

    assert kinds(turn) == [Say]
    assert turn is not None
    said = turn.messages[0]
    assert isinstance(said, Say)
    assert [button.data for row in said.keyboard for button in row] == [f"h:reopen:{REFERENCE}"]
    assert turn.effects == ()


def test_person_edits(parts: Dialogue) -> None:
    """An edit changes the copy; what was written before the conversation is not told."""
    kept(parts, TALKING)

    assert kinds(talk.message(parts, STATE, person(Kind.EDITED, message=5))) == [Rewrite]
    assert kinds(talk.message(parts, STATE, person(Kind.EDITED, message=4))) == []


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (person(Kind.COMMAND, "", command="abbrechen"), [Say, Say, Toast]),
        (person(Kind.COMMAND, "", command="datenschutz"), None),
        (person(Kind.COMMAND, "", command="einfuehrung"), [Say]),
        (person(Kind.COMMAND, "", command="nothing_known"), [Say]),
        (person(Kind.BUTTON, "i:3"), [Toast]),
        (person(Kind.BUTTON, f"h:end:{REFERENCE}"), None),
        (person(Kind.BUTTON, "d:yes"), None),
    ],
)
def test_bot_is_silent_in_a_conversation(parts: Dialogue, event: Event, expected: list[type] | None) -> None:
    """While an adviser is there, only the conversation's own buttons and what concerns the own data are heard."""
    kept(parts, TALKING)

    turn = talk.message(parts, STATE, event)

    assert (None if turn is None else kinds(turn)) == expected


@pytest.mark.parametrize(
    ("request_", "rest", "expected"),
    [
        (TALKING, f"end:{REFERENCE}", [Say, Say, Toast]),
        (TAKEN, f"end:{REFERENCE}", [Toast]),
        (TAKEN, f"done:{REFERENCE}", [Say, Update, Toast, Say]),
        (TAKEN, f"withdraw:{REFERENCE}", [Say, Update, Toast, Say]),
        (CLOSED, f"done:{REFERENCE}", None),
        (TAKEN, f"wait:{REFERENCE}", [Toast]),
        (CLOSED, f"wait:{REFERENCE}", None),
        (CLOSED, f"reopen:{REFERENCE}", [Say, Update, Say, Toast]),
        (TAKEN, f"reopen:{REFERENCE}", [Toast]),
        (CLOSED, f"rate:{REFERENCE}:4", [Say, Update, Toast]),
        (CLOSED, f"rate:{REFERENCE}:6", None),
        (CLOSED, f"nothing:{REFERENCE}", None),
        (CLOSED, f"evil:{REFERENCE}", None),
        (CLOSED, "done:BBBB-BBBB", None),
    ],
)
def test_buttons_of_a_person(parts: Dialogue, request_: Request, rest: str, expected: list[type] | None) -> None:
    """Each button does its one thing while the request is in a state for it, and nothing afterwards."""
    kept(parts, request_)

    turn = talk.button(parts, STATE, person(Kind.BUTTON), rest)

    assert (None if turn is None else kinds(turn)) == expected


def test_rating_without_a_comment(parts: Dialogue) -> None:
    """Who does not want to comment is thanked, and what they write next is a question again."""
    kept(parts, CLOSED)

    turn = talk.button(parts, replace(STATE, rated=REFERENCE), person(Kind.BUTTON), f"nothing:{REFERENCE}")

    assert kinds(turn) == [Say, Toast]
    assert turn is not None
    assert turn.state.rated == ""


@pytest.mark.parametrize("event", [person(Kind.BUTTON, user=EVE), Event(1, Kind.BUTTON, EVE, ADA, 9)])
def test_buttons_of_others(parts: Dialogue, event: Event) -> None:
    """Another person's tap, or one from another chat, changes nothing."""
    kept(parts, TALKING)

    assert talk.button(parts, STATE, event, f"end:{REFERENCE}") is None
