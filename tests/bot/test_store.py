"""The store: durable, in order, once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.model import Event, Feedback, Forget, Kind, NewRequest, Stage, State
from bot.store import Outgoing, SqliteStore
from bot.store.files import backup, restore
from tests.conftest import Clock

EVENT = Event(1, Kind.TEXT, chat_id=10, user_id=20, message_id=5, text="Hallo", name="Ada")


def say(chat: int, text: str, **more: object) -> Outgoing:
    return Outgoing(chat, "sendMessage", {"text": text}, **more)  # type: ignore[arg-type]  # test shorthand


def finish(store: SqliteStore, *out: Outgoing, update: int = 1) -> bool:
    store.add_updates([(update, "10", "{}")])
    return store.finish(update, EVENT, State(), out, ())


def test_update_is_taken_once(store: SqliteStore) -> None:
    """A redelivered update is not new."""
    assert store.add_updates([(1, "10", "{}"), (2, "10", "{}")]) == [1, 2]
    assert store.add_updates([(2, "10", "{}"), (3, "10", "{}")]) == [3]


def test_pending_until_finished(store: SqliteStore) -> None:
    """An update is pending until it is finished, and can be finished once."""
    store.add_updates([(1, "10", "{}")])

    assert store.pending_updates() == [(1, "10", "{}")]
    assert store.finish(1, EVENT, State(), [say(10, "a")], ())
    assert not store.finish(1, EVENT, State(), [say(10, "a")], ())
    assert store.pending_updates() == []
    assert store.waiting() == 1


def test_finish_is_one_transaction(store: SqliteStore) -> None:
    """Where one effect fails, nothing of the update is kept."""
    store.add_updates([(1, "10", "{}")])
    twice = NewRequest("AAAA-AAAA", "Text", "de", "v")

    with pytest.raises(StoreError):
        store.finish(1, EVENT, State(lang="en"), [say(10, "a")], (twice, twice))

    assert store.pending_updates() == [(1, "10", "{}")]
    assert (store.waiting(), store.requests(), store.state(EVENT.key)) == (0, [], State())


def test_state_survives_reopening(tmp_path: Path, clock: Clock) -> None:
    """State written by one process is read by the next."""
    first = SqliteStore(tmp_path / "s.db", clock)
    state = State(lang="en", last_question="Was?", stage=Stage.CONFIRM, draft="Hilfe", step=3)
    first.add_updates([(1, "10", "{}")])
    first.finish(1, EVENT, state, (), ())
    first.close()

    assert SqliteStore(tmp_path / "s.db", clock).state(EVENT.key) == state


def test_due_is_the_oldest_of_each_chat(store: SqliteStore, clock: Clock) -> None:
    """Each chat offers its oldest call only, so order is kept within a chat."""
    finish(store, say(10, "a"), say(10, "b"), say(11, "c"))

    assert [queued.outgoing.params["text"] for queued in store.due(clock())] == ["a", "c"]


def test_waiting_chat_holds_up_no_other(store: SqliteStore, clock: Clock) -> None:
    """A chat whose oldest call waits sends nothing newer, while the others go on."""
    finish(store, say(10, "a"), say(10, "b"), say(11, "c"))
    store.postpone(store.due(clock())[0].id, clock() + 60)

    assert [queued.outgoing.params["text"] for queued in store.due(clock())] == ["c"]
    assert [queued.outgoing.params["text"] for queued in store.due(clock() + 60)] == ["a", "c"]
    assert store.next_due() == 0.0


def test_sent_message_is_found_by_its_question(store: SqliteStore, clock: Clock) -> None:
    """The answer to a question can be found for editing, and its text is no longer held."""
    finish(store, say(10, "a", question=5))
    store.sent(store.due(clock())[0].id, 77)

    assert store.answer_message(10, 5) == 77
    assert store.answer_message(11, 5) is None
    assert store.person(20)["outbox"][0]["params"] == "{}"


def test_failed_call_frees_the_chat(store: SqliteStore, clock: Clock) -> None:
    """After a final refusal the chat's next call is due."""
    finish(store, say(10, "a"), say(10, "b"))
    store.failed(store.due(clock())[0].id, "Forbidden")

    assert [queued.outgoing.params["text"] for queued in store.due(clock())] == ["b"]


