"""What a life of the bot is told when it starts."""

from dataclasses import dataclass
from pathlib import Path

KILL_POINT_FILE = Path("kill_point")  # in the bot's folder; holds a kill point that is set while the life is running


@dataclass(frozen=True)
class LifeOptions:
    """Which bot runs, and how.

    Attributes:
        bot: "ours", or the stock bot, "default" or "careful".
        broken_store: a key of `BROKEN_STORES`; "" for the real store.
        kill_point: where the process kills itself, as `KillTrigger` describes it; "" for nowhere.
        clock_offset: seconds by which the bot's clock is ahead; ignored if there is a ``clock_file``.
        clock_file: the file of a `SharedClock`; "" for none.
        webhook: whether updates are received by webhook instead of polling.
        receives_updates: False for a process that only sends.
        enforces_limits: whether the bot keeps to Telegram's rate limits.
    """

    bot: str = "ours"
    broken_store: str = ""
    kill_point: str = ""
    clock_offset: float = 0.0
    clock_file: str = ""
    webhook: bool = False
    receives_updates: bool = True
    enforces_limits: bool = False
