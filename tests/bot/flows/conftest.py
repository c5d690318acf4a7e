"""The dialogue without encoder and index: questions get prepared answers."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.answering.crisis import CrisisDetector
from bot.app import bootstrap
from bot.domain.commands import COMMANDS_FILE, read_command_words
from bot.flows.dialogue import Advisers, Dialogue
from bot.settings import Settings
from knowledge.loader import BUILT_IN
from knowledge.records.contacts import CONTACTS_FILE, read_contacts
from knowledge.records.crisis_signs import CRISIS_FILE, read_crisis_signs
from knowledge.records.intro import read_steps
from knowledge.records.selfcheck import SELFCHECK_FOLDER, read_selfchecks
from tests.conftest import Clock
from tests.support.fake_answerer import FakeAnswerer
from tests.support.stores import empty_store


@pytest.fixture
def dialogue(settings: Settings, tmp_path: Path) -> Iterator[Dialogue]:
    """The dialogue over an empty store."""
    store = empty_store(tmp_path / "dialogue.db", Clock())
    yield Dialogue(
        answerer=FakeAnswerer(),
        store=store,
        advisers=Advisers(),
        new_reference=bootstrap._generate_reference,
        read_status=dict,
        default_lang=settings.language,
        retention_days=settings.retention_days,
        now=Clock(),
        sends_mail=False,
        answer_days=2,
        close_days=settings.close_days,
        operator="",
        username="",
        new_code=bootstrap._generate_code,
        **_read_knowledge(),
    )
    store.close()


@cache
def _read_knowledge() -> dict[str, Any]:
    return {
        "contacts": read_contacts(BUILT_IN / CONTACTS_FILE),
        "steps": read_steps(BUILT_IN / "intro"),
        "command_words": read_command_words(BUILT_IN / COMMANDS_FILE),
        "crisis_detector": CrisisDetector(read_crisis_signs(BUILT_IN / CRISIS_FILE)),
        "selfchecks": read_selfchecks(BUILT_IN / SELFCHECK_FOLDER),
    }
