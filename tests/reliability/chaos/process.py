"""`python -m tests.reliability.chaos.process`: imports everything once, and forks a bot for each life.

Reads one line of JSON for each life, its `LifeOptions`; writes ``{"pid"}`` when it has started, and ``{"status"}``
when it has ended: the signal as a negative number, or its exit code. On SIGUSR1 a life reads its point again from the
file POINT; on SIGUSR2 it learns that the clock was advanced.
"""

import asyncio
import gc
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import cast

from bot.app.bootstrap import BotRuntime, UpdateSource, run_bot
from bot.pipeline.rate_limiter import NO_LIMITS, TELEGRAM_LIMITS
from bot.settings import Settings
from bot.store import Store
from bot.web.server import run_http_server
from index.encoder.encoder import OnnxEncoder
from index.search.live_index import LiveIndex
from prompts.render import _template_environment, format_label
from tests.reliability.chaos import stock
from tests.reliability.chaos.life_options import POINT, LifeOptions
from tests.reliability.chaos.points import BROKEN_STORES, SENT, RecordingStore, Trap, open_trapped_store
from tests.reliability.chaos.shared_clock import SharedClock


def main() -> None:
    """Run lives until standard input ends."""
    settings = Settings()
    live = LiveIndex(settings.index_dir, OnnxEncoder.load(settings.encoder_dir, threads=1))
    logging.basicConfig(filename="bot.log", level=settings.log_level, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    _preload()
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)  # so that they do not end a life that has just started
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _run_life(settings, live, LifeOptions(**json.loads(line)))
        print(json.dumps({"pid": pid}), flush=True)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)


def _preload() -> None:
    """Load what every life would load again."""
    environment = _template_environment()
    for name in environment.list_templates(["j2"]):
        environment.get_template(name)
    for lang in ("de", "en", "de-leicht", "advisers"):
        format_label("name" if lang != "advisers" else "take", lang)
    gc.freeze()


def _run_life(settings: Settings, live: LiveIndex, options: LifeOptions) -> None:
    code = 1
    try:
        if options.bot == "ours":
            asyncio.run(_run_our_bot(settings, live, options))
        else:
            stock.run(settings, careful=options.bot == "careful")
        code = 0
    except BaseException as error:
        logging.exception("this life ended: %s", type(error).__name__)
    finally:
        os._exit(code)


async def _run_our_bot(settings: Settings, live: LiveIndex, options: LifeOptions) -> None:
    stop, wake_scheduler, loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()
    clock: Callable[[], float] = (
        SharedClock(options.clock) if options.clock else lambda: time.time() + options.clock_offset
    )
    wake_scheduler.set()  # the clock is ahead on purpose
    trap = Trap(options.point)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, lambda: trap.set(POINT.read_text()))
    loop.add_signal_handler(signal.SIGUSR2, wake_scheduler.set)
    store = RecordingStore(
        BROKEN_STORES[options.broken](open_trapped_store(settings, clock, trap)), settings.data_dir / SENT
    )
    polling = UpdateSource.POLLING if options.receives_updates else UpdateSource.NONE
    runtime = BotRuntime(
        settings,
        live,
        cast(Store, store),
        clock=clock,
        source=UpdateSource.WEBHOOK if options.webhook else polling,
        limits=TELEGRAM_LIMITS if options.rate_limited else NO_LIMITS,
        wake_scheduler=wake_scheduler,
    )
    application = runtime.status_server.application
    async with run_http_server(application, settings, webhook=options.webhook, enabled=options.receives_updates):
        await run_bot(runtime, stop)


if __name__ == "__main__":
    main()
