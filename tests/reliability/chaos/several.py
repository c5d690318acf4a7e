"""Several bots on one PostgreSQL behind a load balancer, killed one at a time while the others continue."""

import contextlib
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.fake_telegram import FakeTelegram
from tests.reliability.chaos.count import Findings, count, count_mails, count_store
from tests.reliability.chaos.database import ALL, LOCKS, Database
from tests.reliability.chaos.life_options import LifeOptions
from tests.reliability.chaos.lives import Lives
from tests.reliability.chaos.mail_server import MailServer
from tests.reliability.chaos.play import (
    CLOCK_STEP,
    SHORT_REST_TIMEOUT,
    START_TIMEOUT,
    Plan,
    RunResult,
    act_until,
    cause_trouble,
    choose_point,
    environment,
)
from tests.reliability.chaos.points import SENT
from tests.reliability.chaos.shared_clock import SharedClock
from tests.reliability.chaos.stories import Simulation
from tests.support.balancer import Balancer, free_port
from tests.support.postgres import server

REST_TIMEOUT = 180.0  # seconds for the last lives to finish everything
LONG_STEP = 24 * 3_600.0  # seconds of some steps of the clock, so that reminders become due
QUIET_TIME = 20.0  # seconds without anything new; what a dead process left is taken over after 15
TERMINATION_RATE = 0.15  # how often connections are ended before a kill
RESTART_INTERVAL, FIRST_RESTART = 25, 5  # kills between two restarts of PostgreSQL, and before the first
START_PHASE = 5.0  # seconds of a life in which it may exit if PostgreSQL goes away; it is then restarted
DEATH_NAMES = {"random": "at random", "inside": "in the middle of a transaction"}
SENDER, CONNECTIONS, SERVER = "of the process that sends", "connections ended before", "PostgreSQL restarted before"
DISTURBANCES = (SENDER, CONNECTIONS, SERVER)
LEADER_METHODS = ("mark_sent", "save_thread", "postpone_call")  # called by the sending process only


@dataclass
class Worker:
    """A process that is restarted whenever it has ended. Without ``receives_updates``, it only sends."""

    name: str
    lives: Lives
    receives_updates: bool = True
    running: bool = False
    led: bool = False  # in this life


class Processes:
    """The processes, and the faults of the processes and their database."""

    def __init__(
        self, plan: Plan, simulation: Simulation, database: Database, clock: Path, workers: list[Worker]
    ) -> None:
        self._plan, self._simulation, self._database, self._workers = plan, simulation, database, workers
        self._rng, self._file, self._clock = random.Random(plan.seed), clock, SharedClock(clock)  # noqa: S311 - no secret
        self._leader, self._modes = "", 0
        self.deaths: dict[str, int] = {}
        self.disturbances = Counter[str]()  # other faults, by kind
        self.failed_starts = 0  # starts that failed because PostgreSQL went away

    def start(self) -> None:
        """Start all of them, one after the other."""
        for worker in self._workers:
            self._start(worker)

    def kill_one(self) -> None:
        """Kill one process while the others continue, and restart it."""
        rng = self._rng
        self._note_leader()
        kind, own_point, seconds = choose_point(self._plan, rng)
        method = own_point.split(":")[1] if own_point else ""
        leading = next((worker for worker in self._workers if worker.name == self._leader), None)
        victim = rng.choice(
            [worker for worker in self._workers if worker.receives_updates or method not in ("add_updates",)]
        )
        if leading and (kind == "effect" or method in LEADER_METHODS or rng.random() < 0.4):
            victim = leading
        if kind == "effect":
            self._simulation.ledger.end_life_at(method, int(own_point.split(":")[2]), victim.lives.kill)
        elif kind != "random":
            victim.lives.arm(own_point)
        disturbance = self._disturb()
        self._advance_clock()
        act_until(lambda: self._note_leader() or victim.lives.ended, self._simulation, seconds)
        reached = victim.lives.ended
        self._simulation.ledger.end_life_at("", 0, victim.lives.kill)
        self._note_leader()
        victim.lives.kill()
        name = kind if reached or kind == "random" else "random"
        self.disturbances[disturbance] += 1
        self._record_death(victim, DEATH_NAMES.get(name, name))
        act_until(self._note_leader, self._simulation, rng.uniform(0.0, 0.4))
        self._start(victim, patience=0.2 if rng.random() < 0.2 else START_TIMEOUT)

    def restart_failed(self) -> None:
        """Restart those that exited during start because PostgreSQL went away."""
        for worker in self._workers:
            if worker.running and worker.lives.ended:
                self._record_death(worker, "")
                self._start(worker)

    def stop(self) -> None:
        """Stop all of them in order, as for a new version."""
        for worker in self._workers:
            worker.lives.kill(signal.SIGTERM)
            worker.lives.wait()

    def _note_leader(self) -> bool:
        """Note which process sends now; return False, for callers that wait for something."""
        self._leader = self._database.leader()
        for worker in self._workers:
            worker.led |= worker.name == self._leader
        return False

    def _record_death(self, worker: Worker, name: str) -> None:
        status = worker.lives.wait()
        led, worker.running, worker.led = worker.led, False, False
        if led:
            self._simulation.ledger.life += 1
            self.disturbances[SENDER] += 1
        if status == -signal.SIGKILL:
            self.deaths[name] = self.deaths.get(name, 0) + 1
        elif worker.lives.duration < START_PHASE:
            self.failed_starts += 1
        else:
            log = (worker.lives.folder / "bot.log").read_text(encoding="utf-8")
            raise RuntimeError(f"{worker.name} ended by itself with {status}:\n{log[-4_000:]}")

    def _start(self, worker: Worker, patience: float = START_TIMEOUT) -> None:
        """Start a process and wait until it is ready, or not so long, so that the next kill may hit it."""
        calls = self._simulation.fake_telegram.calls_to
        last = "setWebhook" if worker.receives_updates else "getMe"
        before = len(calls(last))
        worker.lives.start(
            LifeOptions(
                clock=str(self._file),
                webhook=worker.receives_updates,
                receives_updates=worker.receives_updates,
                broken=self._plan.broken,
            )
        )
        worker.running = True
        act_until(
            lambda: self._note_leader() or worker.lives.ended or len(calls(last)) > before, self._simulation, patience
        )
        self.restart_failed()

    def _disturb(self) -> str:
        """Now and then, end connections or restart PostgreSQL. The sender may then not learn the result of a call."""
        rng = self._rng
        if sum(self.deaths.values()) % RESTART_INTERVAL == FIRST_RESTART:
            mode = ("fast", "immediate")[self._modes % 2]
            self._modes += 1
            self._database.restart(mode)
            self._simulation.ledger.life += 1
            return SERVER
        if rng.random() < TERMINATION_RATE:
            worker = rng.choice(self._workers)
            self._database.terminate(worker.name, rng.choice((ALL, LOCKS)))
            self._simulation.ledger.life += worker.led
            return CONNECTIONS
        cause_trouble(rng, self._simulation.fake_telegram)
        return ""

    def _advance_clock(self) -> None:
        self._clock.advance(self._rng.choice((CLOCK_STEP, CLOCK_STEP, LONG_STEP)))
        for worker in self._workers:
            worker.lives.kill(signal.SIGUSR2)


