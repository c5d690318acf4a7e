"""The name above a relayed message, over a real store."""

from dataclasses import replace

import pytest

from bot.domain.consultation import Party, Request
from bot.domain.effects import AppendTranscript
from bot.domain.event import Event, EventKind
from bot.domain.message import EditRelayed, RelayMessage
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from bot.flows.relay import adviser as adviser_flow
from bot.flows.relay import requester
from bot.flows.relay.signature import SPEAKER_PAUSE, sign_relay
from bot.pipeline.api_calls import RECEIPT, build_calls, make_receipt_calls
from bot.store.records import ApiCall
from tests.support.queues import api_call
from tests.support.relay import (
    ADA,
    BEA,
    DESK,
    REFERENCE,
    STATE,
    TALKING,
    TOPIC,
    adviser,
    command,
    kept,
    person,
    play,
    tap,
)

pytestmark = pytest.mark.durability

NOW = 1_800_000_000.0
BEA_WROTE = replace(TALKING, speaker=f"adviser:{BEA}", spoken=NOW)
COPY = RelayMessage(REFERENCE, ADA)


@pytest.mark.parametrize(
    ("request_", "side", "event", "now", "named"),
    [
        (TALKING, Party.ADVISER, adviser(), NOW, True),
        (BEA_WROTE, Party.ADVISER, adviser(), NOW, False),
        (BEA_WROTE, Party.ADVISER, adviser(), NOW + SPEAKER_PAUSE - 1, False),
        (BEA_WROTE, Party.ADVISER, adviser(), NOW + SPEAKER_PAUSE, True),
        (BEA_WROTE, Party.ADVISER, adviser(), NOW - 1, True),  # the clock was ahead
        (BEA_WROTE, Party.ADVISER, adviser(user=40), NOW, True),
        (BEA_WROTE, Party.REQUESTER, person(user=BEA), NOW, True),  # somebody who tries both sides
        (BEA_WROTE.release(), Party.ADVISER, adviser(), NOW, True),
    ],
)
def test_name_is_given_if_the_speaker_changes(
    request_: Request, side: Party, event: Event, now: float, named: bool
) -> None:
    """A message has its writer's name if somebody else wrote last, on either side, or nobody wrote for a while."""
    updated, relay = sign_relay(request_, side, COPY, event, now)

    assert (relay != COPY) is named
    assert (updated.speaker, updated.spoken) == (f"{side.value}:{event.user_id}", now)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (adviser(text="<b>Ja</b>"), {"html": "<b>Bea (Beratung):</b>\n<b>Ja</b>"}),
        (adviser(name="B & <C>\n D"), {"html": "<b>B &amp; &lt;C&gt; D (Beratung):</b>\nGern."}),
        (adviser(text="", media_type="voice"), {"html": "<b>Bea (Beratung):</b>", "is_caption": True}),
        (adviser(text="x" * 1_008, media_type="photo"),
         {"html": "<b>Bea (Beratung):</b>\n" + "x" * 1_008, "is_caption": True}),
        (adviser(text="x" * 1_009, media_type="photo"), {"heading": "<b>Bea (Beratung):</b>"}),
        (adviser(text="👍" * 2_040), {"html": "<b>Bea (Beratung):</b>\n" + "👍" * 2_040}),
        (adviser(text="👍" * 2_041), {"heading": "<b>Bea (Beratung):</b>"}),
        (adviser(text="", media_type="sticker"), {"heading": "<b>Bea (Beratung):</b>"}),
    ],
)  # fmt: skip
def test_where_the_name_stands(event: Event, expected: dict[str, object]) -> None:
    """The name is part of a text or caption if there is room for it, else a message of its own."""
    assert sign_relay(TALKING, Party.ADVISER, COPY, event, NOW)[1] == replace(COPY, **expected)  # type: ignore[arg-type]


def test_advisers_read_the_first_name(services: Dialogue) -> None:
    """In the advisers' chat the requester's words carry their first name."""
    kept(services, TALKING)
    event = replace(person(), name="Anna Maria Koch", first_name="Anna Maria")

    turn = requester.handle_requester_message(TurnContext(services, STATE, event))

    assert turn is not None
    assert isinstance(relay := turn.messages[0], RelayMessage)
    assert relay.html == "<b>Anna Maria:</b>\nDanke!"


