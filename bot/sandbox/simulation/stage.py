"""The stage: the stand-in for Telegram, the cast, and all that is shown beside the chats."""

import secrets
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from bot.sandbox.simulation.smtp_sink import ReceivedMail

MAX_POLL_SECONDS = 30.0  # seconds that a poll is held back, as the bot asks for it
MAX_PANEL_ITEMS = 50  # answers and mails that are shown
BOT_USERNAME = "sandbox_bot"


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """What the bot decided on a question; ``entries`` are those nearest to it, with their scores."""

    person: int
    question: str
    status: str
    confidence: float
    entries: tuple[tuple[str, float], ...]
    ms: float


@dataclass(frozen=True, slots=True)
class KnowledgeStatus:
    """How the knowledge was read last; ``news`` names the file that changed."""

    entries: int = 0
    built: float = 0.0
    news: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoryStep:
    """The step of a story that is played now; steps count from 1."""

    id: str
    caption: str
    step: int
    of: int


@dataclass
class PanelState:
    """What is shown beside the chats."""

    mails: deque[ReceivedMail] = field(default_factory=lambda: deque(maxlen=MAX_PANEL_ITEMS))
    answers: deque[AnswerRecord] = field(default_factory=lambda: deque(maxlen=MAX_PANEL_ITEMS))
    knowledge_status: KnowledgeStatus = KnowledgeStatus()
    story_step: StoryStep | None = None
    ready_after_polls: int = 0  # polls
    bot_running: bool = False


class SimulationState:
    """The cast is Ada of an organisation, Jonas, who is new here, and Bea, who advises in a group with topics."""

    def __init__(self) -> None:
        token = f"123456789:{secrets.token_urlsafe(26)}"
        self.fake_telegram = FakeTelegram(token=token, username=BOT_USERNAME, max_poll_seconds=MAX_POLL_SECONDS)
        self.world = self.fake_telegram.world
        self.roles: dict[int, str] = {}
        self.personas: dict[str, int] = {}
        self.panel = PanelState()
        self.clock_offset = 0.0  # seconds that the bot's clock goes ahead
        self.revision = 0
        self.world.listeners.append(self._count_revision)
        self.adviser_chat_id = self._add_personas()

    def _add_personas(self) -> int:
        ada = self.add_person("Ada Yıldız", "de", "organisation")
        jonas = self.add_person("Jonas Weber", "de", "newcomer")
        bea = self.add_person("Beraterin Bea", "de", "adviser")
        self.personas = {"ada": ada.id, "jonas": jonas.id, "bea": bea.id}
        return self.fake_telegram.add_group("Beratung", [bea], forum=True, bot_is_admin=True).id

    def _count_revision(self) -> None:
        self.revision += 1

    @contextmanager
    def changing_state(self) -> Iterator[PanelState]:
        """Change what is shown; whoever draws it is told."""
        with self.world.state_change():
            yield self.panel

    def bot_time(self) -> float:
        """The bot's clock."""
        return time.time() + self.clock_offset

    def add_person(self, name: str, lang: str, role: str) -> User:
        """One more person."""
        first_name, _, last_name = name.strip().partition(" ")
        user = self.fake_telegram.add_user(first_name, last_name=last_name or None, language_code=lang)
        self.roles[user.id] = role
        return user

    def find_user(self, person: int) -> User:
        """One of the people; KeyError where there is none with this id."""
        if person not in self.roles:
            raise KeyError(person)
        return User(self.world, self.world.accounts[person])

    def adviser_chat(self) -> Group:
        """The advisers' group."""
        return Group(self.world, self.world.chats[self.adviser_chat_id])

    def is_bot_ready(self) -> bool:
        """Whether the bot fetches updates."""
        return self.panel.bot_running and self.world.updates.poll_count > self.panel.ready_after_polls

    def set_bot_running(self, running: bool) -> None:
        """The bot has begun or ended."""
        with self.changing_state() as panel:
            panel.bot_running, panel.ready_after_polls = running, self.world.updates.poll_count
