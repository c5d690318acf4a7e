"""Which command menu somebody sees: the narrowest scope that has one, as Telegram chooses."""

import json
from collections.abc import Iterator
from typing import Any

from bot.sandbox.fake_telegram.world.objects import Account, Chat
from bot.sandbox.fake_telegram.world.world import World

Json = dict[str, Any]


def visible_commands(world: World, chat: Chat, person: Account | None = None) -> list[Json]:
    """The menu in a chat for a person."""
    language_code = (person.language_code or "")[:2] if person else ""
    for scope in _command_scopes(chat):
        for language in dict.fromkeys((language_code, "")):
            commands = world.profile.commands.get((json.dumps(scope, sort_keys=True), language))
            if commands:
                return commands
    return []


def profile_text(world: World, name: str, person: Account | None = None) -> str:
    """The bot's name, description or short description as a person sees it."""
    language_code = (person.language_code or "")[:2] if person else ""
    texts = world.profile.texts
    return (
        texts.get((name, language_code)) or texts.get((name, "")) or (world.bot.first_name if name == "name" else "")
    )


def _command_scopes(chat: Chat) -> Iterator[Json]:
    yield {"type": "chat", "chat_id": chat.id}
    yield {"type": "all_private_chats" if chat.is_private else "all_group_chats"}
    yield {"type": "default"}
