"""The requester's messages and taps about a request, and how they are relayed to the advisers, over a real store."""

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


def test_bot_answers_without_advisers(dialogue: Dialogue) -> None:
    """Without an adviser chat, the bot answers and nothing is relayed."""
    dialogue.store.apply((), [CreateRequest(TALKING)])

    assert requester.handle_requester_message(TurnContext(dialogue, STATE, person())) is None


def test_requester_message_is_relayed(services: Dialogue) -> None:
    """A requester's message is relayed and added to the transcript; the card is refreshed when the turn changes."""
    kept(services, TALKING)
    first = requester.handle_requester_message(TurnContext(services, STATE, person(reply_to=77)))
    second = requester.handle_requester_message(
        TurnContext(services, STATE, person(EventKind.OTHER, "", media_type="photo"))
    )
    services.store.apply((), [UpdateRequest(changed(first))])
    third = requester.handle_requester_message(TurnContext(services, STATE, person()))

    assert kinds(first) == [RelayMessage, RefreshCard]
    assert first is not None
    html = "<b>Ada:</b>\nDanke!"
    assert first.messages[0] == RelayMessage(REFERENCE, DESK, to_advisers=True, reply_to=(ADA, 77), html=html)
    assert first.effects[1] == AppendTranscript(REFERENCE, Party.REQUESTER, "Danke!", signed=True)
    assert (first.messages[1], first.state) == (RefreshCard(REFERENCE), STATE)
    assert (changed(first).turn, changed(first).since) == (Party.ADVISER, services.now())
    assert second is not None
    assert second.effects[1] == AppendTranscript(REFERENCE, Party.REQUESTER, "[photo]", signed=True)
    assert kinds(third) == [RelayMessage]
    assert changed(third).since == services.now()


def test_further_message_keeps_the_deadline(services: Dialogue) -> None:
    """A further message does not restart the advisers' deadline, but clears the warning about silence."""
    kept(services, replace(TALKING, turn=Party.ADVISER, since=5.0, warned=6.0))

    turn = requester.handle_requester_message(TurnContext(services, STATE, person()))

    assert (changed(turn).since, changed(turn).warned) == (5.0, 0.0)


def test_other_messages_are_for_the_bot(services: Dialogue) -> None:
    """Without a conversation, messages that do not reply to the person's own request are for the bot."""
    kept(services, TAKEN)

    assert requester.handle_requester_message(TurnContext(services, STATE, person())) is None
    assert requester.handle_requester_message(TurnContext(services, STATE, person(reply_to=76))) is None
    assert requester.handle_requester_message(TurnContext(services, STATE, person(EventKind.EDITED))) is None
    assert (
        requester.handle_requester_message(
            TurnContext(services, STATE, person(EventKind.COMMAND, "", command="start"))
        )
        is None
    )
    from_other_user = Event(1, EventKind.TEXT, ADA, EVE, 9, text="Und ich?", reply_to=77)
    assert requester.handle_requester_message(TurnContext(services, STATE, from_other_user)) is None


def test_reply_is_relayed_without_a_conversation(services: Dialogue) -> None:
    """A reply to a message about a request is relayed even if no adviser has written yet."""
    kept(services, OPEN)

    assert RelayMessage in kinds(
        requester.handle_requester_message(TurnContext(services, STATE, person(reply_to=77)))
    )


def test_reply_to_a_closed_request_is_not_relayed(services: Dialogue) -> None:
    """A reply about a closed request is not relayed: it can be reopened, or after a withdrawal sent anew."""
    kept(services, CLOSED)
    events = TurnContext(services, STATE, person(reply_to=77))
    turn = requester.handle_requester_message(events)
    services.store.apply((), [UpdateRequest(replace(CLOSED, withdrawn=True))])
    after_withdrawal = requester.handle_requester_message(events)

    reads(turn, (None, f"Ihre Anfrage {REFERENCE} ist abgeschlossen", [f"h:pass:{REFERENCE}:9"]))
    reads(after_withdrawal, (None, f"Sie haben die Anfrage {REFERENCE} zurückgezogen", ["talk"]))
    assert turn is not None
    assert turn.effects == ()


