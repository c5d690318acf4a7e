"""`python -m tests.performance.bench.tenants`: memory of further indexes, and writes a second."""

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
from bot.store import SqliteDatabase, Store
from bot.store.postgres.database import PostgresDatabase
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
        memory(4)
    if sys.argv[1:] != ["memory"]:
        writes()


def memory(indexes: int) -> None:
    """MB that the process holds after each index was opened and asked, each from a copy of its own."""
    settings = Settings()
    encoder = OnnxEncoder.load(settings.encoder_dir)
    encoder.encode_queries(["Was ist ein Backbone?"])
    print(f"{'encoder':30}{_resident():8.0f} MB")
    kept: list[Answerer] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(indexes):
            copy = Path(folder) / str(number)
            shutil.copytree(settings.index_dir, copy, symlinks=True)
            kept.append(make_answerer(settings, LiveIndex(copy, encoder)))
            for question in QUESTIONS:
                kept[-1].answer_question(question)
            print(f"{f'and {number + 1} indexes':30}{_resident():8.0f} MB", flush=True)


def writes() -> None:
    """Transactions a second: an update written down, and the same finished, by several threads."""
    with tempfile.TemporaryDirectory() as folder:
        _written("SQLite, one bot", [Store(SqliteDatabase(Path(folder) / "bot.db", time.time))])
    with server() as place:
        database = Database(place)
        for tenants in (1, 2, 8):
            stores = [
                Store(PostgresDatabase(database.url("bench"), time.time, f"t{number}")) for number in range(tenants)
            ]
            _written(f"PostgreSQL, {tenants} bots", list(stores))
        database.close()


def _written(name: str, stores: list[Store]) -> None:
    counts = [0] * THREADS
    until = time.monotonic() + SECONDS

    def work(number: int, store: Store) -> None:
        while time.monotonic() < until:
            update = number * 10_000_000 + counts[number]
            store.inbox.add_updates([(update, str(number), "{}" * 300)])
            store.finish_update(update, None, None, (), ())
            counts[number] += 1

    computed = time.process_time()
    _together([lambda n=n: work(n, stores[n % len(stores)]) for n in range(THREADS)])  # type: ignore[misc]
    done = 2 * sum(counts)
    own = (time.process_time() - computed) / done * 1000
    print(f"{name:30}{done / SECONDS:8.0f} a second, {own:.2f} ms of the bot's processor each", flush=True)
    for store in stores:
        store.close()


def _together(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
