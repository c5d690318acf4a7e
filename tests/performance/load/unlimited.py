"""`python -m tests.performance.load.unlimited`: the bot by webhook, without Telegram's limits."""

import asyncio
import signal

from bot.app.bootstrap import BotRuntime, UpdateSource, open_store_from_settings, run_bot
from bot.app.index_loader import open_index
from bot.pipeline.rate_limiter import NO_LIMITS
from bot.settings import load_settings
from bot.web.server import run_http_server


async def main() -> None:
    """Run until SIGTERM."""
    stop, settings = asyncio.Event(), load_settings()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    live, store = open_index(settings), open_store_from_settings(settings)
    try:
        runtime = BotRuntime(settings, live, store, source=UpdateSource.WEBHOOK, limits=NO_LIMITS)
        async with run_http_server(runtime.status_server.application, settings, webhook=True):
            await run_bot(runtime, stop)
    finally:
        store.close()


if __name__ == "__main__":
    asyncio.run(main())
