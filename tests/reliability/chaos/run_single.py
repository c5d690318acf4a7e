"""A run with a single process: it is killed again and again, and may finish its work at the end."""

import contextlib
import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.sandbox.fake_telegram import FakeTelegram
from tests.reliability.chaos.bot_process import BotProcess
from tests.reliability.chaos.checks import FetchRows, check_api_rules, check_effects, check_emails, check_store
from tests.reliability.chaos.kill_points import KILL_KINDS
from tests.reliability.chaos.life_options import LifeOptions
from tests.reliability.chaos.mail_server import MailServer
from tests.reliability.chaos.runs import (
    CLOCK_STEP,
    PENDING_WORK_QUERY,
    QUIET_PERIOD,
    SHORT_DRAIN_TIMEOUT,
    START_TIMEOUT,
    IdleDetector,
    RunPlan,
    RunResult,
    choose_kill_point,
    disturb_telegram,
    let_people_act,
    make_environment,
)
from tests.reliability.chaos.stock_bot import PERSISTENCE_FILE
from tests.reliability.chaos.stories import Stage
from tests.reliability.chaos.wrapped_stores import SENT_LOG

DRAIN_TIMEOUT = 90.0  # seconds for the last life to finish everything
STOCK_QUIET_PERIOD = (
    5.0  # seconds; longer than QUIET_PERIOD, because the stock bot does not show what it has left to do
)


def run_single(plan: RunPlan, fork_socket: Path, folder: Path) -> RunResult:
    """Kill a bot as often as planned, then check what it did.

    ``fork_socket`` is from `run_fork_server`; ``folder`` becomes the bot's.
    """
    started = time.monotonic()
    rng = random.Random(plan.seed)
    with contextlib.ExitStack() as stack:
        fake_telegram = stack.enter_context(FakeTelegram(max_poll_seconds=5.0))
        stage = Stage(fake_telegram, plan.seed, basic=not plan.is_ours)
        mail_server = stack.enter_context(MailServer(stage.ledger))
        result = RunResult(stage)
        (folder / SENT_LOG).touch()
        with BotProcess(fork_socket, folder, make_environment(stage, mail_server)) as process:
            while result.kills.total() < plan.kills:
                _run_life(plan, rng, process, result)
                if plan.is_ours:
                    disturb_telegram(rng, fake_telegram)
            fake_telegram.clear_faults()
            _drain(plan, process, result)
        result.findings.add_all(check_effects(stage))
        if plan.is_ours:
            result.findings.add_all(check_store(stage, _make_fetcher(folder / "bot.db"), [folder / SENT_LOG]))
            result.findings.add_all(check_emails(stage, mail_server))
        result.findings.add_all(check_api_rules(fake_telegram))
        result.seconds = time.monotonic() - started
        return result


def _run_life(plan: RunPlan, rng: random.Random, process: BotProcess, result: RunResult) -> None:
    """Run one life to its kill point."""
    stage, updates = result.stage, result.stage.fake_telegram.world.updates
    kill_point = choose_kill_point(plan, rng)
    if kill_point.kind == "effect":
        stage.ledger.kill_at_effect(kill_point.target, kill_point.nth, process.kill)
    _start_life(plan, process, result, str(kill_point))
    polls = updates.poll_count
    if kill_point.kind != "random" or rng.random() < 0.7:  # otherwise it may be killed while it starts
        let_people_act(stage, lambda: process.has_exited or updates.poll_count > polls, START_TIMEOUT)
    let_people_act(stage, lambda: process.has_exited, kill_point.seconds)
    reached = process.has_exited
    stage.ledger.cancel_kill()
    process.kill()
    if process.wait() == -signal.SIGKILL:
        result.kills[KILL_KINDS[kill_point.kind if reached else "random"]] += 1
    else:
        _handle_failed_start(plan, process, result)


def _start_life(plan: RunPlan, process: BotProcess, result: RunResult, kill_point: str) -> None:
    clock_offset = result.kills.total() * CLOCK_STEP
    process.start(LifeOptions(plan.bot, plan.broken_store, kill_point, clock_offset))


def _handle_failed_start(plan: RunPlan, process: BotProcess, result: RunResult) -> None:
    """Count it; delete the file that the stock bot cannot read any more, as its operator would have to."""
    result.failed_starts += 1
    if plan.is_ours or result.failed_starts > plan.kills:
        raise RuntimeError(f"the bot exited by itself with status {process.exit_status}; see bot.log in its folder")
    (process.folder / PERSISTENCE_FILE).unlink(missing_ok=True)


def _drain(plan: RunPlan, process: BotProcess, result: RunResult) -> None:
    """Run a last life without a kill, until all stories are over or the bot has nothing left to do."""
    stage = result.stage
    detector = IdleDetector(stage, QUIET_PERIOD if plan.is_ours else STOCK_QUIET_PERIOD)
    fetch_rows = _make_fetcher(process.folder / "bot.db")

    def is_done() -> bool:
        if not stage.fake_telegram.updates_confirmed or (plan.is_ours and fetch_rows(PENDING_WORK_QUERY) != [(0,)]):
            return False
        return detector.is_idle()

    _start_life(plan, process, result, "")
    timeout = DRAIN_TIMEOUT if plan.is_ours and not plan.broken_store else SHORT_DRAIN_TIMEOUT
    let_people_act(stage, is_done, timeout, newcomers=False)
    process.send_signal(signal.SIGTERM)
    process.wait()


def _make_fetcher(file: Path) -> FetchRows:
    def fetch_rows(query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(file)) as database:
            return database.execute(query).fetchall()

    return fetch_rows
