"""A stand-in for Telegram's Bot API: real HTTP, strict checks, Telegram's error texts, people to play."""

from bot.sandbox.standin.faults import FaultKind
from bot.sandbox.standin.model import Button, Call, Entity, Seen, Violation
from bot.sandbox.standin.people import Group, User
from bot.sandbox.standin.server import StandIn

__all__ = ["Button", "Call", "Entity", "FaultKind", "Group", "Seen", "StandIn", "User", "Violation"]
