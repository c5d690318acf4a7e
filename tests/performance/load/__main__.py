"""`make load`: how fast the bot answers when many people ask at once, and whether its memory stays flat.

Usage: python -m tests.performance.load [--seconds 180] [--rate 20] [--people 500] [--mode polling webhook]
                            [--flood without with] [--command "python -m bot run"] [--rounds 1] [--soak 100000]

Each round runs the bot as its own process against a fake Telegram in another: without a flood, then with one. Before
that, some questions are asked one after the other, so that each figure under load can be compared with one without.
``--command`` starts the bot; the memory is that of all its processes. For several processes on PostgreSQL see
tests/performance/load/workers.py.
"""

import argparse
import json
import os
import shlex
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.performance.bench.__main__ import percentile
from tests.performance.load.people import Plan
from tests.support.paths import ROOT

MINUTE = 60.0
FOLDER = ROOT / "data" / "load"
RunQuery = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Sample:
    """Memory in MB and CPU seconds so far of the bot's processes, at a time."""

    at: float
    megabytes: float
    cpu_seconds: float


class ProcessSampler:
    """Samples a process and its children every second, until stopped."""

    def __init__(self, process: int) -> None:
        self.samples: list[Sample] = []
        self._process, self._ended = process, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop sampling."""
        self._ended.set()
        self._thread.join()

    def between(self, began: float, ended: float) -> list[Sample]:
        """Return the samples of a time span."""
        return [sample for sample in self.samples if began <= sample.at <= ended]

    def _run(self) -> None:
        while not self._ended.wait(1.0):
            try:
                processes = list(process_tree(self._process))
                memory = sum(resident_megabytes(process) for process in processes)
                self.samples.append(Sample(time.time(), memory, sum(_cpu_seconds(process) for process in processes)))
            except (OSError, ValueError, IndexError):  # a process has just ended
                continue


def process_tree(process: int) -> Iterator[int]:
    """Yield a process and all its descendants."""
    yield process
    for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
        yield from process_tree(int(child))


def resident_megabytes(process: int) -> float:
    """Return the memory that a process uses, in MB."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def bot_process(command: str, mode: str, telegram: dict[str, str]) -> Iterator[int]:
    """Run the bot against this fake Telegram, with an empty store; yield its process id."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    environment = {
        **os.environ,
        "GW_TELEGRAM_TOKEN": telegram["token"],
        "GW_TELEGRAM_API_URL": telegram["url"],
        "GW_DATABASE_URL": f"sqlite:///{FOLDER}/bot.db",
        "GW_LOG_LEVEL": "ERROR",
    }
    if mode == "webhook":
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        environment |= {"GW_WEBHOOK_URL": f"http://127.0.0.1:{port}/hook", "GW_WEBHOOK_SECRET": "load", "PORT": port}
    process = subprocess.Popen(shlex.split(command), cwd=ROOT, env=environment)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def run_plan(plan: Plan, command: str, mode: str) -> None:
    """Run a plan and print its figures."""
    name = f"{mode}{', with a flood' if plan.with_flood else ''}{f', {plan.soak} taps' if plan.soak else ''}"
    people = subprocess.Popen(
        [sys.executable, "-m", "tests.performance.load.people", json.dumps(asdict(plan))],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert people.stdout
    with bot_process(command, mode, json.loads(people.stdout.readline())) as process:
        sampler = ProcessSampler(process)
        began, ended = (float(next(iter(json.loads(people.stdout.readline()).values()))) for _ in range(2))
        size = sum(file.stat().st_size for file in FOLDER.glob("bot.db*"))
        sampler.stop()
        measured = json.loads(people.stdout.readline())
        people.wait(60)
    print(f"\n{name} ({machine_load()})")
    _print_row("one question at a time", measured["unloaded"])
    if measured["loaded"]:
        _print_row(f"{plan.rate:g} a second from {plan.people} people", measured["loaded"])
        ratio = percentile(tuple(measured["loaded"]), 0.95) / percentile(tuple(measured["unloaded"]), 0.95)
        print(f"  p95 under load is {ratio:.2f} times that of one question at a time")
    calls, violations = measured["calls"], measured["violations"]
    print(f"  unanswered {measured['unanswered']}; calls {calls}; violated limits {len(violations)}")
    for violation in violations[:5]:
        print(f"    {violation}")
    print(f"  answers out of order: {count_out_of_order(query_file)}")
    _print_memory(sampler, began, ended)
    if plan.soak:
        print(f"  {plan.soak / measured['seconds']:.0f} updates a second; the store has {size / 2**20:.1f} MB")


def _print_row(name: str, values: list[float]) -> None:
    shares = " ".join(f"p{share} {percentile(tuple(values), share / 100):6.0f}" for share in (50, 95, 99))
    print(f"  {name:36} n {len(values):5}   {shares} ms   max {max(values):.0f}")


def _print_memory(sampler: ProcessSampler, began: float, ended: float) -> None:
    samples = sampler.between(began, ended)
    third = min(MINUTE, (ended - began) / 3)
    first, last = (
        statistics.median(sample.megabytes for sample in sampler.between(*span))
        for span in ((began, began + third), (ended - third, ended))
    )
    cores = (samples[-1].cpu_seconds - samples[0].cpu_seconds) / (samples[-1].at - samples[0].at)
    print(f"  memory from {first:.1f} to {last:.1f} MB: {last / first - 1:+.1%}; {cores:.2f} cores busy")


def count_out_of_order(run_query: RunQuery) -> int:
    """Return how many answers were sent before the answer to an earlier message in the same chat."""
    rows = run_query(
        "SELECT chat_id, origin_message FROM outbox WHERE message_id IS NOT NULL AND origin_message IS NOT NULL "
        "ORDER BY chat_id, message_id"
    )
    return sum(chat == after and origin > later for (chat, origin), (after, later) in pairwise(rows))


def query_file(query: str) -> list[tuple[Any, ...]]:
    """Return the rows that a query finds in the store's file."""
    with closing(sqlite3.connect(FOLDER / "bot.db")) as store:
        return store.execute(query).fetchall()


def machine_load() -> str:
    """Describe how busy the machine is."""
    return f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.load")
    parser.add_argument("--seconds", type=int, default=180)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--mode", nargs="+", choices=["polling", "webhook"], default=["polling", "webhook"])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--soak", type=int, default=0)
    parser.add_argument("--flood", nargs="+", choices=["without", "with"], default=["without", "with"])
    parser.add_argument("--command", default=f"{sys.executable} -m bot run")
    options = parser.parse_args()
    for _ in range(options.rounds):
        for mode in options.mode:
            for flood in ["without"] if options.soak else options.flood:
                plan = Plan(options.seconds, options.rate, options.people, flood == "with", options.soak)
                run_plan(plan, options.command, mode)


if __name__ == "__main__":
    main()
