"""Imports and loads everything once, then forks the bots: `python -m tests.reliability.chaos.fork_server SOCKET`.

Each connection to the socket stands for one bot and is served by its own process, which exchanges lines of JSON:

- It reads one line with the bot's ``folder`` and ``environment``, and then one with the `LifeOptions` of each life.
- It writes ``{"pid"}`` when a life has started, and ``{"status"}`` when it has exited: its exit code, or the signal
  as a negative number.

At SIGUSR1, a life reads a new kill point from KILL_POINT_FILE; at SIGUSR2, it learns that its clock was set forward.
The server exits at the end of standard input.
"""

import asyncio
import gc
import importlib
import json
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import cast

from sqlite_utils.plugins import ensure_plugins_loaded

from bot.app.bootstrap import BotRuntime, UpdateSource, _read_crisis_detector, run_bot
from bot.domain.calendar import next_opening
from bot.domain.commands import COMMANDS_FILE, read_command_words
from bot.pipeline.rate_limiter import NO_LIMITS, TELEGRAM_LIMITS
from bot.settings import Settings
from bot.store import Store
from bot.web.server import run_http_server
from index.encoder.encoder import OnnxEncoder
from index.search.live_index import LiveIndex
from knowledge.loader import BUILT_IN
from knowledge.records.crisis_signs import CRISIS_FILE
from knowledge.records.discourse_markers import MARKERS_FILE, read_markers
from knowledge.records.intro import read_steps
from knowledge.records.selfcheck import SELFCHECK_FOLDER, read_selfchecks
from prompts.render import _template_environment, format_label
from tests.reliability.chaos import stock_bot
from tests.reliability.chaos.broken_stores import break_store
from tests.reliability.chaos.kill_points import KillTrigger
from tests.reliability.chaos.life_options import KILL_POINT_FILE, LifeOptions
from tests.reliability.chaos.shared_clock import SharedClock
from tests.reliability.chaos.wrapped_stores import SENT_LOG, SentLogStore, open_killing_store
from tests.support.paths import PREPARED


def main() -> None:
    """Serve bots until standard input ends."""
    live_index = LiveIndex(PREPARED / "index", OnnxEncoder.load(PREPARED / "encoder", threads=1))
    _preload()
    bots = []
    with socket.create_server(sys.argv[1], family=socket.AF_UNIX) as listener:
        print("ready", flush=True)
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            pid = os.fork()
            if pid == 0:
                listener.close()
                _serve_bot(connection, live_index)
                os._exit(0)
            connection.close()
            bots.append(pid)
    for pid in bots:
        os.waitpid(pid, 0)


def _preload() -> None:
    """Import and read what every life would otherwise import and read again."""
    next_opening(time.time())
    for module in ("anyio._backends._asyncio", "httpcore"):
        importlib.import_module(module)
    ensure_plugins_loaded()
    for read, name in (
        (read_command_words, COMMANDS_FILE),
        (_read_crisis_detector, CRISIS_FILE),
        (read_markers, MARKERS_FILE),
        (read_selfchecks, SELFCHECK_FOLDER),
        (read_steps, "intro"),
    ):
        read(BUILT_IN / name)
    environment = _template_environment()
    for name in environment.list_templates(["j2"]):
        environment.get_template(name)
    for lang in ("de", "en", "de-leicht", "advisers"):
        format_label("name" if lang != "advisers" else "take", lang)
    gc.freeze()


def _serve_bot(connection: socket.socket, live_index: LiveIndex) -> None:
    """Run one life of a bot after another, until its connection ends."""
    stream = connection.makefile("rw", encoding="utf-8")
    bot = json.loads(stream.readline())
    os.chdir(bot["folder"])
    os.environ.update(bot["environment"])
    settings = Settings(_env_file=None)
    logging.basicConfig(filename="bot.log", level=settings.log_level, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)  # or they would end a life that has not installed its handlers yet
    for line in stream:
        pid = os.fork()
        if pid == 0:
            _run_life(settings, live_index, LifeOptions(**json.loads(line)))
        print(json.dumps({"pid": pid}), file=stream, flush=True)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), file=stream, flush=True)


def _run_life(settings: Settings, live_index: LiveIndex, options: LifeOptions) -> None:
    exit_code = 1
    try:
        if options.bot == "ours":
            asyncio.run(_run_our_bot(settings, live_index, options))
        else:
            stock_bot.run_stock_bot(settings, careful=options.bot == "careful")
        exit_code = 0
    except BaseException as error:
        logging.exception("this life ended with %s", type(error).__name__)
    finally:
        os._exit(exit_code)


async def _run_our_bot(settings: Settings, live_index: LiveIndex, options: LifeOptions) -> None:
    stop, wake_scheduler, loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()
    clock: Callable[[], float]
    clock = SharedClock(options.clock_file) if options.clock_file else lambda: time.time() + options.clock_offset
    wake_scheduler.set()  # the clock is ahead on purpose, so the bot has to trust it from the start
    trigger = KillTrigger(options.kill_point)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, lambda: trigger.set_kill_point(KILL_POINT_FILE.read_text()))
    loop.add_signal_handler(signal.SIGUSR2, wake_scheduler.set)
    store = break_store(open_killing_store(settings, clock, trigger), options.broken_store)
    polling = UpdateSource.POLLING if options.receives_updates else UpdateSource.NONE
    runtime = BotRuntime(
        settings,
        live_index,
        cast(Store, SentLogStore(store, settings.data_dir / SENT_LOG)),
        clock=clock,
        source=UpdateSource.WEBHOOK if options.webhook else polling,
        limits=TELEGRAM_LIMITS if options.enforces_limits else NO_LIMITS,
        wake_scheduler=wake_scheduler,
    )
    application = runtime.status_server.application
    async with run_http_server(application, settings, webhook=options.webhook, enabled=options.receives_updates):
        await run_bot(runtime, stop)


if __name__ == "__main__":
    main()
