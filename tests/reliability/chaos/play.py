"""Plays stories to a bot that is killed again and again, and lets it come to rest at the end."""

import contextlib
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.sandbox.fake_telegram import FakeTelegram, FaultKind
from tests.reliability.chaos.count import Findings, Read, count, count_letters, count_store
from tests.reliability.chaos.letters import EMAIL, Letters
from tests.reliability.chaos.lives import Lives
from tests.reliability.chaos.order import Order
from tests.reliability.chaos.points import SENT
from tests.reliability.chaos.stories import Stage

BETWEEN = 1_800.0  # seconds that the bot's clock goes ahead with each life
AT_ONCE = 6  # people in the middle of their story
LONGEST = 0.8  # seconds of a life that did not come to its point
START = 10.0  # seconds within which it asks for updates
REST = 90.0  # seconds for the last life to finish everything
SHORT_REST = 15.0  # where not everything is expected to come
QUIET = 2.0  # seconds without anything new, after which nothing more is to come from a bot that has nothing to do
STOCK_QUIET = 5.0  # the same for a bot that cannot be asked what it has to do
TO_DO = "SELECT (SELECT count(*) FROM outbox WHERE status = 'queued') + (SELECT count(*) FROM inbox WHERE done = 0)"
PATIENCE = 25  # lives after which somebody who gets no answer gives up
STOCK_PATIENCE = 4
WRITES = (
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
CALLS = ("sendMessage", "copyMessage", "copyMessage", "createForumTopic", "editMessageText", "editForumTopic",
         "pinChatMessage", "answerCallbackQuery", "getUpdates", EMAIL)  # fmt: skip
FAULTS = (FaultKind.LOST, FaultKind.LOST, FaultKind.RESET, FaultKind.RATE_LIMIT, FaultKind.BAD_GATEWAY)


@dataclass
class Played:
    """How it went."""

    stage: Stage
    findings: Findings
    deaths: dict[str, int]  # how many lives ended how
    damaged: int  # starts that failed with what was left behind
    seconds: float
    beside: dict[str, int] = field(default_factory=dict)  # what else was done at how many kills


@dataclass(frozen=True)
class Plan:
    """Which bot, how often it is killed, and whether at points that only its own store has."""

    bot: str = "ours"
    kills: int = 50
    seed: int = 1
    broken: str = ""
    points: tuple[str, ...] = ()  # only these in place of all
    workers: int = 0  # processes on one PostgreSQL; 0 for one with a file
    senders: int = 0  # further ones that take no updates

    @property
    def ours(self) -> bool:
        """Whether it is our bot."""
        return self.bot == "ours"


def play(plan: Plan, forks: Path, folder: Path) -> Played:
    """Kill it so often, then count. ``forks`` is the socket of the `fork_server`."""
    began = time.monotonic()
    rng = random.Random(plan.seed)  # noqa: S311 - no secret
    with contextlib.ExitStack() as stack:
        fake_telegram = stack.enter_context(FakeTelegram(max_poll_seconds=5.0))
        stage = Stage(fake_telegram, plan.seed, small=not plan.ours)
        letters = stack.enter_context(Letters(stage.ledger))
        played = Played(stage, Findings(), {}, 0, 0.0)
        (folder / SENT).touch()
        with Lives(forks, folder, environment(stage, letters)) as lives:
            while sum(played.deaths.values()) < plan.kills:
                _life(plan, rng, stage, lives, played)
                if plan.ours:
                    trouble(rng, fake_telegram)
            fake_telegram.clear_faults()
            _rest(plan, stage, lives, played)
        played.findings = count(stage)
        if plan.ours:
            for more in (
                count_store(stage, _reader(folder / "bot.db"), [folder / SENT]),
                count_letters(stage, letters),
            ):
                played.findings.counts += more.counts
                played.findings.lines += more.lines
        # A life begins half an hour later by the bot's clock, and at once by Telegram's: what the bot was to wait for
        # is over for the one and not for the other.
        for violation in (one for one in fake_telegram.violations if one.kind != "flood"):
            played.findings.add("calls against the Bot API's rules", str(violation))
        played.seconds = time.monotonic() - began
        return played


def environment(stage: Stage, letters: Letters) -> dict[str, str]:
    """The settings of a bot among these people."""
    return {
        "GW_TELEGRAM_TOKEN": stage.fake_telegram.token,
        "GW_TELEGRAM_API_URL": stage.fake_telegram.url,
        "GW_ADVISER_CHAT_ID": str(stage.forum.id),
        "GW_SMTP_URL": f"smtp://127.0.0.1:{letters.port}",
        "GW_MAIL_FROM": "bot@example.org",
        "GW_LOG_LEVEL": "WARNING",
    }


def _life(plan: Plan, rng: random.Random, stage: Stage, lives: Lives, played: Played) -> None:
    """One life, to its point."""
    kind, where, seconds = point(plan, rng)
    if kind == "effect":
        _, method, nth = where.split(":")
        stage.ledger.on(method, int(nth), lives.kill)
    within = where if kind in ("before", "after", "inside") else ""
    _begin(plan, lives, played, within)
    polls = stage.fake_telegram.world.updates.poll_count
    if kind != "random" or rng.random() < 0.7:  # else it may die while it starts
        until(lambda: lives.ended or stage.fake_telegram.world.updates.poll_count > polls, stage, START)
    until(lambda: lives.ended, stage, seconds)
    early = lives.ended
    stage.ledger.on("", 0, lives.kill)
    lives.kill()
    status = lives.over()
    if status == -signal.SIGKILL:
        name = kind if early or kind == "random" else "random"  # it did not come to its point in time
        name = "in the middle of a transaction" if name == "inside" else "at random" if name == "random" else name
        played.deaths[name] = played.deaths.get(name, 0) + 1
    else:
        _damaged(plan, played, lives)


def point(plan: Plan, rng: random.Random) -> tuple[str, str, float]:
    """What kind of point, which, and the seconds within which it has to come."""
    if plan.points:
        where = f"{rng.choice(plan.points)}:{rng.randint(1, 6)}"
        return where.split(":")[0], where, LONGEST
    kinds = ("random", "effect") + (("before", "after", "inside") if plan.ours else ())
    kind = rng.choice(kinds)
    match kind:
        case "random":
            return kind, "", rng.uniform(0.05, LONGEST)
        case "effect":
            return kind, f"effect:{rng.choice(CALLS)}:{rng.randint(1, 4)}", LONGEST
        case "inside":
            return kind, f"inside:write:{rng.randint(1, 60)}", LONGEST
    return kind, f"{kind}:{rng.choice(WRITES)}:{rng.randint(1, 6)}", LONGEST


def trouble(rng: random.Random, fake_telegram: FakeTelegram) -> None:
    """Now and then Telegram does not answer as it should, and sends an update again that it sent before."""
    if rng.random() < 0.15:
        method = rng.choice(("sendMessage", "copyMessage", "createForumTopic", "editMessageText", "pinChatMessage"))
        fake_telegram.fail_next(method, rng.choice(FAULTS))
    if rng.random() < 0.3:
        open_ = {
            update["update_id"] for update in fake_telegram.world.updates.pending
        }  # these come anyway, in their order
        confirmed = [update for update in fake_telegram.updates[-40:] if update["update_id"] not in open_]
        for update in rng.sample(confirmed, min(3, len(confirmed))):
            fake_telegram.redeliver_update(update["update_id"])


def _begin(plan: Plan, lives: Lives, played: Played, point: str) -> None:
    number = sum(played.deaths.values())
    lives.begin(Order(plan.bot, plan.broken, point, number * BETWEEN))


def until(over: Callable[[], object], stage: Stage, seconds: float, *, new: bool = True) -> None:
    """Let people act until then."""
    end = time.monotonic() + seconds
    while not over() and time.monotonic() < end:
        if new and stage.people < AT_ONCE:
            stage.begin()
        stage.step(STOCK_PATIENCE if stage.small else PATIENCE)
        with stage.fake_telegram.world.condition:
            stage.fake_telegram.world.condition.wait(0.03)


def _damaged(plan: Plan, played: Played, lives: Lives) -> None:
    """The bot ended by itself. What the stock bot left behind is put aside as its operator would have to."""
    played.damaged += 1
    if plan.ours or played.damaged > plan.kills:
        raise RuntimeError(f"the bot ended by itself with {lives.status}; see bot.log")
    (lives.folder / "stock.pickle").unlink(missing_ok=True)


def _rest(plan: Plan, stage: Stage, lives: Lives, played: Played) -> None:
    """A last life that is not killed: until everybody is through, and everything sent."""

    moved: list[Any] = [(0, 0), time.monotonic()]
    quiet = QUIET if plan.ours else STOCK_QUIET

    def over() -> bool:
        if not stage.fake_telegram.updates_confirmed or (plan.ours and _to_do(lives.folder / "bot.db")):
            return False
        now = (len(stage.fake_telegram.updates), len(stage.ledger.effects))
        if now != moved[0]:
            moved[:] = [now, time.monotonic()]
        return not stage.people or time.monotonic() - moved[1] > quiet

    _begin(plan, lives, played, "")
    until(over, stage, REST if plan.ours and not plan.broken else SHORT_REST, new=False)
    lives.kill(signal.SIGTERM)
    lives.over()


def _to_do(file: Path) -> int:
    number: int = _reader(file)(TO_DO)[0][0]
    return number


def _reader(file: Path) -> Read:
    def read(query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(file)) as database:
            return database.execute(query).fetchall()

    return read
