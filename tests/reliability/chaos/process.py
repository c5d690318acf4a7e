"""`python -m tests.reliability.chaos.process SOCKET`: has everything imported once, and forks a bot for each life.

Each connection to the socket is one bot, whose lives follow each other. Its first line of JSON names its ``folder``
and its ``environment``. Then it reads one line for each life, an `Order`; writes ``{"pid"}`` when it is born, and
``{"status"}`` when it has ended: the signal as a negative number, else its exit code. At SIGUSR1 a life reads its
point anew from the file POINT; at SIGUSR2 it is told that the clock was set forward. It ends with standard input.
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

from bot.app.bootstrap import BotRuntime, UpdateSource, run_bot
from bot.domain.calendar import next_opening
from bot.pipeline.rate_limiter import NO_LIMITS, TELEGRAM_LIMITS
from bot.settings import Settings
from bot.store import Store
from bot.web.server import run_http_server
from index.encoder.encoder import OnnxEncoder
from index.search.live_index import LiveIndex
from prompts.render import _template_environment, format_label
from tests.reliability.chaos import stock
from tests.reliability.chaos.jumping import Jumping
from tests.reliability.chaos.order import POINT, Order
from tests.reliability.chaos.points import BROKEN, SENT, Recording, Trap, watched
from tests.support.paths import PREPARED


def main() -> None:
    """Serve bots until standard input ends."""
    live = LiveIndex(PREPARED / "index", OnnxEncoder.load(PREPARED / "encoder", threads=1))
    _warm()
    bots = []
    with socket.create_server(sys.argv[1], family=socket.AF_UNIX) as listener:
        print("ready", flush=True)
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            pid = os.fork()
            if pid == 0:
                listener.close()
                _serve(connection, live)
                os._exit(0)
            connection.close()
            bots.append(pid)
    for pid in bots:
        os.waitpid(pid, 0)


def _serve(connection: socket.socket, live: LiveIndex) -> None:
    """Give one bot a life after the other, until its connection ends."""
    lines = connection.makefile("rw", encoding="utf-8")
    bot = json.loads(lines.readline())
    os.chdir(bot["folder"])
    os.environ.update(bot["environment"])
    settings = Settings(_env_file=None)
    logging.basicConfig(filename="bot.log", level=settings.log_level, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)  # a life that has only begun is not ended by them
    for line in lines:
        pid = os.fork()
        if pid == 0:
            _live(settings, live, Order(**json.loads(line)))
        print(json.dumps({"pid": pid}), file=lines, flush=True)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), file=lines, flush=True)


def _warm() -> None:
    """Have read and imported what every life would read and import again."""
    next_opening(time.time())
    for module in ("anyio._backends._asyncio", "httpcore"):
        importlib.import_module(module)
    environment = _template_environment()
    for name in environment.list_templates(["j2"]):
        environment.get_template(name)
    for lang in ("de", "en", "de-leicht", "advisers"):
        format_label("name" if lang != "advisers" else "take", lang)
    gc.freeze()


def _live(settings: Settings, live: LiveIndex, order: Order) -> None:
    code = 1
    try:
        if order.bot == "ours":
            asyncio.run(_ours(settings, live, order))
        else:
            stock.run(settings, careful=order.bot == "careful")
        code = 0
    except BaseException as error:
        logging.exception("this life ended: %s", type(error).__name__)
    finally:
        os._exit(code)


async def _ours(settings: Settings, live: LiveIndex, order: Order) -> None:
    stop, nudge, loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()
    clock: Callable[[], float] = Jumping(order.clock) if order.clock else lambda: time.time() + order.later
    nudge.set()  # the clock is ahead on purpose, from the start on
    trap = Trap(order.point)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, lambda: trap.set(POINT.read_text()))
    loop.add_signal_handler(signal.SIGUSR2, nudge.set)
    store = Recording(BROKEN[order.broken](watched(settings, clock, trap)), settings.data_dir / SENT)
    polling = UpdateSource.POLLING if order.takes else UpdateSource.NONE
    runtime = BotRuntime(
        settings,
        live,
        cast(Store, store),
        clock=clock,
        source=UpdateSource.WEBHOOK if order.webhook else polling,
        limits=TELEGRAM_LIMITS if order.limited else NO_LIMITS,
        wake_scheduler=nudge,
    )
    application = runtime.status_server.application
    async with run_http_server(application, settings, webhook=order.webhook, enabled=order.takes):
        await run_bot(runtime, stop)


if __name__ == "__main__":
    main()
