"""What the time alone brings about."""

from dataclasses import replace
from pathlib import Path

from bot.app import make_dialogue
from bot.effects import NewRequest
from bot.handlers.watch import look
from bot.settings import Settings
from bot.store import SqliteStore
from index.live import LiveIndex
from tests.bot.test_store import request
from tests.conftest import Clock


def test_one_request_does_not_hold_up_the_others(settings: Settings, live: LiveIndex, tmp_path: Path) -> None:
    """Where one request cannot be handled, those behind it still get their reminder, and get it once."""
    clock = Clock()
    store = SqliteStore(tmp_path / "bot.db", clock)
    unknown = replace(request("AAAA-AAAA"), lang="of no language we know", promised=5.0)
    store.act((), [NewRequest(unknown), NewRequest(request("BBBB-BBBB"))])
    dialogue = make_dialogue(settings.model_copy(update={"adviser_chat_id": -5}), live, store, clock)

    done = [look(dialogue), look(dialogue)]
    reminded = [queued.outgoing.request for queued in store.due(clock())]
    store.close()

    assert done == [1, 0]
    assert reminded == ["BBBB-BBBB"]
