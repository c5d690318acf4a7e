"""A request, and events of its requester and of an adviser, for tests of the relay between them."""

from dataclasses import replace
from itertools import count
from typing import Any

from bot.domain.consultation import Details, Party, Request, RequestContext, RequestStatus
from bot.domain.effects import CreateRequest, UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, RefreshCard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.dialogue import Dialogue
from bot.flows.relay.desk import text_checksum
from bot.pipeline.api_calls import build_calls
from bot.store import ApiCall
from bot.store.records import AdviserThread

ADA, BEA, EVE, DESK, TOPIC, REFERENCE = 20, 30, 40, -1_009_900, 7, "AAAA-AAAA"
UPDATE_IDS, MESSAGE_IDS = count(1_000), count(1_000)
STATE = State(lang="de")
OPEN = Request(REFERENCE, ADA, ADA, "Ada", "de", Details("Rat"), RequestContext(), "v", "jacob-rohm", 1_800_000_000.0)
TAKEN = replace(OPEN, status=RequestStatus.TAKEN, taken_by=BEA, adviser="Bea")
TALKING = replace(TAKEN, talking=True, turn=Party.REQUESTER)
SEND_ENTRY = f"q:answer:{REFERENCE}:backbone:{text_checksum('Backbone')}"  # below the text of a suggested entry
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


def play(services: Dialogue, *events: Event) -> list[Turn]:
    """Handle events one after another as the bot does, each with its own update, and store what follows."""
    turns = list[Turn]()
    for event in events:
        numbered = replace(event, update_id=next(UPDATE_IDS))
        turn = services.handle(services.store.users.load_state(event.state_key), numbered)
        calls = build_calls(turn.messages, numbered, services.adviser_chat)
        services.store.inbox.add_updates([(numbered.update_id, str(event.chat_id), "{}")])
        assert services.store.finish_update(numbered.update_id, numbered, turn.state, calls, turn.effects)
        turns.append(turn)
    return turns


def send_all(services: Dialogue) -> list[ApiCall]:
    """Make all queued calls, each sent message getting the next id from 1,000 on; return those of the Bot API."""
    calls = list[ApiCall]()
    while due := services.store.outbox.due_calls(services.now()):
        for queued in due:
            has_message = isinstance(queued.call, ApiCall) and queued.call.method in ("sendMessage", "copyMessage")
            services.store.outbox.mark_sent(queued.id, next(MESSAGE_IDS) if has_message else None)
            if isinstance(queued.call, ApiCall):
                calls.append(queued.call)
    return calls


def command(called: str, text: str = "", **more: Any) -> Event:
    """Return a command of an adviser in the request's topic."""
    return adviser(EventKind.COMMAND, text, command=called, in_adviser_chat=True, **more)


def tap(data: str, **more: Any) -> Event:
    """Return an adviser's tap in the request's topic."""
    return adviser(EventKind.BUTTON, data, callback_id="1", in_adviser_chat=True, **more)


def stored(services: Dialogue) -> Request:
    request = services.store.requests.find_request(REFERENCE)
    assert request is not None
    return request