def test_requester_edit_is_relayed(services: Dialogue) -> None:
    """An edit is applied to the copy and the transcript; an edit of a message that was not relayed is ignored."""
    kept(services, TALKING)

    changed_text = requester.handle_requester_message(
        TurnContext(services, STATE, person(EventKind.EDITED, "Doch <b>nicht</b>", message=5))
    )
    caption = requester.handle_requester_message(
        TurnContext(services, STATE, person(EventKind.EDITED, "Bild", message=5, media_type="photo"))
    )
    before = requester.handle_requester_message(TurnContext(services, STATE, person(EventKind.EDITED, message=4)))

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
    services: Dialogue, event: Event, expected: list[tuple[object, str, list[str]]] | None
) -> None:
    """During a conversation, the bot handles only buttons of the conversation and requests about personal data."""
    kept(services, TALKING)

    turn = requester.handle_requester_message(TurnContext(services, STATE, event))

    assert turn is None or turn.state == STATE
    if expected is None:
        assert turn is None
    else:
        reads(turn, *expected)


def test_conversation_goes_on_after_handing_back(services: Dialogue) -> None:
    """If the adviser hands the request back, the requester is told, and their messages are still relayed."""
    kept(services, TALKING)
    tap = adviser(EventKind.BUTTON, f"q:release:{REFERENCE}", callback_id="1", in_adviser_chat=True)
    released = services.handle(STATE, tap)
    services.store.apply((), [UpdateRequest(changed(released))])

    written = services.handle(STATE, person(text="Sind Sie noch da?"))
    command = requester.handle_requester_message(
        TurnContext(services, STATE, person(EventKind.COMMAND, "", command="einfuehrung"))
    )
    button = requester.handle_requester_message(TurnContext(services, STATE, person(EventKind.BUTTON, "i:3")))
    next_adviser = adviser_flow.handle_adviser_message(TurnContext(services, STATE, adviser(user=EVE, name="Eve")))

    reads(
        released,
        (ADA, f"Bea gibt Ihre Anfrage {REFERENCE} weiter", END),
        ("desk", "Wer übernimmt?", []), CARD, ("toast", "", []),
    )  # fmt: skip
    assert kinds(written) == [RelayMessage, RefreshCard]
    reads(command, (None, "im Gespräch mit dem Beratungsteam", END))
    reads(button, ("toast", "im Gespräch mit dem Beratungsteam", []))
    reads(next_adviser, (ADA, f"Eve schreibt Ihnen zu Ihrer Anfrage {REFERENCE}", END), CARD)


def test_conversation_goes_on_after_a_late_notice(services: Dialogue) -> None:
    """After the notice of a late answer, the requester still writes to the advisers and can return to the bot."""
    promised = services.now() - DAY
    waiting = replace(TALKING, turn=Party.ADVISER, since=promised - 9 * DAY, promised=promised)
    kept(services, waiting)
    late = lifecycle.check_deadlines(services, waiting)
    services.store.apply((), [UpdateRequest(changed(late))])

    written = services.handle(STATE, person(text="Sind Sie noch da?"))

    reads(
        late,
        (ADA, f"Auf Ihre letzte Nachricht zu Ihrer Anfrage {REFERENCE} hat noch niemand geantwortet",
         [*END, *DONE, f"h:wait:{REFERENCE}", f"h:withdraw:{REFERENCE}"]),
        ("desk", "wartet jemand auf Antwort", []),
        ("card", REFERENCE, []),
    )  # fmt: skip
    assert kinds(written) == [RelayMessage]


def test_most_recent_of_two_conversations_counts(services: Dialogue) -> None:
    """If there are conversations about two requests, the requester's messages go to the more recent one."""
    kept(services, replace(TALKING, since=9.0))
    services.store.apply((), [CreateRequest(replace(TALKING, reference="BBBB-BBBB", since=5.0))])

    turn = requester.handle_requester_message(TurnContext(services, STATE, person()))

    assert turn is not None
    assert turn.messages[0] == RelayMessage(REFERENCE, DESK, to_advisers=True, html="<b>Ada:</b>\nDanke!")


