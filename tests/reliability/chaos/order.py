"""What a life is told when it begins."""

from dataclasses import dataclass
from pathlib import Path

POINT = Path("point")  # the file with the point that a life is given while it lives


@dataclass(frozen=True)
class Order:
    """Which bot, and how it lives. ``clock`` is the file of a clock that processes have in common; without one the
    clock is ``later`` seconds ahead. Without ``takes`` it takes no updates."""

    bot: str = "ours"
    broken: str = ""
    point: str = ""
    later: float = 0.0
    clock: str = ""
    webhook: bool = False
    takes: bool = True
    limited: bool = False
