"""The bot over the real knowledge, without Telegram."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.answer import Answerer
from bot.app import make_answerer, make_dialogue
from bot.flows.dialogue import Advisers, Dialogue
from bot.settings import Settings
from bot.store import SqliteStore
from index.live import LiveIndex
from tests.bot.relay import DESK
from tests.conftest import Clock


@pytest.fixture
def answerer(settings: Settings, live: LiveIndex) -> Answerer:
    """Answers over the real knowledge."""
    return make_answerer(settings, live)


@pytest.fixture
def dialogue(settings: Settings, live: LiveIndex, tmp_path: Path) -> Iterator[Dialogue]:
    """The wired conversation over an empty store."""
    store = SqliteStore(tmp_path / "dialogue.db", Clock())
    yield make_dialogue(settings, live, store)
    store.close()


@pytest.fixture
def parts(dialogue: Dialogue) -> Dialogue:
    """The same, connected to a chat of advisers."""
    return replace(dialogue, advisers=Advisers(DESK), now=Clock())