WITHDRAWN = replace(CLOSED, withdrawn=True)
WITHDRAW = [f"h:withdraw:{REFERENCE}:{answer}" for answer in ("yes", "no")]
END, DONE, REOPEN, RATES = (
    [f"h:end:{REFERENCE}"],
    [f"h:done:{REFERENCE}"],
    [f"h:reopen:{REFERENCE}"],
    [f"h:rate:{REFERENCE}:{number}" for number in range(1, 6)],
)
CARD: tuple[object, str, list[str]] = ("card", REFERENCE, [])


@pytest.mark.parametrize(
    ("request_", "data", "expected"),
    [
        (TALKING, f"end:{REFERENCE}", [
            (ADA, f"Ihre Anfrage {REFERENCE} bleibt offen", DONE), ("desk", "schreibt wieder mit dem Bot", []),
            ("toast", "", [])]),
        (TAKEN, f"end:{REFERENCE}", [("toast", "gilt nicht mehr", [])]),
        (TAKEN, f"done:{REFERENCE}", [
            (ADA, f"Die Anfrage {REFERENCE} ist damit abgeschlossen", RATES + REOPEN), CARD, ("toast", "", []),
            ("desk", "als gelöst markiert", [])]),
        (TAKEN, f"withdraw:{REFERENCE}", [
            (None, f"Möchten Sie die Anfrage {REFERENCE} zurückziehen?", WITHDRAW)]),
        (TAKEN, f"withdraw:{REFERENCE}:yes", [
            CARD, ("desk", "hat die Anfrage zurückgezogen", []), ("toast", "", [])]),
        (TAKEN, f"withdraw:{REFERENCE}:no", []),
        (TAKEN, f"withdraw:{REFERENCE}:evil", None),
        (WITHDRAWN, f"withdraw:{REFERENCE}:yes", None),
        (WITHDRAWN, f"reopen:{REFERENCE}", [("toast", "gilt nicht mehr", [])]),
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
def test_requester_buttons(
    services: Dialogue, request_: Request, data: str, expected: list[tuple[object, str, list[str]]] | None
) -> None:
    """Each button works only while the request's status allows it, and both sides are told."""
    kept(services, request_)

    turn = requester.handle_requester_callback(TurnContext(services, STATE, person(EventKind.BUTTON)), data)

    if expected is None:
        assert turn is None
    else:
        reads(turn, *expected)
        assert turn is not None
        assert replace(turn.state, rated="") == STATE


def test_conversation_ends_for_both_sides(services: Dialogue) -> None:
    """When the requester ends the conversation, it ends for both sides, and the notices belong to the request."""
    kept(services, TALKING)

    turn = requester.handle_requester_callback(
        TurnContext(services, STATE, person(EventKind.BUTTON)), f"end:{REFERENCE}"
    )

    assert changed(turn) == replace(TALKING, talking=False, speaker="")
    assert turn is not None
    assert [message.reference for message in turn.messages if isinstance(message, SendMessage)] == [REFERENCE] * 2
    assert turn.state == STATE


def test_request_marked_as_done_is_closed(services: Dialogue) -> None:
    """Marking a request as done closes it as of now."""
    kept(services, TALKING)

    turn = requester.handle_requester_callback(
        TurnContext(services, STATE, person(EventKind.BUTTON)), f"done:{REFERENCE}"
    )

    assert (changed(turn).status, changed(turn).closed, changed(turn).talking) == (
        RequestStatus.CLOSED,
        services.now(),
        False,
    )


def test_rating_without_a_comment(services: Dialogue) -> None:
    """A requester who declines to comment is thanked, and their next message is a question again."""
    kept(services, CLOSED)

    turn = requester.handle_requester_callback(
        TurnContext(services, replace(STATE, rated=REFERENCE), person(EventKind.BUTTON)), f"nothing:{REFERENCE}"
    )

    reads(turn, (None, "Danke für Ihre Rückmeldung", []), ("toast", "", []))
    assert turn is not None
    assert turn.state == replace(STATE, rated="")


@pytest.mark.parametrize("event", [person(EventKind.BUTTON, user=EVE), Event(1, EventKind.BUTTON, EVE, ADA, 9)])
def test_buttons_of_others_change_nothing(services: Dialogue, event: Event) -> None:
    """A tap by another person, or from another chat, changes nothing."""
    kept(services, TALKING)

    assert requester.handle_requester_callback(TurnContext(services, STATE, event), f"end:{REFERENCE}") is None
