"""Several bots on one PostgreSQL behind a load balancer, killed one by one while the others go on."""

import contextlib
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.fake_telegram import FakeTelegram
from tests.reliability.chaos.count import Findings, count, count_letters, count_store
from tests.reliability.chaos.database import ALL, LOCKS, Database
from tests.reliability.chaos.jumping import Jumping
from tests.reliability.chaos.letters import Letters
from tests.reliability.chaos.lives import Lives
from tests.reliability.chaos.order import Order
from tests.reliability.chaos.play import (
    BETWEEN,
    QUIET,
    SHORT_REST,
    START,
    TO_DO,
    Plan,
    Played,
    environment,
    point,
    trouble,
    until,
)
from tests.reliability.chaos.points import SENT
from tests.reliability.chaos.stories import Stage
from tests.support.balancer import Balancer, free_port
from tests.support.postgres import server

REST = 180.0  # seconds for the last lives to finish everything
LONG = 24 * 3_600.0  # seconds that some jumps of the clock take, so that reminders fall due
TERMINATED = 0.15  # how often connections are ended before a kill
RESTARTED, FIRST = 25, 5  # kills between two restarts of PostgreSQL, and before the first
STARTING = 5.0  # seconds of a life in which it may end by itself where PostgreSQL goes away: it is begun again
NAMES = {"random": "at random", "inside": "in the middle of a transaction"}
SENDER, CONNECTIONS, SERVER = "of the process that sends", "connections ended before", "PostgreSQL restarted before"
BESIDE = (SENDER, CONNECTIONS, SERVER)
LEADERS_OWN = ("mark_sent", "save_thread", "postpone_call")  # what only the process that sends does


@dataclass
class Worker:
    """A process that is begun again whenever it has ended. Without ``takes`` it takes no updates, and only sends."""

    name: str
    lives: Lives
    takes: bool = True
    living: bool = False
    led: bool = False  # in this life


class Crew:
    """The processes, and what is done to them and to their database."""

    def __init__(self, plan: Plan, stage: Stage, database: Database, clock: Path, workers: list[Worker]) -> None:
        self._plan, self._stage, self._database, self._workers = plan, stage, database, workers
        self._rng, self._file, self._clock = random.Random(plan.seed), clock, Jumping(clock)  # noqa: S311 - no secret
        self._leader, self._modes = "", 0
        self.deaths: dict[str, int] = {}
        self.beside = Counter[str]()  # what else was done, and to whom
        self.refused = 0  # starts that PostgreSQL broke off

    def begin(self) -> None:
        """All of them, one after the other."""
        for worker in self._workers:
            self._born(worker)

    def one_more(self) -> None:
        """One ends; the others go on, and it is begun again."""
        rng = self._rng
        self._looked()
        kind, where, seconds = point(self._plan, rng)
        method = where.split(":")[1] if where else ""
        leading = next((one for one in self._workers if one.name == self._leader), None)
        victim = rng.choice([one for one in self._workers if one.takes or method not in ("add_updates",)])
        if leading and (kind == "effect" or method in LEADERS_OWN or rng.random() < 0.4):
            victim = leading
        if kind == "effect":
            self._stage.ledger.on(method, int(where.split(":")[2]), victim.lives.kill)
        elif kind != "random":
            victim.lives.arm(where)
        disturbed = self._disturb()
        self._set_forward()
        until(lambda: self._looked() or victim.lives.ended, self._stage, seconds)
        early = victim.lives.ended
        self._stage.ledger.on("", 0, victim.lives.kill)
        self._looked()
        victim.lives.kill()
        name = kind if early or kind == "random" else "random"
        self.beside[disturbed] += 1
        self._died(victim, NAMES.get(name, name))
        until(self._looked, self._stage, rng.uniform(0.0, 0.4))
        self._born(victim, patience=0.2 if rng.random() < 0.2 else START)

    def keep(self) -> None:
        """Have those begun again that ended while they started, because PostgreSQL went away."""
        for worker in self._workers:
            if worker.living and worker.lives.ended:
                self._died(worker, "")
                self._born(worker)

    def end(self) -> None:
        """In order, as at a new version."""
        for worker in self._workers:
            worker.lives.kill(signal.SIGTERM)
            worker.lives.over()

    def _looked(self) -> bool:
        """Note who sends now; False, for those who wait for something."""
        self._leader = self._database.leader()
        for worker in self._workers:
            worker.led |= worker.name == self._leader
        return False

    def _died(self, worker: Worker, name: str) -> None:
        status = worker.lives.over()
        led, worker.living, worker.led = worker.led, False, False
        if led:
            self._stage.ledger.life += 1
            self.beside[SENDER] += 1
        if status == -signal.SIGKILL:
            self.deaths[name] = self.deaths.get(name, 0) + 1
        elif worker.lives.lasted < STARTING:
            self.refused += 1
        else:
            log = (worker.lives.folder / "bot.log").read_text(encoding="utf-8")
            raise RuntimeError(f"{worker.name} ended by itself with {status}:\n{log[-4_000:]}")

    def _born(self, worker: Worker, patience: float = START) -> None:
        """Begin it, and go on when it is ready; or before, so that the next one to end may be one that starts."""
        calls = self._stage.fake_telegram.calls_to
        last = "setWebhook" if worker.takes else "getMe"
        before = len(calls(last))
        worker.lives.begin(
            Order(clock=str(self._file), webhook=worker.takes, takes=worker.takes, broken=self._plan.broken)
        )
        worker.living = True
        until(lambda: self._looked() or worker.lives.ended or len(calls(last)) > before, self._stage, patience)
        self.keep()

    def _disturb(self) -> str:
        """Now and then PostgreSQL ends connections, or itself. Whoever sends may not learn what became of a call."""
        rng = self._rng
        if sum(self.deaths.values()) % RESTARTED == FIRST:
            mode = ("fast", "immediate")[self._modes % 2]
            self._modes += 1
            self._database.restart(mode)
            self._stage.ledger.life += 1
            return SERVER
        if rng.random() < TERMINATED:
            worker = rng.choice(self._workers)
            self._database.terminate(worker.name, rng.choice((ALL, LOCKS)))
            self._stage.ledger.life += worker.led
            return CONNECTIONS
        trouble(rng, self._stage.fake_telegram)
        return ""

    def _set_forward(self) -> None:
        self._clock.jump(self._rng.choice((BETWEEN, BETWEEN, LONG)))
        for worker in self._workers:
            worker.lives.kill(signal.SIGUSR2)


