"""Dump the world to plain JSON and load it: people, chats, messages, topics, files, updates, queries."""

import base64
from dataclasses import asdict

from bot.sandbox.fake_telegram.rules import schema
from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world.files import File
from bot.sandbox.fake_telegram.world.objects import Account, Chat, Message, omit_none
from bot.sandbox.fake_telegram.world.queries import CallbackQuery, InlineQuery, Query
from bot.sandbox.fake_telegram.world.world import World

MESSAGE_FIELDS = (
    "id",
    "content",
    "touched",
    "date",
    "markup",
    "thread_id",
    "edit_date",
    "media_group_id",
    "inline_id",
)


def dump_world(world: World) -> Json:
    """Return everything except recorded calls and waiters."""
    with world.condition:
        return {
            "numbers": dict(world.numbers),
            "accounts": [asdict(account) for account in world.accounts.values() if account is not world.bot],
            "chats": [_dump_chat(chat) for chat in world.chats.values()],
            "files": [_dump_file(file) for file in world.files.by_id.values()],
            "queries": [_dump_query(query) for query in world.queries.values()],
            "inline_queries": [_dump_query(query) for query in world.inline_queries.values()],
            "updates": {
                "next_id": world.updates.next_id,
                "pending": [*world.updates.redelivered, *world.updates.pending],
            },
            "commands": [[*key, value] for key, value in world.profile.commands.items()],
            "texts": [[*key, value] for key, value in world.profile.texts.items()],
        }


def load_world(world: World, data: Json) -> World:
    """Return a dumped world, for the same bot as ``world``.

    Raises KeyError, TypeError, AttributeError or ValueError if ``data`` is not a dumped world.
    """
    loaded = World(world.bot)
    loaded.numbers = {str(name): int(number) for name, number in data["numbers"].items()}
    loaded.accounts |= {item["id"]: Account(**item) for item in data["accounts"]}
    loaded.chats = {item["id"]: _load_chat(loaded, item) for item in data["chats"]}
    loaded.files.by_id = {item["id"]: _load_file(item) for item in data["files"]}
    loaded.queries = {item["id"]: CallbackQuery(**_resolve_person(loaded, item)) for item in data["queries"]}
    loaded.inline_queries = {
        item["id"]: InlineQuery(**_resolve_person(loaded, item)) for item in data["inline_queries"]
    }
    loaded.profile.commands = {(scope, lang): value for scope, lang, value in data["commands"]}
    loaded.profile.texts = {(name, lang): value for name, lang, value in data["texts"]}
    loaded.updates.next_id, loaded.updates.pending = int(data["updates"]["next_id"]), list(data["updates"]["pending"])
    _validate_world(loaded)
    return loaded


def restore_world(world: World, loaded: World) -> None:
    """Replace the state of ``world`` by a loaded one; the bot should not be running."""
    with world.state_change():
        for name in ("numbers", "accounts", "chats", "queries", "inline_queries", "profile"):
            setattr(world, name, getattr(loaded, name))
        world.files.by_id = loaded.files.by_id
        world.updates.redelivered = []
        world.updates.pending, world.updates.next_id = loaded.updates.pending, loaded.updates.next_id
        world.updates.history = list(loaded.updates.pending)


def _validate_world(world: World) -> None:
    """Raise ValueError unless all updates and messages match the Bot API."""
    objects = [("Update", update) for update in world.updates.pending]
    for chat in world.chats.values():
        objects += [("Message", message.to_json()) for message in chat.messages.values()]
    for name, value in objects:
        if problems := schema.check_value(value, [name], name):
            raise ValueError("; ".join(problems))


def _dump_chat(chat: Chat) -> Json:
    plain_fields = {
        name: value for name, value in vars(chat).items() if name not in ("person", "messages", "typing_since")
    }
    return plain_fields | {
        "person": chat.person.id if chat.person else None,
        "forbidden": sorted(chat.forbidden),
        "members": [list(item) for item in chat.members.items()],
        "topics": [list(item) for item in chat.topics.items()],
        "messages": [_dump_message(message) for message in chat.messages.values()],
    }


def _dump_message(message: Message) -> Json:
    return omit_none(
        **{name: getattr(message, name) for name in MESSAGE_FIELDS},
        sender=message.sender.id,
        reaction=list(message.reaction) or None,
        reply_to=message.reply_to.id if message.reply_to else None,
        via_bot=True if message.via_bot else None,
    )


def _load_chat(world: World, data: Json) -> Chat:
    known_fields = {name: value for name, value in data.items() if name != "closed"}  # which older versions wrote
    chat = Chat(
        **known_fields
        | {
            "person": world.accounts[data["person"]] if data["person"] else None,
            "forbidden": set(data.get("forbidden", ())),
            "members": dict(map(tuple, data["members"])),
            "topics": dict(map(tuple, data["topics"])),
            "messages": {},
        }
    )
    for item in data["messages"]:
        details = {
            "chat": chat,
            "sender": world.accounts[item["sender"]],
            "reply_to": chat.messages.get(item.get("reply_to")),  # None if it was deleted
            "via_bot": world.bot if item.get("via_bot") else None,
            "reaction": tuple(map(str, item.get("reaction", ()))),
        }
        chat.messages[item["id"]] = Message(**item | details)
    return chat


def _dump_file(file: File) -> Json:
    return vars(file) | {"content": base64.b64encode(file.content).decode()}


def _load_file(data: Json) -> File:
    return File(**data | {"content": base64.b64decode(data["content"])})


def _resolve_person(world: World, data: Json) -> Json:
    return data | {"person": world.accounts[data["person"]]}


def _dump_query(query: Query) -> Json:
    return vars(query) | {"person": query.person.id}
