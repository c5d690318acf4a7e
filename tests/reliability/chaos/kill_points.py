"""The points at which a life is killed."""

import itertools
import os
import signal
from dataclasses import dataclass

WRITE_STATEMENTS = ("INSERT", "UPDATE", "DELETE", "COMMIT")
# What kills are called in a report, by the kind of their point.
KILL_KINDS = {
    "random": "at random",
    "effect": "at the effect of a call",
    "before": "before a call to the store",
    "after": "after a call to the store",
    "inside": "in the middle of a transaction",
}


@dataclass(frozen=True)
class KillPoint:
    """Where a life is to be killed, and how long that may take.

    Attributes:
        kind: "random", at the end of ``seconds``; "effect", at the nth effect of a method of the Bot API; "before" or
            "after" the nth call of a method of the store; "inside" a transaction, at its nth write.
        target: the method; "write" for ``inside``, "" for ``random``.
        nth: counted from 1, within the life.
        seconds: if the point is not reached within this time, the life is killed at random.
    """

    kind: str
    seconds: float
    target: str = ""
    nth: int = 0

    @property
    def is_in_process(self) -> bool:
        """Whether the process itself reaches the point, so that it must be told of it."""
        return self.kind in ("before", "after", "inside")

    def __str__(self) -> str:
        """Return it as `KillTrigger` takes it; "" if it is not for the process itself."""
        return f"{self.kind}:{self.target}:{self.nth}" if self.is_in_process else ""


class KillTrigger:
    """Kills this process when it reaches its kill point, which may be set while it is running.

    ``before:finish_update:3`` is before the third call of the store's method, ``after:…`` after it,
    ``inside:write:5`` at the fifth statement that writes, "" nowhere.
    """

    def __init__(self, kill_point: str) -> None:
        self.set_kill_point(kill_point)

    def set_kill_point(self, kill_point: str) -> None:
        """Replace the kill point, and count from now on."""
        self._place, _, nth = kill_point.rpartition(":")
        self._left = itertools.count(int(nth or 0) - 1, -1)

    def reach_call(self, when: str, method: str) -> None:
        """Kill this process if ``before`` or ``after`` this method is its kill point."""
        self._reach_place(f"{when}:{method}")

    def reach_statement(self, statement: str) -> None:
        """Kill this process if its kill point is before this SQL statement is run."""
        if statement.startswith(WRITE_STATEMENTS):
            self._reach_place("inside:write")

    def _reach_place(self, place: str) -> None:
        if place == self._place and next(self._left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)  # as `kill -9` does: nothing is finished, flushed or reported