@pytest.mark.parametrize(
    ("signed", "text", "media_type", "expected"),
    [
        (True, "Doch nicht", "", "<b>{name}</b>\nDoch nicht"),
        (True, "", "photo", "<b>{name}</b>"),
        (True, "x" * 4_096, "", "x" * 4_096),
        (False, "Doch nicht", "", "Doch nicht"),
    ],
)
def test_edit_keeps_the_name(services: Dialogue, signed: bool, text: str, media_type: str, expected: str) -> None:
    """On both sides, the edit of a copy with a name keeps it as long as there is room, and other edits add none."""
    kept(services, TALKING)
    for side, event in (
        (Party.ADVISER, adviser(EventKind.EDITED, text, message=88, media_type=media_type)),
        (Party.REQUESTER, person(EventKind.EDITED, text, message=5, media_type=media_type)),
    ):
        services.store.inbox.add_updates([(event.message_id, "", "{}")])
        line = AppendTranscript(REFERENCE, side, "alt", signed=signed)
        services.store.finish_update(event.message_id, event, None, (), [line])

        turn = services.handle(STATE, event)

        assert isinstance(edit := turn.messages[0], EditRelayed)
        assert edit.html == expected.format(name="Bea (Beratung):" if side is Party.ADVISER else "Ada:")


@pytest.mark.parametrize(
    ("between", "named"),
    [
        ([], False),
        ([person(text="Und noch etwas", message=10)], False),
        ([adviser(text="Gern.")], True),
        ([adviser(text="// kennt ihr sie?")], True),
        ([adviser(EventKind.EDITED, "Gerne.", message=88)], False),
        ([adviser(text="Hallo zusammen", thread=0)], False),
        ([command("notiz")], True),
        ([tap(f"q:suggest:{REFERENCE}")], True),
        ([tap(f"q:remind:{REFERENCE}")], False),
        ([tap(f"q:give:{REFERENCE}")], True),
        ([tap(f"q:release:{REFERENCE}")], True),
        ([tap(f"q:close:{REFERENCE}"), tap(f"q:reopen:{REFERENCE}")], True),
        ([person(EventKind.BUTTON, f"h:{action}:{REFERENCE}") for action in ("done", "reopen")], True),
    ],
)
def test_requester_is_named_after_whatever_stands_between(
    services: Dialogue, between: list[Event], named: bool
) -> None:
    """In the advisers' chat the requester's next words carry the name if the bot or an adviser wrote in between."""
    kept(services, TALKING)
    play(services, person(message=9), *between)

    (turn,) = play(services, person(text="Bis dann", message=11, reply_to=77))

    relay = next(message for message in turn.messages if isinstance(message, RelayMessage))
    assert relay.html == ("<b>Ada:</b>\nBis dann" if named else "")


def test_arrived_message_gets_a_reaction() -> None:
    """Only the copy of a message leads to a reaction, in the chat where the message was written."""
    relay = replace(COPY, heading="<b>Bea (Beratung):</b>")
    name, copy = build_calls([relay], adviser(message=90))
    others = build_calls([EditRelayed(REFERENCE, ADA, "x")], adviser(message=90), DESK)

    (reaction,) = make_receipt_calls(copy)

    assert reaction == ApiCall(
        DESK, "setMessageReaction", {"message_id": 90, "reaction": RECEIPT}, reference=REFERENCE
    )
    assert api_call(name).params["text"] == "<b>Bea (Beratung):</b>"
    ready_answer = ApiCall(ADA, "sendMessage", {}, (DESK, -7), reference=REFERENCE)
    assert [make_receipt_calls(call) for call in (name, reaction, ready_answer, *others)] == [[]] * 4


def test_second_adviser_is_announced_once(services: Dialogue) -> None:
    """Another adviser's first message is announced; one who took the request, or wrote before, is not."""
    kept(services, TALKING.add_participant(40, "Eve"))
    turns = [
        adviser_flow.handle_adviser_message(TurnContext(services, STATE, adviser(user=user, name=name, thread=TOPIC)))
        for user, name in ((BEA, "Bea"), (40, "Eve"), (50, "Cem"))
    ]

    announced = [[message for message in turn.messages if hasattr(message, "keyboard")] for turn in turns if turn]
    assert [len(messages) for messages in announced] == [0, 0, 1]
