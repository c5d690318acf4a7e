"""`python -m tests.chaos.process`: has everything imported once, and forks a bot for each life.

Reads one line of JSON for each life: ``{"bot", "point", "broken", "later"}``; writes ``{"pid"}`` when it is born, and
``{"status"}`` when it has ended: the signal as a negative number, else its exit code.
"""

import asyncio
import gc
import json
import logging
import os
import signal
import sys
import time
from typing import Any, cast

from bot.app import open_store, run
from bot.pace import UNLIMITED
from bot.settings import Settings
from bot.store import Store
from index.encoder import OnnxEncoder
from index.live import LiveIndex
from prompts.render import _environment, label
from tests.chaos import stock
from tests.chaos.points import BROKEN, SENT, Point, Recording, watched


def main() -> None:
    """Serve lives until standard input ends."""
    settings = Settings()
    live = LiveIndex(settings.index_dir, OnnxEncoder.load(settings.encoder_dir, threads=1))
    logging.basicConfig(filename="bot.log", level=settings.log_level, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    _warm()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _live(settings, live, json.loads(line))
        print(json.dumps({"pid": pid}), flush=True)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)


def _warm() -> None:
    """Have read what every life would read again."""
    environment = _environment()
    for name in environment.list_templates(["j2"]):
        environment.get_template(name)
    for lang in ("de", "en", "de-leicht", "desk"):
        label("name" if lang != "desk" else "take", lang)
    gc.freeze()


def _live(settings: Settings, live: LiveIndex, order: dict[str, Any]) -> None:
    code = 1
    try:
        if order["bot"] == "ours":
            asyncio.run(_ours(settings, live, order))
        else:
            stock.run(settings, careful=order["bot"] == "careful")
        code = 0
    except BaseException as error:
        logging.exception("this life ended: %s", type(error).__name__)
    finally:
        os._exit(code)


async def _ours(settings: Settings, live: LiveIndex, order: dict[str, Any]) -> None:
    later: float = order["later"]  # seconds: so that the time also brings something about

    def clock() -> float:
        return time.time() + later

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    point = Point.read(order["point"]) if order["point"] else None
    store = Recording(BROKEN[order["broken"]](watched(open_store(settings, clock), point)), settings.data_dir / SENT)
    await run(settings, live, cast(Store, store), stop, webhook=False, clock=clock, limits=UNLIMITED)


if __name__ == "__main__":
    main()