def test_request_is_found_by_message(store: SqliteStore, clock: Clock) -> None:
    """A reply to a message about a request finds the request."""
    store.add_updates([(1, "10", "{}")])
    store.finish(
        1, EVENT, State(), [say(-5, "Brief", request="AAAA-AAAA")], [NewRequest("AAAA-AAAA", "T", "de", "v")]
    )
    store.sent(store.due(clock())[0].id, 9)

    found = store.request_of(-5, 9)

    assert found is not None
    assert (found.reference, found.user_id, found.text, found.status) == ("AAAA-AAAA", 20, "T", "open")
    assert store.request_of(-5, 10) is None


def test_thumb_counts_once(store: SqliteStore) -> None:
    """A second thumb on the same entry replaces the first."""
    for update, value in ((1, 1), (2, 0)):
        store.add_updates([(update, "10", "{}")])
        store.finish(update, EVENT, State(), (), [Feedback("backbone", value)])

    assert [row["value"] for row in store.person(20)["feedback"]] == [0]


def test_forget_leaves_nothing_of_the_person(store: SqliteStore, clock: Clock) -> None:
    """After deletion only the reply of this very update is left, and others are untouched."""
    finish(store, say(10, "a"))
    store.add_updates([(2, "99", "{}"), (3, "10", "{}")])
    store.finish(2, Event(2, Kind.TEXT, 99, 98, 1), State(lang="en"), (), [NewRequest("BBBB-BBBB", "T", "de", "v")])

    store.finish(3, EVENT, None, [say(10, "weg")], [Forget()])

    assert [row["params"] for row in store.person(20)["outbox"]] == ['{"text": "weg"}']
    assert set(store.person(20)) == {"outbox"}
    assert set(store.person(98)) == {"states", "requests"}


def test_purge_keeps_what_is_needed(store: SqliteStore, clock: Clock) -> None:
    """Old rows go; what still waits to be sent stays."""
    finish(store, say(10, "a"))
    clock.now += 1000

    assert store.purge(clock() - 500) == 2
    assert store.waiting() == 1


def test_backup_and_restore(tmp_path: Path, store: SqliteStore) -> None:
    """A backup made while the store is open holds everything; restoring keeps the store before."""
    finish(store, say(10, "a"))
    backup(tmp_path / "bot.db", tmp_path / "copy.db")

    kept = restore(tmp_path / "copy.db", tmp_path / "other.db")
    again = restore(tmp_path / "copy.db", tmp_path / "other.db")

    assert kept is None
    assert again == tmp_path / "other.db.before-1"
    assert SqliteStore(tmp_path / "other.db", Clock()).waiting() == 1


def test_restore_refuses_what_is_no_store(tmp_path: Path) -> None:
    """A damaged or foreign file is refused before anything is replaced."""
    (tmp_path / "x.db").write_bytes(b"no database")

    with pytest.raises(StoreError, match="is no store"):
        restore(tmp_path / "x.db", tmp_path / "bot.db")


def test_store_that_cannot_be_opened(tmp_path: Path) -> None:
    """A path that is no database ends in a clear error."""
    (tmp_path / "bot.db").write_bytes(b"x" * 5000)

    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteStore(tmp_path / "bot.db", Clock())


def test_closing_waits_for_other_threads(tmp_path: Path, clock: Clock) -> None:
    """A store that is closed while other threads read it ends their calls with an error, not the process."""
    store = SqliteStore(tmp_path / "s.db", clock)
    finish(store, *(say(number, "a") for number in range(500)))

    def read_until_closed() -> bool:
        try:
            while True:
                store.due(clock())
        except StoreError:
            return True

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read_until_closed) for _ in range(4)]
        store.due(clock())
        store.close()

        assert all(reader.result(10) for reader in readers)
