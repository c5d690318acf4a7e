"""`python -m tests.performance.load.unlimited`: the bot by webhook with no limits of Telegram's."""

import asyncio
import signal

from bot.app.bootstrap import open_store_from_settings, run_bot
from bot.app.index_loader import open_index
from bot.pipeline.rate_limiter import NO_LIMITS
from bot.settings import load_settings


async def main() -> None:
    """Run until SIGTERM."""
    stop, settings = asyncio.Event(), load_settings()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    live, store = open_index(settings), open_store_from_settings(settings)
    try:
        await run_bot(settings, live, store, stop, webhook=True, limits=NO_LIMITS)
    finally:
        store.close()


if __name__ == "__main__":
    asyncio.run(main())
