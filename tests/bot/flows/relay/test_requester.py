"""What a person writes and taps about a request goes to the advisers: every way there is, over a real store."""

from dataclasses import replace

import pytest

from bot.domain.calendar import DAY
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import AppendTranscript, CorrectTranscript, CreateRequest, UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import EditRelayed, RefreshCard, RelayMessage, SendMessage
from bot.domain.turn import Turn
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from bot.flows.relay import adviser as adviser_flow
from bot.flows.relay import lifecycle, requester
from tests.support.relay import (
    ADA,
    CLOSED,
    DESK,
    EVE,
    OPEN,
    REFERENCE,
    STATE,
    TAKEN,
    TALKING,
    adviser,
    changed,
    kept,
    kinds,
    person,
    reads,
)

pytestmark = pytest.mark.durability


def test_without_advisers_the_bot_answers(dialogue: Dialogue) -> None:
    """Where no chat of advisers is connected, nothing is brought anywhere."""
    dialogue.store.apply((), [CreateRequest(TALKING)])

    assert requester.handle_requester_message(TurnContext(dialogue, STATE, person())) is None


def test_person_writes_in_the_conversation(parts: Dialogue) -> None:
    """What a person writes is copied to the advisers and kept; their card changes once it is their turn."""
    kept(parts, TALKING)
    first = requester.handle_requester_message(TurnContext(parts, STATE, person(reply_to=77)))
    second = requester.handle_requester_message(
        TurnContext(parts, STATE, person(EventKind.OTHER, "", media_type="photo"))
    )
    parts.store.apply((), [UpdateRequest(changed(first))])
    third = requester.handle_requester_message(TurnContext(parts, STATE, person()))

    assert kinds(first) == [RelayMessage, RefreshCard]
    assert first is not None
    assert first.messages[0] == RelayMessage(REFERENCE, DESK, to_advisers=True, reply_to=(ADA, 77))
    assert first.effects[1] == AppendTranscript(REFERENCE, Party.REQUESTER, "Danke!")
    assert (first.messages[1], first.state) == (RefreshCard(REFERENCE), STATE)
    assert (changed(first).turn, changed(first).since) == (Party.ADVISER, parts.now())
    assert second is not None
    assert second.effects[1] == AppendTranscript(REFERENCE, Party.REQUESTER, "[photo]")
    assert kinds(third) == [RelayMessage]
    assert changed(third).since == parts.now()


def test_person_waits_since_their_first_message(parts: Dialogue) -> None:
    """Another message does not start the wait for the advisers anew, and takes back the warning of silence."""
    kept(parts, replace(TALKING, turn=Party.ADVISER, since=5.0, warned=6.0))

    turn = requester.handle_requester_message(TurnContext(parts, STATE, person()))

    assert (changed(turn).since, changed(turn).warned) == (5.0, 0.0)


def test_person_writes_to_the_bot(parts: Dialogue) -> None:
    """Without a conversation, to nothing that belongs to a request, or to somebody else's, the bot is meant."""
    kept(parts, TAKEN)

    assert requester.handle_requester_message(TurnContext(parts, STATE, person())) is None
    assert requester.handle_requester_message(TurnContext(parts, STATE, person(reply_to=76))) is None
    assert requester.handle_requester_message(TurnContext(parts, STATE, person(EventKind.EDITED))) is None
    assert (
        requester.handle_requester_message(TurnContext(parts, STATE, person(EventKind.COMMAND, "", command="start")))
        is None
    )
    elsewhere = Event(1, EventKind.TEXT, ADA, EVE, 9, text="Und ich?", reply_to=77)
    assert requester.handle_requester_message(TurnContext(parts, STATE, elsewhere)) is None


def test_person_replies_without_a_conversation(parts: Dialogue) -> None:
    """A reply to a message about a request goes to the advisers also where nobody of them has written yet."""
    kept(parts, OPEN)

    assert RelayMessage in kinds(requester.handle_requester_message(TurnContext(parts, STATE, person(reply_to=77))))


def test_person_replies_to_a_closed_request(parts: Dialogue) -> None:
    """Nothing is brought for a closed request; it can be opened again."""
    kept(parts, CLOSED)

    turn = requester.handle_requester_message(TurnContext(parts, STATE, person(reply_to=77)))

    reads(turn, (None, f"Ihre Anfrage {REFERENCE} ist abgeschlossen", [f"h:reopen:{REFERENCE}"]))
    assert turn is not None
    assert (turn.state, turn.effects) == (STATE, ())


