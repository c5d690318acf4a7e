"""A run with several processes on one PostgreSQL behind a load balancer: they are killed one at a time."""

import contextlib
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.fake_telegram import FakeTelegram
from tests.reliability.chaos.bot_process import BotProcess
from tests.reliability.chaos.checks import check_api_rules, check_effects, check_emails, check_store
from tests.reliability.chaos.database import ALL_CONNECTIONS, LOCK_HOLDERS, Database
from tests.reliability.chaos.kill_points import KILL_KINDS, KillPoint
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
from tests.reliability.chaos.shared_clock import SharedClock
from tests.reliability.chaos.stories import Stage
from tests.reliability.chaos.wrapped_stores import SENT_LOG
from tests.support.balancer import Balancer, free_port
from tests.support.postgres import server

DRAIN_TIMEOUT = 180.0  # seconds for the last lives to finish everything
LONG_CLOCK_STEP = 24 * 3_600.0  # seconds; so that reminders become due
DISCONNECT_PROBABILITY = 0.15  # that connections are closed before a kill
RESTART_INTERVAL, FIRST_RESTART = 25, 5  # kills between two restarts of PostgreSQL, and before the first one
MAX_FAILED_START = 5.0  # seconds; a younger life may exit by itself if PostgreSQL goes away, and is started again
LEADER_KILLED = "of the process that sends"
CONNECTIONS_CLOSED, SERVER_RESTARTED = "connections closed before", "PostgreSQL restarted before"
CIRCUMSTANCES = (LEADER_KILLED, CONNECTIONS_CLOSED, SERVER_RESTARTED)
LEADER_METHODS = ("mark_sent", "save_thread", "postpone_call")  # methods of the store that only the leader calls


@dataclass
class Worker:
    """One of the processes.

    Attributes:
        is_up: whether it was started and not yet found to have exited.
        has_led: whether it has been the leader, the process that sends, at some time in its present life.
    """

    name: str
    process: BotProcess
    receives_updates: bool = True
    is_up: bool = False
    has_led: bool = False


class WorkerPool:
    """The processes, and what is done to them and to their database."""

    def __init__(
        self, plan: RunPlan, stage: Stage, database: Database, clock_file: Path, workers: list[Worker]
    ) -> None:
        self._plan, self._stage, self._database, self._workers = plan, stage, database, workers
        self._rng = random.Random(plan.seed)
        self._clock_file, self._clock = clock_file, SharedClock(clock_file)
        self._leader, self._restarts = "", 0
        self.kills = Counter[str]()  # by kind
        self.circumstances = Counter[str]()
        self.failed_starts = 0

    def start_all(self) -> None:
        """Start the processes, one after another."""
        for worker in self._workers:
            self._start(worker)

    def kill_one(self) -> None:
        """Kill one process while the others go on, and start it again."""
        rng = self._rng
        self._note_leader()
        kill_point = choose_kill_point(self._plan, rng)
        victim = self._choose_victim(kill_point)
        if kill_point.kind == "effect":
            self._stage.ledger.kill_at_effect(kill_point.target, kill_point.nth, victim.process.kill)
        elif kill_point.is_in_process:
            victim.process.set_kill_point(str(kill_point))
        self.circumstances[self._disturb()] += 1
        self._advance_clock()
        let_people_act(self._stage, lambda: self._note_leader() or victim.process.has_exited, kill_point.seconds)
        reached = victim.process.has_exited
        self._stage.ledger.cancel_kill()
        self._note_leader()
        victim.process.kill()
        self._handle_exit(victim, KILL_KINDS[kill_point.kind if reached else "random"])
        let_people_act(self._stage, self._note_leader, rng.uniform(0.0, 0.4))
        self._start(victim, timeout=0.2 if rng.random() < 0.2 else START_TIMEOUT)

    def restart_exited(self) -> None:
        """Start those again that exited during their start because PostgreSQL was away."""
        for worker in self._workers:
            if worker.is_up and worker.process.has_exited:
                self._handle_exit(worker, "")
                self._start(worker)

    def stop_all(self) -> None:
        """Stop the processes as for an update of the program."""
        for worker in self._workers:
            worker.process.send_signal(signal.SIGTERM)
            worker.process.wait()

    def _choose_victim(self, kill_point: KillPoint) -> Worker:
        leader = next((worker for worker in self._workers if worker.name == self._leader), None)
        receiving = [worker for worker in self._workers if worker.receives_updates]
        victim = self._rng.choice(receiving if kill_point.target == "add_updates" else self._workers)
        leads_there = kill_point.kind == "effect" or kill_point.target in LEADER_METHODS
        return leader if leader and (leads_there or self._rng.random() < 0.4) else victim

    def _note_leader(self) -> bool:
        """Ask the database who leads now; return False, for use in a condition that is waited for."""
        self._leader = self._database.find_leader()
        for worker in self._workers:
            worker.has_led |= worker.name == self._leader
        return False

    def _handle_exit(self, worker: Worker, kind: str) -> None:
        status = worker.process.wait()
        if worker.has_led:
            self._stage.ledger.life += 1
            self.circumstances[LEADER_KILLED] += 1
        worker.is_up = worker.has_led = False
        if status == -signal.SIGKILL:
            self.kills[kind] += 1
        elif worker.process.life_seconds < MAX_FAILED_START:
            self.failed_starts += 1
        else:
            log = (worker.process.folder / "bot.log").read_text(encoding="utf-8")
            raise RuntimeError(f"{worker.name} exited by itself with status {status}:\n{log[-4_000:]}")

    def _start(self, worker: Worker, timeout: float = START_TIMEOUT) -> None:
        """Start a process and wait until it is ready, for at most ``timeout`` seconds.

        If that is too short, the next kill may hit a process that is still starting.
        """
        calls_to = self._stage.fake_telegram.calls_to
        ready_method = "setWebhook" if worker.receives_updates else "getMe"
        before = len(calls_to(ready_method))
        options = LifeOptions(
            broken_store=self._plan.broken_store,
            clock_file=str(self._clock_file),
            webhook=worker.receives_updates,
            receives_updates=worker.receives_updates,
        )
        worker.process.start(options)
        worker.is_up = True
        let_people_act(
            self._stage,
            lambda: self._note_leader() or worker.process.has_exited or len(calls_to(ready_method)) > before,
            timeout,
        )
        self.restart_exited()

    def _disturb(self) -> str:
        """Now and then close connections, restart PostgreSQL or make Telegram fail; return the circumstance, or "".

        The leader may not learn the result of a call, so the ledger counts what follows as another life.
        """
        rng = self._rng
        if self.kills.total() % RESTART_INTERVAL == FIRST_RESTART:
            self._database.restart_server(("fast", "immediate")[self._restarts % 2])
            self._restarts += 1
            self._stage.ledger.life += 1
            return SERVER_RESTARTED
        if rng.random() < DISCONNECT_PROBABILITY:
            worker = rng.choice(self._workers)
            self._database.close_connections(worker.name, rng.choice((ALL_CONNECTIONS, LOCK_HOLDERS)))
            self._stage.ledger.life += worker.has_led
            return CONNECTIONS_CLOSED
        disturb_telegram(rng, self._stage.fake_telegram)
        return ""

    def _advance_clock(self) -> None:
        self._clock.advance(self._rng.choice((CLOCK_STEP, CLOCK_STEP, LONG_CLOCK_STEP)))
        for worker in self._workers:
            worker.process.send_signal(signal.SIGUSR2)


