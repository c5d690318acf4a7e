"""An adviser's album is handled as a whole: a note in any of its captions keeps all of it from being relayed."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from telegram import Bot, User

from bot.domain.effects import RetractMessages
from bot.domain.event import Event, EventKind
from bot.domain.message import ConfirmNote, DeleteRelayed, EditRelayed, RelayMessage
from bot.domain.turn import Album, Turn
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from bot.flows.relay import adviser as adviser_flow
from bot.flows.relay.albums import MAX_ALBUMS
from bot.pipeline.api_calls import build_calls
from bot.pipeline.inbox import INCOMPLETE_WAIT, Inbox
from bot.pipeline.update_handler import UpdateHandler
from bot.store.records import DELETE_RELAYED
from bot.telegram.update_parser import chat_key, parse_raw_update
from tests.support.queues import api_call
from tests.support.relay import ADA, BEA, DESK, EVE, OPEN, REFERENCE, STATE, TALKING, TOPIC, adviser, kept, kinds

pytestmark = pytest.mark.durability

NOTE_TEXT = "// nur für uns"
PICTURE = {"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}


def item(message: int, text: str = "", captions: tuple[str, ...] = (), kind: EventKind = EventKind.OTHER) -> Event:
    return adviser(kind, text, message=message, media_type="photo", album_id="a", captions=captions)


def follow(services: Dialogue, *events: Event) -> list[Turn]:
    """Handle these events one after another, store the results, and return the turns."""
    state, turns = STATE, list[Turn]()
    for number, event in enumerate(events, 1):
        turn = adviser_flow.handle_adviser_message(TurnContext(services, state, event))
        assert turn is not None
        services.store.inbox.add_updates([(number, str(DESK), "{}")])
        services.store.finish_update(number, event, turn.state, build_calls(turn.messages, event, DESK), turn.effects)
        turns.append(turn)
        state = turn.state
    return turns


def sent_to_requester(services: Dialogue) -> list[tuple[str, int]]:
    """Send all calls queued for the requester; return each copy and deletion with the message that it is about."""
    outbox, sent = services.store.outbox, list[tuple[str, int]]()
    while due := [queued for queued in outbox.due_calls(services.now()) if queued.chat_id == ADA]:
        for queued in due:
            call = api_call(queued.call)
            origin = call.source or call.edit_of
            if origin:
                sent.append((call.method, origin[1]))
            outbox.mark_sent(queued.id, None)
    return sent


@pytest.mark.parametrize(
    "album",
    [
        (item(90, NOTE_TEXT), item(91), item(92)),
        (item(90, captions=("", NOTE_TEXT)), item(91, captions=(NOTE_TEXT,)), item(92, NOTE_TEXT)),
        (item(90, "Seite eins", captions=(NOTE_TEXT, "")), item(91, NOTE_TEXT), item(92)),
    ],
)
def test_note_keeps_album_from_being_relayed(services: Dialogue, album: tuple[Event, ...]) -> None:
    """Wherever the note is in the album, nothing is relayed and nobody takes the request."""
    kept(services, OPEN)

    turns = follow(services, *album)

    signs = [(ConfirmNote(REFERENCE),), (), ()]
    assert [(turn.messages, turn.effects) for turn in turns] == [(messages, ()) for messages in signs]
    assert services.store.requests.find_request(REFERENCE) == OPEN
    assert turns[-1].state.albums == (Album("a", note=True),)


def test_album_without_a_note_is_relayed(services: Dialogue) -> None:
    """Each message of an album without a note is relayed, in order."""
    kept(services, TALKING)

    turns = follow(services, item(90, "Plan", captions=("", "")), item(91, captions=("",)), item(92))

    assert [kinds(turn) for turn in turns] == [[RelayMessage]] * 3
    assert sent_to_requester(services) == [("copyMessage", 90), ("copyMessage", 91), ("copyMessage", 92)]
    assert turns[-1].state.albums == (Album("a", (90, 91, 92)),)


def test_late_note_deletes_its_album(services: Dialogue) -> None:
    """If a note follows later, queued copies are dropped, delivered ones deleted, and the transcript is cleared."""
    kept(services, TALKING)
    first = follow(services, item(90), item(91))[-1]
    due = services.store.outbox.due_calls(services.now())
    (sent,) = [queued for queued in due if api_call(queued.call).source == (DESK, 90)]
    services.store.outbox.mark_sent(sent.id, 78)
    late = adviser_flow.handle_adviser_message(TurnContext(services, first.state, item(92, NOTE_TEXT)))
    assert late is not None
    services.store.inbox.add_updates([(9, str(DESK), "{}")])
    services.store.finish_update(9, item(92), late.state, build_calls(late.messages, item(92), DESK), late.effects)
    after = adviser_flow.handle_adviser_message(TurnContext(services, late.state, item(93)))

    deletions = (DeleteRelayed(REFERENCE, ADA, 90), DeleteRelayed(REFERENCE, ADA, 91))
    assert late.messages == (*deletions, ConfirmNote(REFERENCE))
    assert late.effects[0] == RetractMessages(REFERENCE, (90, 91))
    assert sent_to_requester(services) == [(DELETE_RELAYED, 90), (DELETE_RELAYED, 91)]
    assert services.store.outbox.find_reply_to(ADA, (DESK, 90)) == 78
    assert services.store.requests.load_transcript(REFERENCE) == []
    assert after is not None
    assert (after.messages, after.effects) == ((), ())


def test_editing_a_caption_into_a_note_deletes_the_album(services: Dialogue) -> None:
    """Editing a caption into a note deletes the whole album; further edits do not bring it back."""
    kept(services, TALKING)

    *_, note, edited_note, restored = follow(
        services,
        item(90, "Plan"),
        item(91),
        item(90, NOTE_TEXT, kind=EventKind.EDITED),
        item(90, NOTE_TEXT + "!", kind=EventKind.EDITED),
        item(90, "Plan", kind=EventKind.EDITED),
    )

    assert kinds(note) == [DeleteRelayed, DeleteRelayed, ConfirmNote]
    assert [(turn.messages, turn.effects) for turn in (edited_note, restored)] == [((), ())] * 2
    assert sent_to_requester(services) == [(DELETE_RELAYED, 90), (DELETE_RELAYED, 91)]


def test_queued_edit_is_dropped_with_its_copy(services: Dialogue) -> None:
    """If a message is edited into a note, a queued edit is dropped together with its copy."""
    kept(services, TALKING)

    turns = follow(
        services,
        item(90, "Plan"),
        item(90, "Plan B", kind=EventKind.EDITED),
        item(90, NOTE_TEXT, kind=EventKind.EDITED),
    )

    assert [kinds(turn) for turn in turns] == [[RelayMessage], [EditRelayed], [DeleteRelayed, ConfirmNote]]
    assert sent_to_requester(services) == [(DELETE_RELAYED, 90)]


def test_only_recent_albums_are_remembered(services: Dialogue) -> None:
    """An adviser's state keeps only the most recent albums."""
    kept(services, TALKING)
    state = STATE
    for number in range(MAX_ALBUMS + 2):
        turn = adviser_flow.handle_adviser_message(
            TurnContext(services, state, adviser(EventKind.OTHER, "", message=100 + number, album_id=f"a{number}"))
        )
        assert turn is not None
        state = turn.state

    assert [album.id for album in state.albums] == [f"a{number}" for number in range(2, MAX_ALBUMS + 2)]


