"""A request, and events of its requester and of an adviser, for tests of the relay between them."""

from dataclasses import replace
from typing import Any

from bot.domain.consultation import Details, Party, Request, RequestContext, RequestStatus
from bot.domain.effects import CreateRequest, UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, RefreshCard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.dialogue import Dialogue
from bot.store import ApiCall
from bot.store.records import AdviserThread

ADA, BEA, EVE, DESK, TOPIC, REFERENCE = 20, 30, 40, -1_009_900, 7, "AAAA-AAAA"
STATE = State(lang="de")
OPEN = Request(REFERENCE, ADA, ADA, "Ada", "de", Details("Rat"), RequestContext(), "v", "jacob-rohm", 1_800_000_000.0)
TAKEN = replace(OPEN, status=RequestStatus.TAKEN, taken_by=BEA, adviser="Bea")
TALKING = replace(TAKEN, talking=True, turn=Party.REQUESTER)
CLOSED = replace(OPEN, status=RequestStatus.CLOSED, closed=1.0)


def kept(parts: Dialogue, request: Request) -> None:
    """Store a request with its topic, a message to its requester (77) and one in the topic (88)."""
    out = [
        ApiCall(ADA, "sendMessage", {"text": "a"}, reference=REFERENCE),
        ApiCall(DESK, "copyMessage", {}, (ADA, 5), reference=REFERENCE),
    ]
    parts.store.apply(out, [CreateRequest(request)])
    for queued in parts.store.outbox.due_calls(parts.now()):
        parts.store.outbox.mark_sent(queued.id, 77 if queued.chat_id == ADA else 88)
    parts.store.requests.save_thread(REFERENCE, AdviserThread(DESK, TOPIC, 70))


def person(
    kind: EventKind = EventKind.TEXT, text: str = "Danke!", *, user: int = ADA, message: int = 9, **more: Any
) -> Event:
    return Event(1, kind, user, user, message, text=text, html=text, name="Ada", **more)


def adviser(
    kind: EventKind = EventKind.TEXT,
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
    (request,) = (effect.request for effect in turn.effects if isinstance(effect, UpdateRequest))
    return request


def told(turn: Turn | None) -> list[tuple[object, str, list[str]]]:
    """Return what is sent: where ("desk", a chat, None for the event's, "toast", "card"), text, buttons' data."""
    assert turn is not None
    found: list[tuple[object, str, list[str]]] = []
    for message in turn.messages:
        match message:
            case SendMessage(html, keyboard):
                to = "desk" if message.to_advisers else message.chat_id
                found.append((to, html, [button.data for row in keyboard for button in row]))
            case AnswerCallback(text):
                found.append(("toast", text, []))
            case RefreshCard(reference):
                found.append(("card", reference, []))
    return found


def reads(turn: Turn | None, *expected: tuple[object, str, list[str]]) -> None:
    """Assert that exactly these messages are sent, each with these words in it; "" stands for an empty text."""
    found = told(turn)
    assert len(found) == len(expected)
    for (to, text, data), (side, words, buttons) in zip(found, expected, strict=True):
        assert (to, data) == (side, buttons)
        assert words in text if words else not text