def play_several(plan: Plan, forks: Path, folder: Path) -> Played:
    """Kill them so often, then count. ``forks`` is the socket of the `fork_server`."""
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        database = Database(stack.enter_context(server()))
        stack.callback(database.close)
        fake_telegram = stack.enter_context(FakeTelegram(max_poll_seconds=5.0))
        stage = Stage(fake_telegram, plan.seed, alone=False)
        letters = stack.enter_context(Letters(stage.ledger))
        crew, folders = processes(plan, forks, folder, stage, letters, database, stack)
        played = Played(stage, Findings(), crew.deaths, 0, 0.0)
        crew.begin()
        while sum(crew.deaths.values()) < plan.kills:
            crew.one_more()
        fake_telegram.clear_faults()
        _rest(stage, database, crew, SHORT_REST if plan.broken else REST)
        crew.end()
        played.findings = count(stage)
        for more in (
            count_store(stage, database.rows, [one / SENT for one in folders]),
            count_letters(stage, letters),
        ):
            played.findings.counts += more.counts
            played.findings.lines += more.lines
        for violation in (one for one in fake_telegram.violations if one.kind != "flood"):  # see play
            played.findings.add("calls against the Bot API's rules", str(violation))
        for log in (one / "bot.log" for one in folders):  # why something came out of order, where it did
            lines = log.read_text(encoding="utf-8").splitlines()
            played.findings.lines += [f"{log.parent.name}: {line}" for line in lines if " is postponed" in line]
        played.damaged, played.beside = crew.refused, {name: crew.beside[name] for name in BESIDE}
    played.seconds = time.monotonic() - began
    return played


def processes(
    plan: Plan,
    forks: Path,
    folder: Path,
    stage: Stage,
    letters: Letters,
    database: Database,
    stack: contextlib.ExitStack,
) -> tuple[Crew, list[Path]]:
    """The processes behind their load balancer, not begun yet; and their folders."""
    ports = [free_port() for _ in range(plan.workers)]
    balancer = stack.enter_context(Balancer(ports))
    common = environment(stage, letters) | {
        "GW_WEBHOOK_URL": f"http://127.0.0.1:{balancer.port}/hook",
        "GW_WEBHOOK_SECRET": "chaos",
    }
    workers = []
    for number, port in enumerate([*ports, *[0] * plan.senders]):
        own = {"PORT": str(port or free_port()), "GW_DATABASE_URL": database.url(f"bot{number}")}
        lives = stack.enter_context(Lives(forks, folder / str(number), common | own))
        (lives.folder / SENT).touch()
        workers.append(Worker(f"bot{number}", lives, takes=port > 0))
    return Crew(plan, stage, database, folder / "clock", workers), [one.lives.folder for one in workers]


def _rest(stage: Stage, database: Database, crew: Crew, seconds: float) -> None:
    """Nobody is killed any more: until everybody is through, and everything sent."""
    seen, since = (0, 0), time.monotonic()

    def over() -> bool:
        nonlocal seen, since
        crew.keep()
        if not stage.fake_telegram.updates_confirmed or database.rows(TO_DO) != [(0,)]:
            return False
        now = (len(stage.fake_telegram.updates), len(stage.ledger.effects))
        if now != seen:
            seen, since = now, time.monotonic()
        return not stage.people or time.monotonic() - since > QUIET

    until(over, stage, seconds, new=False)