def _ignore(*_: object) -> None:
    """Ignore all arguments."""


class AdviserInbox:
    """Handles updates of the adviser chat as the bot does; those in ``late`` arrive while it waits."""

    def __init__(self, services: Dialogue, late: Iterator[dict[str, Any]]) -> None:
        self.waited: list[float] = []
        self._store, self._late = services.store, late
        me = User(1, "Bot", is_bot=True, username="gw_bot")
        handler = UpdateHandler(
            services, partial(parse_raw_update, Bot("1:a"), me), _ignore, _ignore, _ignore, lambda *_: True
        )
        self.inbox = Inbox(services.store, handler.handle_update, chat_key, sleep=self._sleep)

    async def _sleep(self, _: object, seconds: float) -> None:
        self.waited.append(seconds)
        for update in self._late:
            self._store.inbox.add_updates([(update["update_id"], str(DESK), json.dumps(update))])


def update(number: int, caption: str = "", **more: Any) -> dict[str, Any]:
    """Return the update for a picture in the request's topic, as Telegram delivers it."""
    message = {
        "message_id": 90 + number, "date": 1_800_000_000, "chat": {"id": DESK, "type": "supergroup", "title": "B"},
        "from": {"id": BEA, "is_bot": False, "first_name": "Bea"}, "message_thread_id": TOPIC,
        "is_topic_message": True, "photo": [PICTURE], "media_group_id": "a", "caption": caption,
    } | more  # fmt: skip
    return {"update_id": number, "message": message}


@pytest.mark.parametrize("late", [0, 1, 2])
async def test_bot_waits_for_the_rest_of_an_album(services: Dialogue, late: int) -> None:
    """The bot waits once for an album's messages that arrive after the first was stored, and then handles all of
    them together."""
    kept(services, OPEN)
    album = [update(1), update(2), update(3, NOTE_TEXT)]
    advisers = AdviserInbox(services, iter(album[3 - late :]))

    await advisers.inbox.receive_updates(album[: 3 - late])
    await advisers.inbox.wait_until_idle()

    assert advisers.waited == [INCOMPLETE_WAIT]
    assert services.store.inbox.count_pending_updates() == 0
    assert services.store.requests.find_request(REFERENCE) == OPEN
    assert ADA not in [queued.chat_id for queued in services.store.outbox.due_calls(services.now())]


async def test_album_is_complete_after_a_restart(services: Dialogue) -> None:
    """An album whose wait was interrupted by a stop is handled as a whole after the next start."""
    kept(services, OPEN)
    services.store.inbox.add_updates([(1, str(DESK), json.dumps(update(1)))])
    advisers = AdviserInbox(services, iter([update(2, NOTE_TEXT)]))

    await advisers.inbox.resume_pending()
    await advisers.inbox.wait_until_idle()

    assert advisers.waited == [INCOMPLETE_WAIT]
    assert services.store.requests.find_request(REFERENCE) == OPEN


async def test_other_updates_do_not_wait(services: Dialogue) -> None:
    """Single pictures of advisers, edits of an album, and albums for the bot are handled at once."""
    kept(services, TALKING)
    edited = {"update_id": 2, "edited_message": update(2, "Plan")["message"]}
    sender: dict[str, Any] = {"from": {"id": EVE, "is_bot": False, "first_name": "Eve"}}
    person = update(3, "", chat={"id": EVE, "type": "private"}, **sender)
    advisers = AdviserInbox(services, iter([]))

    await advisers.inbox.receive_updates([update(1, media_group_id=None), edited, person])
    await advisers.inbox.wait_until_idle()

    assert advisers.waited == []
    assert services.store.inbox.count_pending_updates() == 0
