"""How fast several processes of a bot are beside one: `python -m tests.performance.load.workers`.

Usage: python -m tests.performance.load.workers [--seconds 60] [--on sqlite:1 postgresql:1 postgresql:2 postgresql:4]
                                    [--what rate questions taps] [--busy 40] [--rounds 1]

The processes take updates by webhook behind a load balancer. ``rate``: 20 questions a second from 500 people, with
Telegram's limits. ``questions`` and ``taps``: so many at a time, the next as soon as one was answered,
without these limits; a tap (a thumb) needs no encoder. Processor time is what each part used while it was measured.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.performance.bench.__main__ import percentile
from tests.performance.load.__main__ import FOLDER, family, machine, out_of_order, read_file, resident
from tests.performance.load.people import Plan
from tests.reliability.chaos.database import Database
from tests.support.balancer import free_port
from tests.support.paths import ROOT
from tests.support.postgres import server

COMMANDS = {
    "rate": "bot",
    "questions": "tests.performance.load.unlimited",
    "taps": "tests.performance.load.unlimited",
}
HEAD = f"{'':22}{'p50':>7}{'p95':>7}{'p99':>7}{'a second':>10}   processor ms each: "


@dataclass(frozen=True)
class Parts:
    """The processes whose computing is told apart, by name."""

    processes: dict[str, list[int]]

    def computed(self) -> dict[str, float]:
        """Seconds so far, with what children that have ended used."""
        return {name: sum(map(_used, pids)) for name, pids in self.processes.items()}

    def megabytes(self, name: str) -> float:
        """What they hold now."""
        return sum(resident(one) for pid in self.processes[name] for one in family(pid))


def _commits(database: Database | None) -> int:
    """Transactions of the database so far, each query outside of one counted as one."""
    count = "SELECT sum(xact_commit) FROM pg_stat_database WHERE datname = 'gwbot'"
    return int(database.rows(count)[0][0]) if database else 0


def _used(process: int) -> float:
    ticks = 0
    for one in family(process):
        with contextlib.suppress(OSError):  # it has ended just now, and its parent has its time
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def play(what: str, database: str, workers: int, plan: Plan) -> None:
    """One run; prints its row."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    with contextlib.ExitStack() as stack:
        shared = None
        if database == "postgresql":
            folder = stack.enter_context(server())
            shared = Database(folder)
            stack.callback(shared.close)
        people = subprocess.Popen(
            [sys.executable, "-m", "tests.performance.load.people", json.dumps(asdict(plan))],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert people.stdout
        telegram = json.loads(people.stdout.readline())
        url = shared.url("gwbot") if shared else f"sqlite:///{FOLDER}/bot.db"
        pids = stack.enter_context(_running(COMMANDS[what], workers, url, telegram))
        parts = {"bot": pids[1:], "balancer": pids[:1], "Telegram, people": [people.pid]}
        if shared:
            parts["PostgreSQL"] = [int(Path(f"{folder}/data/postmaster.pid").read_text().split()[0])]
        watched = Parts(parts)
        people.stdout.readline()
        before, commits = watched.computed(), _commits(shared)
        people.stdout.readline()
        after, commits = watched.computed(), _commits(shared) - commits
        memory = watched.megabytes("bot") / workers
        seen = json.loads(people.stdout.readline())
        people.wait(60)
        disorder = out_of_order(shared.rows if shared else read_file)
    _show(f"{database} {workers}", seen, {name: after[name] - before[name] for name in after})
    each = f"{commits / len(seen['loaded']):.1f} transactions each; " if shared else ""
    print(
        f"{'':22}{each}{memory:.0f} MB a process; unanswered {seen['unanswered']}, out of order {disorder}, ", end=""
    )
    print(f"limits broken {len(seen['violations'])}; {machine()}", flush=True)


def _show(name: str, seen: dict[str, Any], computed: dict[str, float]) -> None:
    took = tuple(seen["loaded"])
    shares = "".join(f"{percentile(took, share):7.0f}" for share in (0.5, 0.95, 0.99))
    each = ", ".join(f"{part} {seconds / len(took) * 1000:.1f}" for part, seconds in computed.items())
    print(f"{name:22}{shares}{len(took) / seen['seconds']:10.1f}   {each}")


@contextmanager
def _running(module: str, workers: int, url: str, telegram: dict[str, str]) -> Iterator[list[int]]:
    """The load balancer and the processes behind it."""
    front, ports = free_port(), [free_port() for _ in range(workers)]
    common = {
        **os.environ,
        "GW_TELEGRAM_TOKEN": telegram["token"],
        "GW_TELEGRAM_API_URL": telegram["url"],
        "GW_DATABASE_URL": url,
        "GW_WEBHOOK_URL": f"http://127.0.0.1:{front}/hook",
        "GW_WEBHOOK_SECRET": "load",
        "GW_LOG_LEVEL": "ERROR",
    }
    bot = [sys.executable, "-m", module, *(["run"] if module == "bot" else [])]
    balancer = [sys.executable, "-m", "tests.support.balancer", str(front), *map(str, ports)]
    started = [subprocess.Popen(balancer, cwd=ROOT)]
    try:
        started += [subprocess.Popen(bot, cwd=ROOT, env=common | {"PORT": str(port)}) for port in ports]
        yield [one.pid for one in started]
    finally:
        for one in reversed(started):
            one.terminate()
        for one in started:
            one.wait(60)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.load.workers")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--on", nargs="+", default=["sqlite:1", "postgresql:1", "postgresql:2", "postgresql:4"])
    parser.add_argument("--what", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    parser.add_argument("--busy", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    for what in given.what:
        print(f"\n{what}\n{HEAD}")
        for _ in range(given.rounds):
            for where in given.on:
                database, _, workers = where.partition(":")
                busy = {} if what == "rate" else {"busy": given.busy, "taps": what == "taps"}
                play(what, database, int(workers), Plan(given.seconds, given.rate, workers=int(workers), **busy))


if __name__ == "__main__":
    main()