def run_several(plan: Plan, folder: Path) -> RunResult:
    """Kill processes as often as planned, then count."""
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        database = Database(stack.enter_context(server()))
        stack.callback(database.close)
        fake_telegram = stack.enter_context(FakeTelegram(max_poll_seconds=5.0))
        simulation = Simulation(fake_telegram, plan.seed, single_process=False)
        mail_server = stack.enter_context(MailServer(simulation.ledger))
        processes, folders = make_processes(plan, folder, simulation, mail_server, database, stack)
        result = RunResult(simulation, Findings(), processes.deaths, 0, 0.0)
        processes.start()
        while sum(processes.deaths.values()) < plan.kills:
            processes.kill_one()
        fake_telegram.clear_faults()
        _finish(simulation, database, processes, SHORT_REST_TIMEOUT if plan.broken else REST_TIMEOUT)
        processes.stop()
        result.findings = count(simulation)
        for further_findings in (
            count_store(simulation, database.rows, [folder / SENT for folder in folders]),
            count_mails(simulation, mail_server),
        ):
            result.findings.counts += further_findings.counts
            result.findings.lines += further_findings.lines
        for violation in (seen for seen in fake_telegram.violations if seen.kind != "flood"):  # see play
            result.findings.add("calls against the Bot API's rules", str(violation))
        for log in (folder / "bot.log" for folder in folders):  # shows why something is out of order
            lines = log.read_text(encoding="utf-8").splitlines()
            result.findings.lines += [f"{log.parent.name}: {line}" for line in lines if " is postponed" in line]
        result.failed_starts, result.disturbances = (
            processes.failed_starts,
            {name: processes.disturbances[name] for name in DISTURBANCES},
        )
    result.seconds = time.monotonic() - started
    return result


def make_processes(
    plan: Plan,
    folder: Path,
    simulation: Simulation,
    mail_server: MailServer,
    database: Database,
    stack: contextlib.ExitStack,
) -> tuple[Processes, list[Path]]:
    """Return the processes behind a load balancer, not yet started, and their folders."""
    ports = [free_port() for _ in range(plan.workers)]
    balancer = stack.enter_context(Balancer(ports))
    common = environment(simulation, mail_server) | {
        "GW_WEBHOOK_URL": f"http://127.0.0.1:{balancer.port}/hook",
        "GW_WEBHOOK_SECRET": "chaos",
    }
    workers = []
    for number, port in enumerate([*ports, *[0] * plan.senders]):
        own_settings = {"PORT": str(port or free_port()), "GW_DATABASE_URL": database.url(f"bot{number}")}
        lives = stack.enter_context(Lives(folder / str(number), common | own_settings))
        (lives.folder / SENT).touch()
        workers.append(Worker(f"bot{number}", lives, receives_updates=port > 0))
    return Processes(plan, simulation, database, folder / "clock", workers), [
        worker.lives.folder for worker in workers
    ]


def _finish(simulation: Simulation, database: Database, processes: Processes, seconds: float) -> None:
    """Wait, without further kills, until everybody has finished and everything is sent."""
    progress, since = (0, 0), time.monotonic()

    def is_finished() -> bool:
        nonlocal progress, since
        processes.restart_failed()
        if not simulation.fake_telegram.updates_confirmed or database.rows(
            "SELECT 1 FROM outbox WHERE status = 'queued'"
        ):
            return False
        now = (len(simulation.fake_telegram.updates), len(simulation.ledger.effects))
        if now != progress:
            progress, since = now, time.monotonic()
        return not simulation.people or time.monotonic() - since > QUIET_TIME

    act_until(is_finished, simulation, seconds, new=False)
