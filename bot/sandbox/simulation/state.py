"""The state of the simulation: the fake Telegram, the people, and what is shown beside the chats."""

import secrets
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from bot.sandbox.simulation.mailbox import SandboxMailbox
from bot.sandbox.simulation.smtp_sink import ReceivedMail, parse_mail
from knowledge.errors import Problem

MAX_POLL_SECONDS = 30.0  # long enough for the timeout that the bot asks for
MAX_PANEL_ITEMS = 50  # answers and mails shown
MAX_TURNS = 500  # remembered to tell which turn a message is from
BOT_USERNAME = "sandbox_bot"


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """The bot's decision on a question.

    Attributes:
        confidence: the probability that the decision is right.
        entries: the nearest entries with their scores.
        ms: how long it took.
        update: the id of the update that asked it.
        shown: the entries shown or offered.
    """

    person: int
    question: str
    status: str
    confidence: float
    entries: tuple[tuple[str, float], ...]
    ms: float
    update: int = 0
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnMark:
    """A turn of the bot: the update it answers, and the last message of the chat before its own."""

    update: int
    chat: int
    last_message: int


@dataclass(frozen=True, slots=True)
class KnowledgeStatus:
    """The last reading of the knowledge.

    Attributes:
        built: when what is in use was read (Unix time).
        news: the changed files, if they are in use.
        rejected: the changed files, if they are not, because of an error.
    """

    entries: int = 0
    built: float = 0.0
    news: str = ""
    rejected: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class StoryStep:
    """The current step of a story, counted from 1: who acts in which chat, and what they are about to send or tap.

    A story is stuck if the bot answered otherwise than it expects; then it goes no further.
    """

    id: str
    caption: str
    step: int
    of: int
    chat: int = 0
    say: str = ""
    tap: str = ""
    halted: bool = False
    stuck: bool = False


@dataclass
class PanelState:
    """What is shown beside the chats."""

    mails: deque[ReceivedMail] = field(default_factory=lambda: deque(maxlen=MAX_PANEL_ITEMS))
    answers: deque[AnswerRecord] = field(default_factory=lambda: deque(maxlen=MAX_PANEL_ITEMS))
    turns: deque[TurnMark] = field(default_factory=lambda: deque(maxlen=MAX_TURNS))
    knowledge_status: KnowledgeStatus = KnowledgeStatus()
    story_step: StoryStep | None = None
    ready_after_polls: int = 0
    bot_running: bool = False
    undo_time: float | None = None  # when the state that can be returned to was replaced


class SimulationState:
    """Begins with Ada of an organisation, the newcomer Jonas, and the advisers Bea and Cem in a group with topics."""

    def __init__(self) -> None:
        token = f"123456789:{secrets.token_urlsafe(26)}"
        self.fake_telegram = FakeTelegram(token=token, username=BOT_USERNAME, max_poll_seconds=MAX_POLL_SECONDS)
        self.world = self.fake_telegram.world
        self.roles: dict[int, str] = {}
        self.personas: dict[str, int] = {}
        self.panel = PanelState()
        self.mailbox = SandboxMailbox()
        self.clock_offset = 0.0  # seconds by which the bot's clock is ahead
        self.revision = 0
        self.started = time.time()
        self.world.listeners.append(self._count_revision)
        self.world.clock = self.bot_time
        self.adviser_chat_id = self._add_personas()

    def _add_personas(self) -> int:
        ada = self.add_person("Ada Yıldız", "de", "organisation")
        jonas = self.add_person("Jonas Weber", "de", "newcomer")
        bea = self.add_person("Beraterin Bea", "de", "adviser")
        cem = self.add_person("Berater Cem", "de", "adviser")
        self.personas = {"ada": ada.id, "jonas": jonas.id, "bea": bea.id, "cem": cem.id}
        return self.fake_telegram.add_group("Beratung", [bea, cem], forum=True, bot_is_admin=True).id

    def _count_revision(self) -> None:
        self.revision += 1

    @contextmanager
    def changing_state(self) -> Iterator[PanelState]:
        """Change what is shown and notify the page."""
        with self.world.state_change():
            yield self.panel

    def bot_time(self) -> float:
        """Return the bot's time (Unix time)."""
        return time.time() + self.clock_offset

    def add_person(self, name: str, lang: str, role: str) -> User:
        """Add a person with a private chat."""
        first_name, _, last_name = name.strip().partition(" ")
        user = self.fake_telegram.add_user(first_name, last_name=last_name or None, language_code=lang)
        self.roles[user.id] = role
        return user

    def is_untouched(self) -> bool:
        """Return whether nobody has written or been added."""
        chats = [self.world.chats[person] for person in self.roles]
        return len(self.roles) == len(self.personas) and not any(chat.messages for chat in chats)

    def use_language(self, lang: str) -> None:
        """Give this Telegram language to those at the beginning who seek advice and have not written yet."""
        with self.changing_state():
            for person, role in self.roles.items():
                chat = self.world.chats[person]
                if person in self.personas.values() and role != "adviser" and not chat.messages:
                    account = replace(self.world.accounts[person], language_code=lang)
                    self.world.accounts[person] = chat.person = account

    def receive_mail(self, content: bytes) -> None:
        """Show an e-mail of the bot, and keep its attachments among the files."""

        def store_file(name: str, attached: bytes) -> str:
            return self.world.files.add_file("document", attached, name).id

        with self.changing_state() as panel:
            panel.mails.append(parse_mail(content, self.bot_time(), store_file))

    def find_user(self, person: int) -> User:
        """Return a person; raises KeyError if there is none with this id."""
        if person not in self.roles:
            raise KeyError(person)
        return User(self.world, self.world.accounts[person])

    def adviser_chat(self) -> Group:
        """Return the advisers' group."""
        return Group(self.world, self.world.chats[self.adviser_chat_id])

    def is_bot_ready(self) -> bool:
        """Return whether the bot has polled for updates since it was started."""
        return self.panel.bot_running and self.world.updates.poll_count > self.panel.ready_after_polls

    def set_bot_running(self, running: bool) -> None:
        """Record that the bot has started or stopped."""
        with self.changing_state() as panel:
            panel.bot_running, panel.ready_after_polls = running, self.world.updates.poll_count
