"""What runs with one process and with several have in common: plan and result, kill points, people, disturbances."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.sandbox.fake_telegram import FakeTelegram, FaultKind
from tests.reliability.chaos.checks import Findings
from tests.reliability.chaos.kill_points import KillPoint
from tests.reliability.chaos.mail_server import EMAIL, MailServer
from tests.reliability.chaos.stories import Stage

CLOCK_STEP = 1_800.0  # seconds by which the bot's clock is set forward between two lives
CONCURRENT_STORIES = 6
MAX_LIFE = 0.8  # seconds after which a life that has not reached its kill point is killed at random
START_TIMEOUT = 10.0  # seconds until a life asks for updates
SHORT_DRAIN_TIMEOUT = 15.0  # seconds for the end of a run in which not everything is expected to arrive
QUIET_PERIOD = 2.0  # seconds without anything new after which a bot that has no work left is done
MAX_IDLE_LIVES, STOCK_MAX_IDLE_LIVES = 25, 4  # lives without a reply after which somebody gives up
PENDING_WORK_QUERY = (
    "SELECT (SELECT count(*) FROM outbox WHERE status = 'queued') + (SELECT count(*) FROM inbox WHERE done = 0)"
)
# What occurs more than once in these tuples is chosen more often.
STORE_METHODS = (
    "add_updates",
    "finish_update",
    "finish_update",
    "finish_update",
    "mark_sent",
    "mark_sent",
    "mark_sent",
    "save_thread",
    "postpone_call",
    "pending_updates",
)
EFFECTS = ("sendMessage", "copyMessage", "copyMessage", "createForumTopic", "editMessageText", "editForumTopic",
           "pinChatMessage", "answerCallbackQuery", "getUpdates", EMAIL)  # fmt: skip
FAULTS = (FaultKind.LOST, FaultKind.LOST, FaultKind.RESET, FaultKind.RATE_LIMIT, FaultKind.BAD_GATEWAY)
FAULTY_METHODS = ("sendMessage", "copyMessage", "createForumTopic", "editMessageText", "pinChatMessage")


@dataclass(frozen=True)
class RunPlan:
    """Which bot runs, and how often it is killed.

    Attributes:
        bot: "ours", or the stock bot, "default" or "careful".
        broken_store: a key of `BROKEN_STORES`; "" for the real store.
        kill_places: if not empty, all kill points are the first few calls at one of these, as in ``before:apply``.
        workers: processes on one PostgreSQL that receive updates; 0 for a single process with SQLite.
        senders: additional processes that only send.
    """

    bot: str = "ours"
    kills: int = 50
    seed: int = 1
    broken_store: str = ""
    kill_places: tuple[str, ...] = ()
    workers: int = 0
    senders: int = 0

    @property
    def is_ours(self) -> bool:
        """Whether our own bot runs."""
        return self.bot == "ours"


@dataclass
class RunResult:
    """What happened during a run.

    Attributes:
        kills: the number of kills by kind.
        failed_starts: lives that exited by themselves, which only happens when they start.
        seconds: the duration of the run.
        circumstances: with several processes, the number of kills of the leader, and of those after a disturbance.
    """

    stage: Stage
    findings: Findings = field(default_factory=Findings)
    kills: Counter[str] = field(default_factory=Counter)
    failed_starts: int = 0
    seconds: float = 0.0
    circumstances: dict[str, int] = field(default_factory=dict)


class IdleDetector:
    """Tells whether a run is over, as far as that can be seen from outside."""

    def __init__(self, stage: Stage, quiet_seconds: float) -> None:
        self._stage, self._quiet_seconds = stage, quiet_seconds
        self._seen, self._seen_at = (0, 0), time.monotonic()

    def is_idle(self) -> bool:
        """Return whether all stories are over, or calls of this method have seen nothing new for long enough."""
        now = (len(self._stage.fake_telegram.updates), len(self._stage.ledger.effects))
        if now != self._seen:
            self._seen, self._seen_at = now, time.monotonic()
        return not self._stage.count_running() or time.monotonic() - self._seen_at > self._quiet_seconds


def make_environment(stage: Stage, mail_server: MailServer) -> dict[str, str]:
    """Return the settings of a bot for these people."""
    return {
        "GW_TELEGRAM_TOKEN": stage.fake_telegram.token,
        "GW_TELEGRAM_API_URL": stage.fake_telegram.url,
        "GW_ADVISER_CHAT_ID": str(stage.forum.id),
        "GW_SMTP_URL": f"smtp://127.0.0.1:{mail_server.port}",
        "GW_MAIL_FROM": "bot@example.org",
        "GW_LOG_LEVEL": "WARNING",
    }


def choose_kill_point(plan: RunPlan, rng: random.Random) -> KillPoint:
    """Choose where the next life is to be killed."""
    if plan.kill_places:
        kind, target = rng.choice(plan.kill_places).split(":")
        return KillPoint(kind, MAX_LIFE, target, rng.randint(1, 6))
    kinds = ("random", "effect") + (("before", "after", "inside") if plan.is_ours else ())
    kind = rng.choice(kinds)
    match kind:
        case "random":
            return KillPoint(kind, rng.uniform(0.05, MAX_LIFE))
        case "effect":
            return KillPoint(kind, MAX_LIFE, rng.choice(EFFECTS), rng.randint(1, 4))
        case "inside":
            return KillPoint(kind, MAX_LIFE, "write", rng.randint(1, 60))
    return KillPoint(kind, MAX_LIFE, rng.choice(STORE_METHODS), rng.randint(1, 6))


def disturb_telegram(rng: random.Random, fake_telegram: FakeTelegram) -> None:
    """Now and then make Telegram fail at a call, or send updates again that were confirmed."""
    if rng.random() < 0.15:
        fake_telegram.fail_next(rng.choice(FAULTY_METHODS), rng.choice(FAULTS))
    if rng.random() < 0.3:
        # Pending updates will be sent again anyway, and in their order.
        pending = {update["update_id"] for update in fake_telegram.world.updates.pending}
        confirmed = [update for update in fake_telegram.updates[-40:] if update["update_id"] not in pending]
        for update in rng.sample(confirmed, min(3, len(confirmed))):
            fake_telegram.redeliver_update(update["update_id"])


def let_people_act(stage: Stage, until: Callable[[], object], timeout: float, *, newcomers: bool = True) -> None:
    """Let people act until a condition is met, or for at most ``timeout`` seconds; new ones join if ``newcomers``."""
    deadline = time.monotonic() + timeout
    while not until() and time.monotonic() < deadline:
        if newcomers and stage.count_running() < CONCURRENT_STORIES:
            stage.start_story()
        stage.advance_stories(STOCK_MAX_IDLE_LIVES if stage.basic else MAX_IDLE_LIVES)
        with stage.fake_telegram.world.condition:
            stage.fake_telegram.world.condition.wait(0.03)
