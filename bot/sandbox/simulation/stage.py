"""The stage: the stand-in for Telegram, the cast, and all that is shown beside the chats."""

import secrets
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.sandbox.fake_telegram import Group, StandIn, User
from bot.sandbox.simulation.smtp_sink import Mail

POLL_CAP = 30.0  # seconds that a poll is held back, as the bot asks for it
KEPT = 50  # answers and mails that are shown
USERNAME = "sandbox_bot"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot decided on a question; ``entries`` are those nearest to it, with their scores."""

    person: int
    question: str
    status: str
    confidence: float
    entries: tuple[tuple[str, float], ...]
    ms: float


@dataclass(frozen=True, slots=True)
class Reading:
    """How the knowledge was read last; ``news`` names the file that changed."""

    entries: int = 0
    built: float = 0.0
    news: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """The step of a story that is played now; steps count from 1."""

    id: str
    caption: str
    step: int
    of: int


@dataclass
class Shown:
    """What is shown beside the chats."""

    mails: deque[Mail] = field(default_factory=lambda: deque(maxlen=KEPT))
    answers: deque[Answer] = field(default_factory=lambda: deque(maxlen=KEPT))
    reading: Reading = Reading()
    scene: Scene | None = None
    ready_after: int = 0  # polls
    running: bool = False


class Stage:
    """The cast is Ada of an organisation, Jonas, who is new here, and Bea, who advises in a group with topics."""

    def __init__(self) -> None:
        token = f"123456789:{secrets.token_urlsafe(26)}"
        self.standin = StandIn(token=token, username=USERNAME, poll_cap=POLL_CAP)
        self.world = self.standin.world
        self.roles: dict[int, str] = {}
        self.cast: dict[str, int] = {}
        self.shown = Shown()
        self.ahead = 0.0  # seconds that the bot's clock goes ahead
        self.revision = 0
        self.world.listeners.append(self._count)
        self.group = self._cast()

    def _cast(self) -> int:
        ada = self.add("Ada Yıldız", "de", "organisation")
        jonas = self.add("Jonas Weber", "de", "newcomer")
        bea = self.add("Beraterin Bea", "de", "adviser")
        self.cast = {"ada": ada.id, "jonas": jonas.id, "bea": bea.id}
        return self.standin.group("Beratung", [bea], forum=True, admin=True).id

    def _count(self) -> None:
        self.revision += 1

    @contextmanager
    def changing(self) -> Iterator[Shown]:
        """Change what is shown; whoever draws it is told."""
        with self.world.change():
            yield self.shown

    def now(self) -> float:
        """The bot's clock."""
        return time.time() + self.ahead

    def add(self, name: str, lang: str, role: str) -> User:
        """One more person."""
        first, _, last = name.strip().partition(" ")
        user = self.standin.user(first, last_name=last or None, language_code=lang)
        self.roles[user.id] = role
        return user

    def user(self, person: int) -> User:
        """One of the people; KeyError where there is none with this id."""
        if person not in self.roles:
            raise KeyError(person)
        return User(self.world, self.world.accounts[person])

    def advisers(self) -> Group:
        """The advisers' group."""
        return Group(self.world, self.world.chats[self.group])

    def ready(self) -> bool:
        """Whether the bot fetches updates."""
        return self.shown.running and self.world.updates.polls > self.shown.ready_after

    def bot_changed(self, running: bool) -> None:
        """The bot has begun or ended."""
        with self.changing() as shown:
            shown.running, shown.ready_after = running, self.world.updates.polls
