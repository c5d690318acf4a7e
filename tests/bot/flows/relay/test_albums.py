"""An adviser's album is decided on as a whole: a note under any of its messages keeps all of them inside."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from telegram import Bot, User

from bot.domain.effects import RetractMessages
from bot.domain.event import Event, EventKind
from bot.domain.message import DeleteRelayed, EditRelayed, RelayMessage
from bot.domain.turn import Album, Turn
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from bot.flows.relay import adviser as adviser_flow
from bot.pipeline.api_calls import build_calls
from bot.pipeline.inbox import INCOMPLETE_WAIT, Inbox
from bot.pipeline.update_handler import UpdateHandler
from bot.store.records import DELETE_RELAYED
from bot.telegram.update_parser import chat_key, parse_raw_update
from tests.support.queues import api_call
from tests.support.relay import ADA, BEA, DESK, OPEN, REFERENCE, STATE, TALKING, TOPIC, adviser, kept, kinds

pytestmark = pytest.mark.durability

NOTED = "// nur für uns"
PICTURE = {"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}


def item(message: int, text: str = "", captions: tuple[str, ...] = (), kind: EventKind = EventKind.OTHER) -> Event:
    return adviser(kind, text, message=message, media_type="photo", album_id="a", captions=captions)


def follow(parts: Dialogue, *events: Event) -> list[Turn]:
    """The turns of these events, one after another; what follows from each is kept."""
    state, turns = STATE, list[Turn]()
    for number, event in enumerate(events, 1):
        turn = adviser_flow.handle_adviser_message(TurnContext(parts, state, event))
        assert turn is not None
        parts.store.inbox.add_updates([(number, str(DESK), "{}")])
        parts.store.finish_update(number, event, turn.state, build_calls(turn.messages, event, DESK), turn.effects)
        turns.append(turn)
        state = turn.state
    return turns


def waits(parts: Dialogue) -> list[tuple[str, int]]:
    """The copies and deletions that wait to be made at the person's, with the message that each is about."""
    queued, found = parts.store, list[tuple[str, int]]()
    while due := [one for one in queued.outbox.due_calls(parts.now()) if one.chat_id == ADA]:
        for one in due:
            call = api_call(one.call)
            origin = call.source or call.edit_of
            if origin:
                found.append((call.method, origin[1]))
            queued.outbox.mark_sent(one.id, None)
    return found


@pytest.mark.parametrize(
    "album",
    [
        (item(90, NOTED), item(91), item(92)),
        (item(90, captions=("", NOTED)), item(91, captions=(NOTED,)), item(92, NOTED)),
        (item(90, "Seite eins", captions=(NOTED, "")), item(91, NOTED), item(92)),
    ],
)
def test_note_keeps_its_album_inside(parts: Dialogue, album: tuple[Event, ...]) -> None:
    """Wherever in the album the note stands, nothing goes to the person, and the request is taken by nobody."""
    kept(parts, OPEN)

    turns = follow(parts, *album)

    assert [(turn.messages, turn.effects) for turn in turns] == [((), ())] * 3
    assert parts.store.requests.find_request(REFERENCE) == OPEN
    assert turns[-1].state.albums == (Album("a", note=True),)


def test_album_without_a_note_goes_to_the_person(parts: Dialogue) -> None:
    """Each of its messages is copied, in order."""
    kept(parts, TALKING)

    turns = follow(parts, item(90, "Plan", captions=("", "")), item(91, captions=("",)), item(92))

    assert [kinds(turn) for turn in turns] == [[RelayMessage]] * 3
    assert waits(parts) == [("copyMessage", 90), ("copyMessage", 91), ("copyMessage", 92)]
    assert turns[-1].state.albums == (Album("a", (90, 91, 92)),)


def test_note_that_comes_late_takes_its_album_back(parts: Dialogue) -> None:
    """What waits is dropped, what has arrived is deleted, and neither stays in the transcript."""
    kept(parts, TALKING)
    first = follow(parts, item(90), item(91))[-1]
    (sent,) = [one for one in parts.store.outbox.due_calls(parts.now()) if api_call(one.call).source == (DESK, 90)]
    parts.store.outbox.mark_sent(sent.id, 78)
    late = adviser_flow.handle_adviser_message(TurnContext(parts, first.state, item(92, NOTED)))
    assert late is not None
    parts.store.inbox.add_updates([(9, str(DESK), "{}")])
    parts.store.finish_update(9, item(92), late.state, build_calls(late.messages, item(92), DESK), late.effects)
    after = adviser_flow.handle_adviser_message(TurnContext(parts, late.state, item(93)))

    assert late.messages == (DeleteRelayed(REFERENCE, ADA, 90), DeleteRelayed(REFERENCE, ADA, 91))
    assert late.effects == (RetractMessages(REFERENCE, (90, 91)),)
    assert waits(parts) == [(DELETE_RELAYED, 90), (DELETE_RELAYED, 91)]
    assert parts.store.outbox.find_reply_to(ADA, (DESK, 90)) == 78
    assert parts.store.requests.load_transcript(REFERENCE) == []
    assert after is not None
    assert (after.messages, after.effects) == ((), ())


