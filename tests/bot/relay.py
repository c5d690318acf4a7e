"""A request between a person and the advisers, and what either of them does, for tests of what goes between them."""

from dataclasses import replace
from typing import Any

from bot.domain.consultation import Brief, Details, Request, Side, Status
from bot.domain.effects import ChangeRequest, NewRequest
from bot.domain.event import Event, Kind
from bot.domain.message import Say, Toast, Update
from bot.domain.turn import State, Turn
from bot.flows.dialogue import Dialogue
from bot.store import Outgoing
from bot.store.protocol import Thread

ADA, BEA, EVE, DESK, TOPIC, REFERENCE = 20, 30, 40, -1_009_900, 7, "AAAA-AAAA"
STATE = State(lang="de")
OPEN = Request(REFERENCE, ADA, ADA, "Ada", "de", Details("Rat"), Brief(), "v", "jacob-rohm", 1_800_000_000.0)
TAKEN = replace(OPEN, status=Status.TAKEN, taken_by=BEA, adviser="Bea")
TALKING = replace(TAKEN, talking=True, turn=Side.PERSON)
CLOSED = replace(OPEN, status=Status.CLOSED, closed=1.0)


def kept(parts: Dialogue, request: Request) -> None:
    """A request in the store, with its topic, a message 77 to the person about it and one (88) in the topic."""
    out = [
        Outgoing(ADA, "sendMessage", {"text": "a"}, request=REFERENCE),
        Outgoing(DESK, "copyMessage", {}, (ADA, 5), request=REFERENCE),
    ]
    parts.store.act(out, [NewRequest(request)])
    for queued in parts.store.due(parts.now()):
        parts.store.sent(queued.id, 77 if queued.outgoing.chat_id == ADA else 88)
    parts.store.put_thread(REFERENCE, Thread(DESK, TOPIC, 70))


def person(kind: Kind = Kind.TEXT, text: str = "Danke!", *, user: int = ADA, message: int = 9, **more: Any) -> Event:
    return Event(1, kind, user, user, message, text=text, html=text, name="Ada", **more)


def adviser(
    kind: Kind = Kind.TEXT,
    text: str = "Gern.",
    *,
    user: int = BEA,
    message: int = 90,
    thread: int = TOPIC,
    **more: Any,
) -> Event:
    values: dict[str, Any] = {"text": text, "html": text, "name": "Bea", "private": False, "thread_id": thread} | more
    return Event(1, kind, DESK, user, message, **values)


def kinds(turn: Turn | None) -> list[type]:
    assert turn is not None
    return [type(message) for message in turn.messages]


def changed(turn: Turn | None) -> Request:
    assert turn is not None
    (request,) = (effect.request for effect in turn.effects if isinstance(effect, ChangeRequest))
    return request


def told(turn: Turn | None) -> list[tuple[object, str, list[str]]]:
    """What either side reads: where ("desk", a chat, None for the event's, "toast", "card"), text, buttons' data."""
    assert turn is not None
    found: list[tuple[object, str, list[str]]] = []
    for message in turn.messages:
        match message:
            case Say(html, keyboard):
                to = "desk" if message.desk else message.chat_id
                found.append((to, html, [button.data for row in keyboard for button in row]))
            case Toast(text):
                found.append(("toast", text, []))
            case Update(reference):
                found.append(("card", reference, []))
    return found


def reads(turn: Turn | None, *expected: tuple[object, str, list[str]]) -> None:
    """Exactly these are told, each with these words in it; "" stands for an empty text."""
    found = told(turn)
    assert len(found) == len(expected)
    for (to, text, data), (side, words, buttons) in zip(found, expected, strict=True):
        assert (to, data) == (side, buttons)
        assert words in text if words else not text
