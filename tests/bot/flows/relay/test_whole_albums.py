"""Albums are relayed as a whole, with the first of their messages; the others are only noted."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.consultation import Party
from bot.domain.effects import AppendTranscript
from bot.domain.event import EventKind
from bot.domain.message import RelayMessage
from bot.domain.turn import Turn
from bot.flows.dialogue import Dialogue
from bot.store.records import COPY_ALBUM, AdviserThread
from tests.support.relay import DESK, REFERENCE, TALKING, adviser, command, kept, person, play, send_all, told

pytestmark = pytest.mark.durability


def relayed(turn: Turn) -> list[tuple[int, ...]]:
    return [message.album for message in turn.messages if isinstance(message, RelayMessage)]


@pytest.mark.parametrize("side", [Party.ADVISER, Party.REQUESTER])
def test_album_is_one_call(services: Dialogue, side: Party) -> None:
    """Both sides' albums are copied with one call after the writer's name; each message has its line."""
    kept(services, TALKING)
    write = adviser if side is Party.ADVISER else person
    values: dict[str, Any] = {"media_type": "photo", "album_id": "a"}
    first = write(EventKind.OTHER, "Plan", message=90, **values)
    first_turn, second_turn = play(
        services, replace(first, album_rest=(91,)), write(EventKind.OTHER, "", message=91, **values)
    )
    (copy,) = (call for call in send_all(services) if call.method == COPY_ALBUM)

    assert (relayed(first_turn), second_turn.messages) == ([(91,)], ())
    assert copy.params["message_ids"] == [90, 91]
    assert second_turn.effects[0] == AppendTranscript(REFERENCE, side, "[photo]")
    lines = services.store.requests.load_transcript(REFERENCE)
    assert [(line.text, line.side) for line in lines] == [("Plan", side), ("[photo]", side)]


def test_reply_and_chat_without_topics_get_single_messages(services: Dialogue) -> None:
    """An album cannot be sent as a reply: as one, or without topics, each message is copied by itself."""
    kept(services, TALKING)
    first = replace(person(EventKind.OTHER, "", message=90, media_type="photo", album_id="a"), album_rest=(91,))
    (reply,) = play(services, replace(first, reply_to=77))
    services.store.requests.save_thread(REFERENCE, AdviserThread(DESK, 0, 70))
    (without_topics,) = play(services, replace(first, message_id=92, album_id="b", album_rest=(93,)))

    assert (relayed(reply), relayed(without_topics)) == ([()], [()])


def test_list_leads_to_the_topics(services: Dialogue) -> None:
    """The list of open requests links each to its topic, if the group is one whose messages have links."""
    kept(services, TALKING)
    services.store.requests.save_thread(REFERENCE, AdviserThread(-1_001_234, 7, 70))
    (linked,) = play(services, command("anfragen"))
    services.store.requests.save_thread(REFERENCE, None)
    (bare,) = play(services, command("anfragen"))

    assert 'href="https://t.me/c/1234/7"' in told(linked)[0][1]
    assert "href" not in told(bare)[0][1]
