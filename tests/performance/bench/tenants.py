"""`python -m tests.performance.bench.tenants`: memory per further index, and writes per second."""

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bot.answering.answerer import Answerer
from bot.app.bootstrap import make_answerer
from bot.settings import Settings
from bot.store import Store
from bot.store.postgres.database import PostgresDatabase
from bot.store.sqlite.database import SqliteDatabase
from index.encoder.encoder import OnnxEncoder
from index.search.live_index import LiveIndex
from tests.reliability.chaos.database import Database
from tests.support.postgres import server

QUESTIONS = ("Was ist Collective Impact?", "What is a backbone organisation?", "Wer hilft uns vor Ort?")
SECONDS = 5.0
THREADS = 8


def main() -> None:
    """Measure and print."""
    if sys.argv[1:] != ["writes"]:
        measure_memory(4)
    if sys.argv[1:] != ["memory"]:
        measure_writes()


def measure_memory(indexes: int) -> None:
    """Print the memory of the process after each index was opened and queried, each from a separate copy."""
    settings = Settings()
    encoder = OnnxEncoder.load(settings.encoder_dir)
    encoder.encode_queries(["Was ist ein Backbone?"])
    print(f"{'encoder':30}{_resident_megabytes():8.0f} MB")
    answerers: list[Answerer] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(indexes):
            copy = Path(folder) / str(number)
            shutil.copytree(settings.index_dir, copy, symlinks=True)
            answerers.append(make_answerer(settings, LiveIndex(copy, encoder)))
            for question in QUESTIONS:
                answerers[-1].answer_question(question)
            print(f"{f'and {number + 1} indexes':30}{_resident_megabytes():8.0f} MB", flush=True)


def measure_writes() -> None:
    """Print transactions per second: several threads add an update and finish it."""
    with tempfile.TemporaryDirectory() as folder:
        _measure_writes("SQLite, one bot", [Store(SqliteDatabase(Path(folder) / "bot.db", time.time))])
    with server() as postgres_server:
        database = Database(postgres_server)
        for tenants in (1, 2, 8):
            stores = [
                Store(PostgresDatabase(database.url("bench"), time.time, f"t{number}")) for number in range(tenants)
            ]
            _measure_writes(f"PostgreSQL, {tenants} bots", list(stores))
        database.close()


def _measure_writes(name: str, stores: list[Store]) -> None:
    counts = [0] * THREADS
    deadline = time.monotonic() + SECONDS

    def work(number: int, store: Store) -> None:
        while time.monotonic() < deadline:
            update = number * 10_000_000 + counts[number]
            store.inbox.add_updates([(update, str(number), "{}" * 300)])
            store.finish_update(update, None, None, (), ())
            counts[number] += 1

    cpu_start = time.process_time()
    _run_threads([lambda n=n: work(n, stores[n % len(stores)]) for n in range(THREADS)])  # type: ignore[misc]
    transactions = 2 * sum(counts)
    cpu_ms = (time.process_time() - cpu_start) / transactions * 1000
    print(f"{name:30}{transactions / SECONDS:8.0f} a second, {cpu_ms:.2f} ms of the bot's processor each", flush=True)
    for store in stores:
        store.close()


def _run_threads(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _resident_megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