def test_person_edits(parts: Dialogue) -> None:
    """An edit changes the copy and the transcript; what was written before the conversation is not told."""
    kept(parts, TALKING)

    changed_text = requester.handle_requester_message(
        TurnContext(parts, STATE, person(EventKind.EDITED, "Doch <b>nicht</b>", message=5))
    )
    caption = requester.handle_requester_message(
        TurnContext(parts, STATE, person(EventKind.EDITED, "Bild", message=5, media_type="photo"))
    )
    before = requester.handle_requester_message(TurnContext(parts, STATE, person(EventKind.EDITED, message=4)))

    corrected = [CorrectTranscript(REFERENCE, Party.REQUESTER, words) for words in ("Doch <b>nicht</b>", "Bild")]
    assert changed_text == Turn(STATE, (EditRelayed(REFERENCE, DESK, "Doch <b>nicht</b>"),), (corrected[0],))
    assert caption == Turn(STATE, (EditRelayed(REFERENCE, DESK, "Bild", is_caption=True),), (corrected[1],))
    assert before == Turn(STATE)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            person(EventKind.COMMAND, "", command="abbrechen"),
            [
                (ADA, "ab jetzt antworte wieder ich", [f"h:done:{REFERENCE}"]),
                ("desk", "schreibt wieder mit dem Bot", []),
                ("toast", "", []),
            ],
        ),
        (person(EventKind.COMMAND, "", command="datenschutz"), None),
        (
            person(EventKind.COMMAND, "", command="einfuehrung"),
            [(None, "im Gespräch mit Bea", [f"h:end:{REFERENCE}"])],
        ),
        (
            person(EventKind.COMMAND, "", command="nothing_known"),
            [(None, "im Gespräch mit Bea", [f"h:end:{REFERENCE}"])],
        ),
        (person(EventKind.BUTTON, "i:3"), [("toast", "im Gespräch mit Bea", [])]),
        (person(EventKind.BUTTON, f"h:end:{REFERENCE}"), None),
        (person(EventKind.BUTTON, "d:yes"), None),
        (person(EventKind.INLINE_QUERY, "was"), None),
    ],
)
def test_bot_is_silent_in_a_conversation(
    parts: Dialogue, event: Event, expected: list[tuple[object, str, list[str]]] | None
) -> None:
    """While an adviser is there, only the conversation's own buttons and what concerns the own data are heard."""
    kept(parts, TALKING)

    turn = requester.handle_requester_message(TurnContext(parts, STATE, event))

    assert turn is None or turn.state == STATE
    if expected is None:
        assert turn is None
    else:
        reads(turn, *expected)


def test_conversation_whose_adviser_hands_it_back_goes_on(parts: Dialogue) -> None:
    """Handed back, a request loses nothing that its person writes; they are told, and can turn to the bot."""
    kept(parts, TALKING)
    tap = adviser(EventKind.BUTTON, f"q:release:{REFERENCE}", callback_id="1", in_adviser_chat=True)
    released = parts.handle(STATE, tap)
    parts.store.apply((), [UpdateRequest(changed(released))])

    written = parts.handle(STATE, person(text="Sind Sie noch da?"))
    command = requester.handle_requester_message(
        TurnContext(parts, STATE, person(EventKind.COMMAND, "", command="einfuehrung"))
    )
    button = requester.handle_requester_message(TurnContext(parts, STATE, person(EventKind.BUTTON, "i:3")))
    next_adviser = adviser_flow.handle_adviser_message(TurnContext(parts, STATE, adviser(user=EVE, name="Eve")))

    reads(
        released,
        (ADA, f"Bea gibt Ihre Anfrage {REFERENCE} weiter", END),
        ("desk", "Wer übernimmt?", []), CARD, ("toast", "", []),
    )  # fmt: skip
    assert kinds(written) == [RelayMessage, RefreshCard]
    reads(command, (None, "im Gespräch mit der Beratung", END))
    reads(button, ("toast", "im Gespräch mit der Beratung", []))
    reads(next_adviser, (ADA, f"Eve schreibt Ihnen zu Ihrer Anfrage {REFERENCE}", END), CARD)


def test_conversation_in_which_an_answer_is_late_goes_on(parts: Dialogue) -> None:
    """Told that the answer is late, the person still writes to the advisers, and can turn to the bot instead."""
    promised = parts.now() - DAY
    waiting = replace(TALKING, turn=Party.ADVISER, since=promised - 9 * DAY, promised=promised)
    kept(parts, waiting)
    late = lifecycle.check_deadlines(parts, waiting)
    parts.store.apply((), [UpdateRequest(changed(late))])

    written = parts.handle(STATE, person(text="Sind Sie noch da?"))

    reads(
        late,
        (ADA, f"Auf Ihre letzte Nachricht zu Ihrer Anfrage {REFERENCE} hat noch niemand geantwortet",
         [*END, *DONE, f"h:wait:{REFERENCE}", f"h:withdraw:{REFERENCE}"]),
        ("desk", "wartet jemand auf Antwort", []),
    )  # fmt: skip
    assert kinds(written) == [RelayMessage]


def test_of_two_conversations_the_newer_one_counts(parts: Dialogue) -> None:
    """Where advisers are in the conversation about two requests, what the person writes goes to the later one."""
    kept(parts, replace(TALKING, since=9.0))
    parts.store.apply((), [CreateRequest(replace(TALKING, reference="BBBB-BBBB", since=5.0))])

    turn = requester.handle_requester_message(TurnContext(parts, STATE, person()))

    assert turn is not None
    assert turn.messages[0] == RelayMessage(REFERENCE, DESK, to_advisers=True)


