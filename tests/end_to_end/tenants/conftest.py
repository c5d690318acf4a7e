"""Two municipalities in one process, each with its own fake Telegram, on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from bot.app.bootstrap import UpdateSource
from bot.app.index_loader import IndexLoader
from bot.app.supervisor import Supervisor
from bot.app.tenants import DISABLED_FILE, load_tenant_settings, write_tenant
from bot.pipeline.rate_limiter import NO_LIMITS
from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from bot.settings import Settings
from index.build.builder import IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from knowledge.loader import load_knowledge
from tests.support.paths import PREPARED

HOURS = {"kiel": "neun", "ulm": "elf"}  # opening hour of each town's garden
QUESTION = "Wann öffnet der Stadtgarten?"
RECONCILE_INTERVAL = 0.05  # seconds between two scans of the tenants' folders


@dataclass(frozen=True, slots=True)
class Town:
    """One tenant as seen from outside: its fake Telegram with a user, an adviser and the advisers' group."""

    name: str
    fake_telegram: FakeTelegram
    ada: User
    bea: User
    adviser_chat: Group
    folder: Path

    async def wait_for_text(self, text: str, person: User | None = None, chat: Group | None = None) -> str:
        """Wait for a message of the bot that contains this text; return its whole text."""
        reader = person or self.ada
        messages = await self.fake_telegram.wait_for(
            lambda: [message for message in reader.bot_messages(chat) if text in message.text]
        )
        return messages[-1].text


class Running(Protocol):
    """Runs the bots of an installation inside a block."""

    def __call__(self, settings: Settings, **options: Any) -> AbstractAsyncContextManager[None]:
        """``options`` are those of Supervisor."""


@pytest.fixture(scope="session")
def models() -> IndexLoader:
    """The encoder and the cross-encoder, loaded once."""
    return IndexLoader(PREPARED / "encoder", PREPARED / "cross-encoder")


@pytest.fixture(params=["sqlite", "postgres"])
def installation(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation that only has tenants."""
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    (data / "encoder").symlink_to((PREPARED / "encoder").resolve())
    (data / "index").symlink_to((PREPARED / "index").resolve())
    monkeypatch.setenv("GW_DATA_DIR", str(data))
    monkeypatch.setenv("GW_ADVISER_CHAT_ID", "-77")  # the installation's own: tenants must not inherit it
    if request.param == "postgres":
        monkeypatch.setenv("GW_DATABASE_URL", request.getfixturevalue("fresh_url"))
    return Settings()


def write_knowledge(folder: Path, hour: str) -> Path:
    """Create a town's knowledge: Markdown files and its own contact."""
    folder.mkdir()
    garden = f"# Stadtgarten\n\nDer Stadtgarten öffnet um {hour} Uhr. Der Eintritt ist frei.\n"
    (folder / "garten.md").write_text(garden, encoding="utf-8")
    (folder / "hunde.md").write_text("# Hunde\n\nHunde bleiben an der Leine.\n", encoding="utf-8")
    contact = f"{{id: amt, name: Amt {hour}, role: Amt, phone: '+49 30 1', email: {hour}@example.org, default: true}}"
    (folder / "contacts.yaml").write_text(f"contacts: [{contact}]\n", encoding="utf-8")
    return folder


def add_town(
    settings: Settings, name: str, number: int, stack: ExitStack, folder: Path, encoder: OnnxEncoder
) -> Town:
    """Set up a tenant as `gwbot tenant add` does."""
    fake_telegram = stack.enter_context(
        FakeTelegram(token=f"{number}:AAstand-in_token_of_{name}_that_is_not_real", username=f"{name}_bot")
    )
    ada, bea = (
        fake_telegram.add_user("Ada", language_code="de", started=True),
        fake_telegram.add_user("Bea", language_code="de"),
    )
    adviser_chat = fake_telegram.add_group("Beratung", [bea], forum=True, bot_is_admin=True)
    values = {
        "telegram_token": fake_telegram.token,
        "telegram_api_url": fake_telegram.url,
        "knowledge_dir": write_knowledge(folder, HOURS[name]),
        "adviser_chat_id": adviser_chat.id,
    }
    folder_of_tenant = write_tenant(settings, name, values)
    knowledge = load_knowledge(folder)
    build_index(
        IndexSource(knowledge, encoder, load_calibration(with_examples=False)),
        load_tenant_settings(settings, name).index_dir,
    )
    (folder_of_tenant / DISABLED_FILE).unlink()
    return Town(name, fake_telegram, ada, bea, adviser_chat, folder_of_tenant)


@pytest.fixture
def towns(installation: Settings, tmp_path: Path, models: IndexLoader) -> Iterator[tuple[Town, Town]]:
    """Kiel and Ulm, whose users and groups have the same ids."""
    with ExitStack() as stack:
        kiel, ulm = (
            add_town(installation, name, number, stack, tmp_path / name, models.encoder)
            for number, name in enumerate(HOURS, 111_111_111)
        )
        assert (kiel.ada.id, kiel.adviser_chat.id) == (ulm.ada.id, ulm.adviser_chat.id)
        yield kiel, ulm
        assert kiel.fake_telegram.violations == ulm.fake_telegram.violations == []


@pytest.fixture
def kiel(towns: tuple[Town, Town]) -> Town:
    """The first tenant."""
    return towns[0]


@pytest.fixture
def ulm(towns: tuple[Town, Town]) -> Town:
    """The second tenant."""
    return towns[1]


@pytest.fixture
def running(models: IndexLoader) -> Running:
    """Run all enabled tenants in this process."""

    @asynccontextmanager
    async def run(settings: Settings, **options: Any) -> AsyncIterator[None]:
        stop = asyncio.Event()
        supervisor = Supervisor(
            settings,
            models,
            **{
                "source": UpdateSource.POLLING,
                "limits": NO_LIMITS,
                "reconcile_interval": RECONCILE_INTERVAL,
                **options,
            },
        )
        task = asyncio.create_task(supervisor.run(stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)

    return run
