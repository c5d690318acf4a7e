"""Runs people's stories against a bot that is killed again and again, and lets it finish in the end."""

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
from tests.reliability.chaos.count import Findings, RunQuery, count, count_mails, count_store
from tests.reliability.chaos.life_options import LifeOptions
from tests.reliability.chaos.lives import Lives
from tests.reliability.chaos.mail_server import EMAIL, MailServer
from tests.reliability.chaos.points import SENT
from tests.reliability.chaos.stories import Simulation

CLOCK_STEP = 1_800.0  # seconds that the bot's clock advances with each life
MAX_PEOPLE = 6  # people in the middle of their story at a time
MAX_LIFE = 0.8  # seconds of a life that does not reach its point
START_TIMEOUT = 10.0  # seconds within which it must ask for updates
REST_TIMEOUT = 90.0  # seconds for the last life to finish everything
SHORT_REST_TIMEOUT = 15.0  # seconds, if not everything is expected to arrive
QUIET_TIME = 5.0  # seconds without anything new after which nothing more is expected
MAX_LIVES_WAITED = 25  # lives after which a person without an answer gives up
STOCK_MAX_LIVES_WAITED = 4
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
class RunResult:
    """The result of a run."""

    simulation: Simulation
    findings: Findings
    deaths: dict[str, int]  # number of lives by how they ended
    failed_starts: int  # because of what the life before left behind
    seconds: float
    disturbances: dict[str, int] = field(default_factory=dict)  # other faults, and at how many kills


@dataclass(frozen=True)
class Plan:
    """Which bot is killed, how often, and at which points."""

    bot: str = "ours"
    kills: int = 50
    seed: int = 1
    broken: str = ""
    points: tuple[str, ...] = ()  # if given, only these
    workers: int = 0  # processes on one PostgreSQL; 0 for a single process with a file
    senders: int = 0  # further processes that receive no updates

    @property
    def ours(self) -> bool:
        """Whether it is our bot."""
        return self.bot == "ours"


def run_single(plan: Plan, folder: Path) -> RunResult:
    """Kill the bot as often as planned, then count."""
    started = time.monotonic()
    rng = random.Random(plan.seed)  # noqa: S311 - no secret
    with contextlib.ExitStack() as stack:
        fake_telegram = stack.enter_context(FakeTelegram(max_poll_seconds=5.0))
        simulation = Simulation(fake_telegram, plan.seed, small=not plan.ours)
        mail_server = stack.enter_context(MailServer(simulation.ledger))
        result = RunResult(simulation, Findings(), {}, 0, 0.0)
        (folder / SENT).touch()
        with Lives(folder, environment(simulation, mail_server)) as lives:
            while sum(result.deaths.values()) < plan.kills:
                _run_life(plan, rng, simulation, lives, result)
                if plan.ours:
                    cause_trouble(rng, fake_telegram)
            fake_telegram.clear_faults()
            _finish(plan, simulation, lives, result)
        result.findings = count(simulation)
        if plan.ours:
            for further_findings in (
                count_store(simulation, _reader(folder / "bot.db"), [folder / SENT]),
                count_mails(simulation, mail_server),
            ):
                result.findings.counts += further_findings.counts
                result.findings.lines += further_findings.lines
        # A life begins half an hour later by the bot's clock, but at once by Telegram's: a wait may be over by one
        # and not by the other.
        for violation in (seen for seen in fake_telegram.violations if seen.kind != "flood"):
            result.findings.add("calls against the Bot API's rules", str(violation))
        result.seconds = time.monotonic() - started
        return result


def environment(simulation: Simulation, mail_server: MailServer) -> dict[str, str]:
    """Return the settings of a bot for these people."""
    return {
        "GW_TELEGRAM_TOKEN": simulation.fake_telegram.token,
        "GW_TELEGRAM_API_URL": simulation.fake_telegram.url,
        "GW_ADVISER_CHAT_ID": str(simulation.forum.id),
        "GW_SMTP_URL": f"smtp://127.0.0.1:{mail_server.port}",
        "GW_MAIL_FROM": "bot@example.org",
        "GW_LOG_LEVEL": "WARNING",
    }


