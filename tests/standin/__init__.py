"""A stand-in for Telegram's Bot API: real HTTP, strict checks, Telegram's error texts, people to play."""

from tests.standin.faults import FaultKind
from tests.standin.model import Button, Call, Entity, Seen, Violation
from tests.standin.people import Group, User
from tests.standin.server import StandIn

__all__ = ["Button", "Call", "Entity", "FaultKind", "Group", "Seen", "StandIn", "User", "Violation"]
