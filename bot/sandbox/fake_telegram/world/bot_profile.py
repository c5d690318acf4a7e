"""The bot's profile: command menus by scope and language, name and descriptions by language."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world.objects import Account, Chat


@dataclass
class BotProfile:
    """What the bot has told Telegram about itself; "" is the fallback language."""

    default_name: str
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)  # by scope (JSON) and language
    texts: dict[tuple[str, str], str] = field(default_factory=dict)  # by field and language

    def find_text(self, name: str, language: str) -> str:
        """Return the name, description or short description in a language."""
        default = self.default_name if name == "name" else ""
        return self.texts.get((name, language)) or self.texts.get((name, "")) or default

    def visible_text(self, name: str, person: Account | None = None) -> str:
        """Return the name, description or short description as a person sees it."""
        return self.find_text(name, _language_of(person))

    def visible_commands(self, chat: Chat, person: Account | None = None) -> list[Json]:
        """Return the menu that a person sees in a chat: that of the narrowest scope that has one."""
        for scope in _command_scopes(chat):
            for language in dict.fromkeys((_language_of(person), "")):
                if commands := self.commands.get((json.dumps(scope, sort_keys=True), language)):
                    return commands
        return []


def _language_of(person: Account | None) -> str:
    return (person.language_code or "")[:2] if person else ""


def _command_scopes(chat: Chat) -> Iterator[Json]:
    yield {"type": "chat", "chat_id": chat.id}
    yield {"type": "all_private_chats" if chat.is_private else "all_group_chats"}
    yield {"type": "default"}