def run_several(plan: RunPlan, fork_socket: Path, folder: Path) -> RunResult:
    """Kill processes as often as planned, then check what they did.

    ``fork_socket`` is from `run_fork_server`; ``folder`` will hold a folder for each process.
    """
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        database = Database(stack.enter_context(server()))
        stack.callback(database.close)
        fake_telegram = stack.enter_context(FakeTelegram(max_poll_seconds=5.0))
        stage = Stage(fake_telegram, plan.seed, single_process=False)
        mail_server = stack.enter_context(MailServer(stage.ledger))
        workers = _create_workers(plan, fork_socket, folder, make_environment(stage, mail_server), database, stack)
        pool = WorkerPool(plan, stage, database, folder / "clock", workers)
        pool.start_all()
        while pool.kills.total() < plan.kills:
            pool.kill_one()
        fake_telegram.clear_faults()
        _drain(stage, database, pool, SHORT_DRAIN_TIMEOUT if plan.broken_store else DRAIN_TIMEOUT)
        pool.stop_all()
        folders = [worker.process.folder for worker in workers]
        result = RunResult(stage, kills=pool.kills, failed_starts=pool.failed_starts)
        result.circumstances = {name: pool.circumstances[name] for name in CIRCUMSTANCES}
        result.findings.add_all(check_effects(stage))
        result.findings.add_all(check_store(stage, database.fetch_rows, [path / SENT_LOG for path in folders]))
        result.findings.add_all(check_emails(stage, mail_server))
        result.findings.add_all(check_api_rules(fake_telegram))
        for path in folders:  # the logs show why something arrived out of order, if it did
            lines = (path / "bot.log").read_text(encoding="utf-8").splitlines()
            result.findings.lines += [f"{path.name}: {line}" for line in lines if " is postponed" in line]
    result.seconds = time.monotonic() - started
    return result


def _create_workers(
    plan: RunPlan,
    fork_socket: Path,
    folder: Path,
    environment: dict[str, str],
    database: Database,
    stack: contextlib.ExitStack,
) -> list[Worker]:
    """Create the processes, not started yet, and start their load balancer."""
    ports = [free_port() for _ in range(plan.workers)]
    balancer = stack.enter_context(Balancer(ports))
    environment = environment | {
        "GW_WEBHOOK_URL": f"http://127.0.0.1:{balancer.port}/hook",
        "GW_WEBHOOK_SECRET": "chaos",
    }
    workers = []
    for number, port in enumerate([*ports, *[0] * plan.senders]):
        own = {"PORT": str(port or free_port()), "GW_DATABASE_URL": database.url(f"bot{number}")}
        process = stack.enter_context(BotProcess(fork_socket, folder / str(number), environment | own))
        (process.folder / SENT_LOG).touch()
        workers.append(Worker(f"bot{number}", process, receives_updates=port > 0))
    return workers


def _drain(stage: Stage, database: Database, pool: WorkerPool, timeout: float) -> None:
    """Let the processes run without a kill, until all stories are over or they have nothing left to do."""
    detector = IdleDetector(stage, QUIET_PERIOD)

    def is_done() -> bool:
        pool.restart_exited()
        if not stage.fake_telegram.updates_confirmed or database.fetch_rows(PENDING_WORK_QUERY) != [(0,)]:
            return False
        return detector.is_idle()

    let_people_act(stage, is_done, timeout, newcomers=False)
