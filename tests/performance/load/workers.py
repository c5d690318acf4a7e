"""Compares several processes of a bot with one: `python -m tests.performance.load.workers`.

Usage: python -m tests.performance.load.workers [--seconds 60] [--on sqlite:1 postgresql:1 postgresql:2 postgresql:4]
                                    [--what rate questions taps] [--busy 40] [--rounds 1]

The processes receive updates by webhook behind a load balancer. ``rate``: 20 questions a second from 500 people, with
Telegram's limits. ``questions`` and ``taps``: so many in progress at a time, each answer followed by the next one,
without these limits; a tap (a thumb) needs no encoder. Processor time is what each part used during the measurement.
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
from tests.performance.load.__main__ import (
    FOLDER,
    count_out_of_order,
    machine_load,
    process_tree,
    query_file,
    resident_megabytes,
)
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
class ProcessGroups:
    """The processes whose CPU time is measured separately, by name."""

    processes: dict[str, list[int]]

    def cpu_seconds(self) -> dict[str, float]:
        """Return the CPU seconds so far, including those of children that have ended."""
        return {name: sum(map(_cpu_seconds, pids)) for name, pids in self.processes.items()}

    def megabytes(self, name: str) -> float:
        """Return the memory that these processes use now, in MB."""
        return sum(resident_megabytes(process) for pid in self.processes[name] for process in process_tree(pid))


def _count_commits(database: Database | None) -> int:
    """Return the transactions of the database so far; each query outside of a transaction counts as one."""
    count = "SELECT sum(xact_commit) FROM pg_stat_database WHERE datname = 'gwbot'"
    return int(database.fetch_rows(count)[0][0]) if database else 0


def _cpu_seconds(process: int) -> float:
    ticks = 0
    for descendant in process_tree(process):
        with contextlib.suppress(OSError):  # it has just ended, and its parent has its time
            fields = Path(f"/proc/{descendant}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def run_plan(what: str, database: str, workers: int, plan: Plan) -> None:
    """Run a plan and print its row."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    with contextlib.ExitStack() as stack:
        postgres = None
        if database == "postgresql":
            folder = stack.enter_context(server())
            postgres = Database(folder)
            stack.callback(postgres.close)
        people = subprocess.Popen(
            [sys.executable, "-m", "tests.performance.load.people", json.dumps(asdict(plan))],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert people.stdout
        telegram = json.loads(people.stdout.readline())
        url = postgres.url("gwbot") if postgres else f"sqlite:///{FOLDER}/bot.db"
        pids = stack.enter_context(_processes(COMMANDS[what], workers, url, telegram))
        pids_by_name = {"bot": pids[1:], "balancer": pids[:1], "Telegram, people": [people.pid]}
        if postgres:
            pids_by_name["PostgreSQL"] = [int(Path(f"{folder}/data/postmaster.pid").read_text().split()[0])]
        groups = ProcessGroups(pids_by_name)
        people.stdout.readline()
        before, commits = groups.cpu_seconds(), _count_commits(postgres)
        people.stdout.readline()
        after, commits = groups.cpu_seconds(), _count_commits(postgres) - commits
        memory = groups.megabytes("bot") / workers
        measured = json.loads(people.stdout.readline())
        people.wait(60)
        unordered = count_out_of_order(postgres.fetch_rows if postgres else query_file)
    _print_row(f"{database} {workers}", measured, {name: after[name] - before[name] for name in after})
    each = f"{commits / len(measured['loaded']):.1f} transactions each; " if postgres else ""
    print(
        f"{'':22}{each}{memory:.0f} MB a process; unanswered {measured['unanswered']}, out of order {unordered}, ",
        end="",
    )
    print(f"violated limits {len(measured['violations'])}; {machine_load()}", flush=True)


def _print_row(name: str, measured: dict[str, Any], cpu_seconds: dict[str, float]) -> None:
    latencies = tuple(measured["loaded"])
    shares = "".join(f"{percentile(latencies, share):7.0f}" for share in (0.5, 0.95, 0.99))
    each = ", ".join(f"{part} {seconds / len(latencies) * 1000:.1f}" for part, seconds in cpu_seconds.items())
    print(f"{name:22}{shares}{len(latencies) / measured['seconds']:10.1f}   {each}")


@contextmanager
def _processes(module: str, workers: int, url: str, telegram: dict[str, str]) -> Iterator[list[int]]:
    """Run the load balancer and the processes behind it; yield their process ids."""
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
        yield [process.pid for process in started]
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(60)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.load.workers")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--on", nargs="+", default=["sqlite:1", "postgresql:1", "postgresql:2", "postgresql:4"])
    parser.add_argument("--what", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    parser.add_argument("--busy", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    for what in options.what:
        print(f"\n{what}\n{HEAD}")
        for _ in range(options.rounds):
            for target in options.on:
                database, _, workers = target.partition(":")
                busy = {} if what == "rate" else {"busy": options.busy, "taps": what == "taps"}
                run_plan(
                    what, database, int(workers), Plan(options.seconds, options.rate, workers=int(workers), **busy)
                )


if __name__ == "__main__":
    main()
