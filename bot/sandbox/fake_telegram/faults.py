"""Faults on a switch: the next calls of a method go wrong in a chosen way."""

from dataclasses import dataclass
from enum import Enum


class FaultKind(Enum):
    """What goes wrong."""

    RATE_LIMIT = "429 with retry_after, no effect"
    SERVER_ERROR = "500 as JSON, no effect"
    BAD_GATEWAY = "502 with an HTML page, no effect"
    HANG = "no answer until the caller gives up, no effect"
    RESET = "the connection is reset before anything happens"
    LOST = "it takes effect, then the connection is reset and the answer is lost"


@dataclass
class Fault:
    """A fault that waits for its call; without a method for any call but one for updates."""

    method: str
    kind: FaultKind
    remaining: int
    chat_id: int | None
    retry_after: int


class FaultQueue:
    """All faults that wait, in the order they were set."""

    def __init__(self) -> None:
        self.pending: list[Fault] = []

    def add_fault(self, fault: Fault) -> None:
        """Let calls go wrong."""
        self.pending.append(fault)

    def take_fault(self, method: str, chat_id: object) -> Fault | None:
        """The fault that strikes this call, used up by it."""
        for fault in self.pending:
            if _matches_method(fault.method, method) and fault.chat_id in (None, chat_id):
                fault.remaining -= 1
                if not fault.remaining:
                    self.pending.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Forget all that wait."""
        self.pending.clear()


def _matches_method(fault_method: str, method: str) -> bool:
    return fault_method == method if fault_method else method != "getUpdates"
