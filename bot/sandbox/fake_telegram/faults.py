"""Fault injection: make the next calls of a method fail in a chosen way."""

from dataclasses import dataclass
from enum import Enum


class FaultKind(Enum):
    """How a call fails."""

    RATE_LIMIT = "429 with retry_after, no effect"
    SERVER_ERROR = "500 as JSON, no effect"
    BAD_GATEWAY = "502 with an HTML page, no effect"
    HANG = "no answer until the caller disconnects, no effect"
    RESET = "connection reset, no effect"
    LOST = "takes effect, then the connection is reset and the answer is lost"


@dataclass
class Fault:
    """A pending fault; method "" matches all but getUpdates, chat None any chat; ``retry_after`` is in seconds."""

    method: str
    kind: FaultKind
    remaining: int
    chat_id: int | None
    retry_after: int


class FaultQueue:
    """Pending faults, in the order they were added."""

    def __init__(self) -> None:
        self.pending: list[Fault] = []

    def add_fault(self, fault: Fault) -> None:
        """Add a fault."""
        self.pending.append(fault)

    def take_fault(self, method: str, chat_id: object) -> Fault | None:
        """Return the first fault that matches a call, using up one of its times; None if there is none."""
        for fault in self.pending:
            if _matches_method(fault.method, method) and fault.chat_id in (None, chat_id):
                fault.remaining -= 1
                if not fault.remaining:
                    self.pending.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Remove all pending faults."""
        self.pending.clear()


def _matches_method(fault_method: str, method: str) -> bool:
    return fault_method == method if fault_method else method != "getUpdates"