def test_edit_makes_a_note_of_an_album(parts: Dialogue) -> None:
    """A caption edited into a note takes the whole album back; edited once more, it brings nothing again."""
    kept(parts, TALKING)

    *_, note, again, back = follow(
        parts,
        item(90, "Plan"),
        item(91),
        item(90, NOTED, kind=EventKind.EDITED),
        item(90, NOTED + "!", kind=EventKind.EDITED),
        item(90, "Plan", kind=EventKind.EDITED),
    )

    assert kinds(note) == [DeleteRelayed, DeleteRelayed]
    assert [(turn.messages, turn.effects) for turn in (again, back)] == [((), ())] * 2
    assert waits(parts) == [(DELETE_RELAYED, 90), (DELETE_RELAYED, 91)]


def test_edit_of_a_caption_before_it_is_taken_back(parts: Dialogue) -> None:
    """An edit that waits is dropped together with the copy that it was meant for."""
    kept(parts, TALKING)

    turns = follow(
        parts, item(90, "Plan"), item(90, "Plan B", kind=EventKind.EDITED), item(90, NOTED, kind=EventKind.EDITED)
    )

    assert [kinds(turn) for turn in turns] == [[RelayMessage], [EditRelayed], [DeleteRelayed]]
    assert waits(parts) == [(DELETE_RELAYED, 90)]


def test_only_the_last_albums_are_remembered(parts: Dialogue) -> None:
    """An adviser's state does not grow with each album."""
    kept(parts, TALKING)
    state = STATE
    for number in range(adviser_flow.MAX_ALBUMS + 2):
        turn = adviser_flow.handle_adviser_message(
            TurnContext(parts, state, adviser(EventKind.OTHER, "", message=100 + number, album_id=f"a{number}"))
        )
        assert turn is not None
        state = turn.state

    assert [album.id for album in state.albums] == [f"a{number}" for number in range(2, adviser_flow.MAX_ALBUMS + 2)]


def _nothing(*_: object) -> None:
    """Whatever is told, nobody listens."""


class Desk:
    """The advisers' updates, through inbox and turns as the bot has them; ``late`` come while it waits."""

    def __init__(self, parts: Dialogue, late: Iterator[dict[str, Any]]) -> None:
        self.waited: list[float] = []
        self._store, self._late = parts.store, late
        me = User(1, "Bot", is_bot=True, username="gw_bot")
        turns = UpdateHandler(
            parts, partial(parse_raw_update, Bot("1:a"), me), _nothing, _nothing, _nothing, lambda *_: True
        )
        self.inbox = Inbox(parts.store, turns.handle_update, chat_key, sleep=self._rest)

    async def _rest(self, _: object, seconds: float) -> None:
        self.waited.append(seconds)
        for update in self._late:
            self._store.inbox.add_updates([(update["update_id"], str(DESK), json.dumps(update))])


def update(number: int, caption: str = "", **more: Any) -> dict[str, Any]:
    """A picture in the request's topic, as Telegram delivers it."""
    message = {
        "message_id": 90 + number, "date": 1_800_000_000, "chat": {"id": DESK, "type": "supergroup", "title": "B"},
        "from": {"id": BEA, "is_bot": False, "first_name": "Bea"}, "message_thread_id": TOPIC,
        "is_topic_message": True, "photo": [PICTURE], "media_group_id": "a", "caption": caption,
    } | more  # fmt: skip
    return {"update_id": number, "message": message}


@pytest.mark.parametrize("late", [0, 1, 2])
async def test_bot_waits_for_the_rest_of_an_album(parts: Dialogue, late: int) -> None:
    """However many of an album's messages come after its first was written down, it is decided on with all of them,
    after one wait."""
    kept(parts, OPEN)
    album = [update(1), update(2), update(3, NOTED)]
    there = Desk(parts, iter(album[3 - late :]))

    await there.inbox.receive_updates(album[: 3 - late])
    await there.inbox.wait_until_idle()

    assert there.waited == [INCOMPLETE_WAIT]
    assert parts.store.inbox.count_pending_updates() == 0
    assert parts.store.requests.find_request(REFERENCE) == OPEN
    assert [one for one in parts.store.outbox.due_calls(parts.now()) if one.chat_id == ADA] == []


async def test_bot_that_was_stopped_waits_again(parts: Dialogue) -> None:
    """An album whose wait was cut short by a stop is decided on as a whole after the next start."""
    kept(parts, OPEN)
    parts.store.inbox.add_updates([(1, str(DESK), json.dumps(update(1)))])
    there = Desk(parts, iter([update(2, NOTED)]))

    await there.inbox.resume_pending()
    await there.inbox.wait_until_idle()

    assert there.waited == [INCOMPLETE_WAIT]
    assert parts.store.requests.find_request(REFERENCE) == OPEN


async def test_nothing_else_waits(parts: Dialogue) -> None:
    """Single pictures of advisers, an album's edit, and albums of others are handled at once."""
    kept(parts, TALKING)
    edited = {"update_id": 2, "edited_message": update(2, "Plan")["message"]}
    sender: dict[str, Any] = {"from": {"id": ADA, "is_bot": False, "first_name": "Ada"}}
    person = update(3, "", chat={"id": ADA, "type": "private"}, **sender)
    there = Desk(parts, iter([]))

    await there.inbox.receive_updates([update(1, media_group_id=None), edited, person])
    await there.inbox.wait_until_idle()

    assert there.waited == []
    assert parts.store.inbox.count_pending_updates() == 0