def _run_life(plan: Plan, rng: random.Random, simulation: Simulation, lives: Lives, result: RunResult) -> None:
    """Run one life until its point."""
    kind, name, seconds = choose_point(plan, rng)
    if kind == "effect":
        _, method, nth = name.split(":")
        simulation.ledger.end_life_at(method, int(nth), lives.kill)
    own_point = name if kind in ("before", "after", "inside") else ""
    _start_life(plan, lives, result, own_point)
    polls = simulation.fake_telegram.world.updates.poll_count
    if kind != "random" or rng.random() < 0.7:  # otherwise it may die while it starts
        act_until(
            lambda: lives.ended or simulation.fake_telegram.world.updates.poll_count > polls,
            simulation,
            START_TIMEOUT,
        )
    act_until(lambda: lives.ended, simulation, seconds)
    reached = lives.ended
    simulation.ledger.end_life_at("", 0, lives.kill)
    lives.kill()
    status = lives.wait()
    if status == -signal.SIGKILL:
        death = kind if reached or kind == "random" else "random"  # it did not reach its point in time
        death = "in the middle of a transaction" if death == "inside" else "at random" if death == "random" else death
        result.deaths[death] = result.deaths.get(death, 0) + 1
    else:
        _handle_failure(plan, result, lives)


def choose_point(plan: Plan, rng: random.Random) -> tuple[str, str, float]:
    """Return the kind of point, the point, and the seconds within which it must be reached."""
    if plan.points:
        where = f"{rng.choice(plan.points)}:{rng.randint(1, 6)}"
        return where.split(":")[0], where, MAX_LIFE
    kinds = ("random", "effect") + (("before", "after", "inside") if plan.ours else ())
    kind = rng.choice(kinds)
    match kind:
        case "random":
            return kind, "", rng.uniform(0.05, MAX_LIFE)
        case "effect":
            return kind, f"effect:{rng.choice(CALLS)}:{rng.randint(1, 4)}", MAX_LIFE
        case "inside":
            return kind, f"inside:write:{rng.randint(1, 60)}", MAX_LIFE
    return kind, f"{kind}:{rng.choice(WRITES)}:{rng.randint(1, 6)}", MAX_LIFE


def cause_trouble(rng: random.Random, fake_telegram: FakeTelegram) -> None:
    """Now and then, let a call to Telegram fail, or redeliver updates."""
    if rng.random() < 0.15:
        method = rng.choice(("sendMessage", "copyMessage", "createForumTopic", "editMessageText", "pinChatMessage"))
        fake_telegram.fail_next(method, rng.choice(FAULTS))
    if rng.random() < 0.3:
        pending = {
            update["update_id"] for update in fake_telegram.world.updates.pending
        }  # these are delivered anyway, in order
        confirmed = [update for update in fake_telegram.updates[-40:] if update["update_id"] not in pending]
        for update in rng.sample(confirmed, min(3, len(confirmed))):
            fake_telegram.redeliver_update(update["update_id"])


def _start_life(plan: Plan, lives: Lives, result: RunResult, own_point: str) -> None:
    number = sum(result.deaths.values())
    lives.start(LifeOptions(plan.bot, plan.broken, own_point, number * CLOCK_STEP))


def act_until(condition: Callable[[], object], simulation: Simulation, seconds: float, *, new: bool = True) -> None:
    """Let people act until a condition holds or the time is over."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        if new and simulation.people < MAX_PEOPLE:
            simulation.add_person()
        simulation.step(STOCK_MAX_LIVES_WAITED if simulation.small else MAX_LIVES_WAITED)
        with simulation.fake_telegram.world.condition:
            simulation.fake_telegram.world.condition.wait(0.03)


def _handle_failure(plan: Plan, result: RunResult, lives: Lives) -> None:
    """Count a life that ended by itself; remove what the stock bot left behind, as its operator would have to."""
    result.failed_starts += 1
    if plan.ours or result.failed_starts > plan.kills:
        raise RuntimeError(f"the bot ended by itself with {lives.status}; see bot.log")
    (lives.folder / "stock.pickle").unlink(missing_ok=True)


def _finish(plan: Plan, simulation: Simulation, lives: Lives, result: RunResult) -> None:
    """Run a last life that is not killed, until everybody has finished and everything is sent."""

    progress: list[Any] = [(0, 0), time.monotonic()]

    def is_finished() -> bool:
        if not simulation.fake_telegram.updates_confirmed or (plan.ours and _count_queued(lives.folder / "bot.db")):
            return False
        now = (len(simulation.fake_telegram.updates), len(simulation.ledger.effects))
        if now != progress[0]:
            progress[:] = [now, time.monotonic()]
        return not simulation.people or time.monotonic() - progress[1] > QUIET_TIME

    _start_life(plan, lives, result, "")
    act_until(
        is_finished, simulation, REST_TIMEOUT if plan.ours and not plan.broken else SHORT_REST_TIMEOUT, new=False
    )
    lives.kill(signal.SIGTERM)
    lives.wait()


def _count_queued(file: Path) -> int:
    number: int = _reader(file)("SELECT count(*) FROM outbox WHERE status = 'queued'")[0][0]
    return number


def _reader(file: Path) -> RunQuery:
    def run_query(query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(file)) as database:
            return database.execute(query).fetchall()

    return run_query
