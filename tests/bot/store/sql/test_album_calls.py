"""A call that copies an album: each of its messages is found by its original."""

import pytest

from bot.domain.consultation import Party
from bot.domain.effects import AppendTranscript, CreateRequest
from bot.store import ApiCall, Store
from bot.store.records import COPY_ALBUM, Destination, RelayedMessage
from tests.conftest import Clock
from tests.support.relay import ADA, DESK, OPEN, REFERENCE

pytestmark = pytest.mark.durability


def enqueue(store: Store, *message_ids: int, to_advisers: bool = False) -> int:
    """Queue the copies of an album; return the id of the call."""
    source, target = (ADA, DESK) if to_advisers else (DESK, ADA)
    place = Destination.THREAD if to_advisers else Destination.CHAT
    params = {"from_chat_id": source, "message_ids": list(message_ids)}
    call = ApiCall(target, COPY_ALBUM, params, (source, message_ids[0]), reference=REFERENCE, destination=place)
    store.apply([call], [])
    return max(queued.id for queued in store.outbox.due_calls(0))


def numbers(store: Store) -> list[tuple[int, int | None]]:
    return [(sent.number, sent.album) for sent in store.outbox.sent_to_requester(REFERENCE, DESK, ADA)]


@pytest.fixture
def asked(store: Store) -> Store:
    """A store with a request."""
    store.apply((), [CreateRequest(OPEN)])
    return store


def test_each_copy_is_found_by_its_original(asked: Store, clock: Clock) -> None:
    """An album is one call; once it is made, each copy is found by its original, and the other way round."""
    call_id = enqueue(asked, 5, 6, 7)
    waiting = asked.outbox.count_queued_calls(), numbers(asked), asked.outbox.find_reply_to(ADA, (DESK, 6))
    belongs = asked.requests.find_request_by_message(DESK, 7)
    asked.outbox.mark_sent(call_id, 105, (), ((6, 106), (7, 107)))

    assert waiting == (1, [(7, 5), (6, 5), (5, 5)], None)
    assert belongs == OPEN
    assert [asked.outbox.find_reply_to(ADA, (DESK, number)) for number in (5, 6, 7)] == [105, 106, 107]
    assert asked.outbox.find_source(ADA, 106) == (DESK, 6)
    assert asked.outbox.sent_to_requester(REFERENCE, DESK, ADA)[0] == RelayedMessage(7, None, clock(), 5)
    assert asked.outbox.due_calls(clock()) == []


def test_copies_without_original_are_kept_for_deletion(asked: Store) -> None:
    """If Telegram skipped messages, nobody knows whose copies these are, but they are deleted with the request."""
    call_id = enqueue(asked, 5, 6, 7, to_advisers=True)
    asked.outbox.mark_sent(call_id, None, (), ((0, 205), (0, 206)))

    assert asked.erasure.erasure_queue(REFERENCE) == [(DESK, 205), (DESK, 206)]
    assert asked.outbox.find_reply_to(DESK, (ADA, 6)) is None


def test_failed_album_is_no_longer_sent(asked: Store) -> None:
    """If an album is refused, none of its messages counts as sent; another album is not affected."""
    failed = enqueue(asked, 5, 6)
    enqueue(asked, 8, 9)
    asked.outbox.mark_failed(failed, "refused")

    assert numbers(asked) == [(9, 8), (8, 8)]


def test_transcript_knows_what_waits(asked: Store) -> None:
    """While an album waits, each of its lines counts as waiting."""
    call_id = enqueue(asked, 5, 6, to_advisers=True)
    for message_id in (5, 6):
        asked.apply((), [AppendTranscript(REFERENCE, Party.REQUESTER, "[photo]", message_id)])
    lines = asked.requests.load_transcript(REFERENCE)
    asked.outbox.mark_sent(call_id, 205, (), ((6, 206),))

    assert len(lines) == 2
    assert not any(line.is_queued for line in asked.requests.load_transcript(REFERENCE))
