"""A fake of Telegram's Bot API: real HTTP, strict validation, Telegram's error texts, people to play."""

from bot.sandbox.fake_telegram.actors.group import Group
from bot.sandbox.fake_telegram.actors.user import User
from bot.sandbox.fake_telegram.faults import FaultKind
from bot.sandbox.fake_telegram.server import FakeTelegram
from bot.sandbox.fake_telegram.world.objects import Button, Entity, MessageView, RecordedCall, Violation

__all__ = [
    "Button",
    "Entity",
    "FakeTelegram",
    "FaultKind",
    "Group",
    "MessageView",
    "RecordedCall",
    "User",
    "Violation",
]
