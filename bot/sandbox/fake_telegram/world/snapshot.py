"""The whole world as plain JSON, and back: people, chats, messages, topics, files, updates, queries."""

import base64
from dataclasses import asdict
from typing import Any

from bot.sandbox.fake_telegram.rules import schema
from bot.sandbox.fake_telegram.world.files import File
from bot.sandbox.fake_telegram.world.inline_query import InlineQuery
from bot.sandbox.fake_telegram.world.objects import Account, Chat, Message, compact
from bot.sandbox.fake_telegram.world.world import Query, World

Json = dict[str, Any]

PLAIN = ("id", "content", "touched", "date", "markup", "thread_id", "forward_origin", "edit_date", "media_group_id",
         "inline_id")  # fmt: skip


def saved(world: World) -> Json:
    """Everything but the calls there were, and who waits for what."""
    with world.condition:
        return {
            "numbers": dict(world.numbers),
            "accounts": [asdict(account) for account in world.accounts.values() if account is not world.bot],
            "chats": [_chat(chat) for chat in world.chats.values()],
            "files": [_file(file) for file in world.files.by_id.values()],
            "queries": [_query(query) for query in world.queries.values()],
            "inline_queries": [_query(query) for query in world.inline_queries.values()],
            "updates": {"next_id": world.updates.next_id, "pending": [*world.updates.again, *world.updates.pending]},
            "commands": [[*key, value] for key, value in world.profile.commands.items()],
            "texts": [[*key, value] for key, value in world.profile.texts.items()],
        }


def read(world: World, data: Json) -> World:
    """A saved world, for the same bot as this one.

    Raises KeyError, TypeError, AttributeError or ValueError where it is no such data.
    """
    fresh = World(world.bot, privacy=world.privacy, retry_delay=world.retry_delay)
    fresh.numbers = {str(name): int(number) for name, number in data["numbers"].items()}
    fresh.accounts |= {one["id"]: Account(**one) for one in data["accounts"]}
    fresh.chats = {one["id"]: _chat_of(fresh, one) for one in data["chats"]}
    fresh.files.by_id = {one["id"]: _file_of(one) for one in data["files"]}
    fresh.queries = {one["id"]: Query(**_asked(fresh, one)) for one in data["queries"]}
    fresh.inline_queries = {one["id"]: InlineQuery(**_asked(fresh, one)) for one in data["inline_queries"]}
    fresh.profile.commands = {(scope, lang): value for scope, lang, value in data["commands"]}
    fresh.profile.texts = {(name, lang): value for name, lang, value in data["texts"]}
    fresh.updates.next_id, fresh.updates.pending = int(data["updates"]["next_id"]), list(data["updates"]["pending"])
    _check(fresh)
    return fresh


def put(world: World, fresh: World) -> None:
    """Put what was read in the place of what is there; the bot should not be at work meanwhile."""
    with world.change():
        for name in ("numbers", "accounts", "chats", "queries", "inline_queries", "profile"):
            setattr(world, name, getattr(fresh, name))
        world.files.by_id = fresh.files.by_id
        world.updates.again = []
        world.updates.pending, world.updates.next_id = fresh.updates.pending, fresh.updates.next_id
        world.updates.everything = list(fresh.updates.pending)


def _check(world: World) -> None:
    """Everything in it must be such as Telegram would hand it out."""
    objects = [("Update", update) for update in world.updates.pending]
    for chat in world.chats.values():
        objects += [("Message", message.to_json()) for message in chat.messages.values()]
    for name, value in objects:
        if problems := schema.check(value, [name], name):
            raise ValueError("; ".join(problems))


def _chat(chat: Chat) -> Json:
    kept = {name: value for name, value in vars(chat).items() if name not in ("person", "messages", "typing_since")}
    return kept | {
        "person": chat.person.id if chat.person else None,
        "closed": sorted(chat.closed),
        "forbidden": sorted(chat.forbidden),
        "members": [list(item) for item in chat.members.items()],
        "topics": [list(item) for item in chat.topics.items()],
        "messages": [_message(message) for message in chat.messages.values()],
    }


def _message(message: Message) -> Json:
    return compact(
        **{name: getattr(message, name) for name in PLAIN},
        sender=message.sender.id,
        reply_to=message.reply_to.id if message.reply_to else None,
        via_bot=True if message.via_bot else None,
    )


def _chat_of(world: World, data: Json) -> Chat:
    chat = Chat(
        **data
        | {
            "person": world.accounts[data["person"]] if data["person"] else None,
            "closed": set(data["closed"]),
            "forbidden": set(data.get("forbidden", ())),
            "members": dict(map(tuple, data["members"])),
            "topics": dict(map(tuple, data["topics"])),
            "messages": {},
        }
    )
    for one in data["messages"]:
        details = {
            "chat": chat,
            "sender": world.accounts[one["sender"]],
            "reply_to": chat.messages.get(one.get("reply_to")),  # None where it was deleted
            "via_bot": world.bot if one.get("via_bot") else None,
        }
        chat.messages[one["id"]] = Message(**one | details)
    return chat


def _file(file: File) -> Json:
    return vars(file) | {"content": base64.b64encode(file.content).decode()}


def _file_of(data: Json) -> File:
    return File(**data | {"content": base64.b64decode(data["content"])})


def _asked(world: World, data: Json) -> Json:
    return data | {"person": world.accounts[data["person"]]}


def _query(query: Query | InlineQuery) -> Json:
    return vars(query) | {"person": query.person.id}