END, DONE, REOPEN, RATES = (
    [f"h:end:{REFERENCE}"],
    [f"h:done:{REFERENCE}"],
    [f"h:reopen:{REFERENCE}"],
    [f"h:rate:{REFERENCE}:{number}" for number in range(1, 6)],
)
CARD: tuple[object, str, list[str]] = ("card", REFERENCE, [])


@pytest.mark.parametrize(
    ("request_", "rest", "expected"),
    [
        (TALKING, f"end:{REFERENCE}", [
            (ADA, f"Ihre Anfrage {REFERENCE} bleibt offen", DONE), ("desk", "schreibt wieder mit dem Bot", []),
            ("toast", "", [])]),
        (TAKEN, f"end:{REFERENCE}", [("toast", "gilt nicht mehr", [])]),
        (TAKEN, f"done:{REFERENCE}", [
            (ADA, f"Die Anfrage {REFERENCE} ist damit abgeschlossen", RATES + REOPEN), CARD, ("toast", "", []),
            ("desk", "als gelöst markiert", [])]),
        (TAKEN, f"withdraw:{REFERENCE}", [
            (ADA, f"Ihre Anfrage {REFERENCE} ist zurückgezogen", RATES + REOPEN), CARD, ("toast", "", []),
            ("desk", "hat die Anfrage zurückgezogen", [])]),
        (CLOSED, f"done:{REFERENCE}", None),
        (TAKEN, f"wait:{REFERENCE}", [("toast", "Ihre Anfrage bleibt offen", [])]),
        (CLOSED, f"wait:{REFERENCE}", None),
        (CLOSED, f"reopen:{REFERENCE}", [
            (ADA, f"Ihre Anfrage {REFERENCE} ist wieder offen", END), CARD, ("desk", "ist wieder offen", []),
            ("toast", "", [])]),
        (TAKEN, f"reopen:{REFERENCE}", [("toast", "gilt nicht mehr", [])]),
        (CLOSED, f"rate:{REFERENCE}:4", [
            (None, "noch etwas dazu sagen", [f"h:nothing:{REFERENCE}"]), CARD, ("toast", "🙂", [])]),
        (CLOSED, f"rate:{REFERENCE}:6", None),
        (CLOSED, f"nothing:{REFERENCE}", None),
        (CLOSED, f"evil:{REFERENCE}", None),
        (CLOSED, "done:BBBB-BBBB", None),
    ],
)  # fmt: skip
def test_buttons_of_a_person(
    parts: Dialogue, request_: Request, rest: str, expected: list[tuple[object, str, list[str]]] | None
) -> None:
    """Each button does its one thing while the request is in a state for it, both sides are told, and nothing happens
    afterwards."""
    kept(parts, request_)

    turn = requester.handle_requester_callback(TurnContext(parts, STATE, person(EventKind.BUTTON)), rest)

    if expected is None:
        assert turn is None
    else:
        reads(turn, *expected)
        assert turn is not None
        assert replace(turn.state, rated="") == STATE


def test_conversation_ends_for_both_sides(parts: Dialogue) -> None:
    """After the person ended it nobody is in the conversation; what is said about it belongs to the request."""
    kept(parts, TALKING)

    turn = requester.handle_requester_callback(
        TurnContext(parts, STATE, person(EventKind.BUTTON)), f"end:{REFERENCE}"
    )

    assert changed(turn) == replace(TALKING, talking=False)
    assert turn is not None
    assert [message.reference for message in turn.messages if isinstance(message, SendMessage)] == [REFERENCE] * 2
    assert turn.state == STATE


def test_request_that_is_done_is_closed(parts: Dialogue) -> None:
    """A person who has what they wanted closes their request, as of now."""
    kept(parts, TALKING)

    turn = requester.handle_requester_callback(
        TurnContext(parts, STATE, person(EventKind.BUTTON)), f"done:{REFERENCE}"
    )

    assert (changed(turn).status, changed(turn).closed, changed(turn).talking) == (
        RequestStatus.CLOSED,
        parts.now(),
        False,
    )


def test_rating_without_a_comment(parts: Dialogue) -> None:
    """Who does not want to comment is thanked, and what they write next is a question again."""
    kept(parts, CLOSED)

    turn = requester.handle_requester_callback(
        TurnContext(parts, replace(STATE, rated=REFERENCE), person(EventKind.BUTTON)), f"nothing:{REFERENCE}"
    )

    reads(turn, (None, "Danke für Ihre Rückmeldung", []), ("toast", "", []))
    assert turn is not None
    assert turn.state == replace(STATE, rated="")


@pytest.mark.parametrize("event", [person(EventKind.BUTTON, user=EVE), Event(1, EventKind.BUTTON, EVE, ADA, 9)])
def test_buttons_of_others(parts: Dialogue, event: Event) -> None:
    """Another person's tap, or one from another chat, changes nothing."""
    kept(parts, TALKING)

    assert requester.handle_requester_callback(TurnContext(parts, STATE, event), f"end:{REFERENCE}") is None
