"""What a life is told when it starts."""

from dataclasses import dataclass
from pathlib import Path

POINT = Path("point")  # the file that tells a running life where to end


@dataclass(frozen=True)
class LifeOptions:
    """Which bot to run, and how.

    ``clock`` is the file of a shared clock; without one, the clock is ``clock_offset`` seconds ahead.
    """

    bot: str = "ours"
    broken: str = ""
    point: str = ""
    clock_offset: float = 0.0
    clock: str = ""
    webhook: bool = False
    receives_updates: bool = True
    rate_limited: bool = False
