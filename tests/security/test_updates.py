"""Updates that Telegram would never send: the bot drops them and answers the next one."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from telegram import Bot, User

from bot.app.bootstrap import BotRuntime, make_dialogue
from bot.pipeline.inbox import Inbox
from bot.pipeline.update_handler import UpdateHandler
from bot.settings import Settings
from bot.store import Store
from bot.store.sqlite.database import SqliteDatabase
from bot.telegram.update_parser import chat_key, only_newest, parse_raw_update
from index.search.live_index import LiveIndex
from tests.security.hostile import LONE_SURROGATE

USER = {"id": 7, "is_bot": False, "first_name": "Eve"}
CHAT = {"id": 7, "type": "private", "first_name": "Eve"}
MESSAGE: dict[str, Any] = {"message_id": 1, "date": 1, "chat": CHAT, "from": USER, "text": "Hallo"}
TAP: dict[str, Any] = {"id": "1", "from": USER, "chat_instance": "1", "data": "d:yes", "message": MESSAGE}
MALFORMED_UPDATES: dict[str, dict[str, Any]] = {
    "nothing": {}, "null": {"message": None}, "text": {"message": "evil"}, "list": {"message": [1]}, "empty": {"message": {}},
    "chat-text": {"message": {**MESSAGE, "chat": "evil"}}, "chat-id-text": {"message": {**MESSAGE, "chat": {**CHAT, "id": "evil"}}},
    "chat-id-map": {"message": {**MESSAGE, "chat": {**CHAT, "id": {"a": 1}}}}, "chat-id-list": {"message": {**MESSAGE, "chat": {**CHAT, "id": [1]}}},
    "chat-id-huge": {"message": {**MESSAGE, "chat": {**CHAT, "id": 2**80}}}, "user-id-huge": {"message": {**MESSAGE, "from": {**USER, "id": 2**80}}},
    "user-id-text": {"message": {**MESSAGE, "from": {**USER, "id": "evil"}}}, "message-id-text": {"message": {**MESSAGE, "message_id": "evil"}},
    "text-number": {"message": {**MESSAGE, "text": 5}}, "text-list": {"message": {**MESSAGE, "text": ["evil"]}}, "name-number": {"message": {**MESSAGE, "from": {**USER, "first_name": 5}}},
    "language-number": {"message": {**MESSAGE, "from": {**USER, "language_code": 5}}}, "date-text": {"message": {**MESSAGE, "date": "evil"}}, "date-huge": {"message": {**MESSAGE, "date": 10**30}},
    "entities-text": {"message": {**MESSAGE, "entities": "evil"}}, "entity-outside": {"message": {**MESSAGE, "entities": [{"type": "bot_command", "offset": 0, "length": 9_999}]}},
    "entity-minus": {"message": {**MESSAGE, "entities": [{"type": "bold", "offset": -5, "length": -1}]}}, "entity-type": {"message": {**MESSAGE, "entities": [{"type": 5, "offset": 0, "length": 1}]}},
    "migrate-text": {"message": {**MESSAGE, "migrate_to_chat_id": "evil"}}, "migrate-huge": {"message": {**MESSAGE, "migrate_to_chat_id": 2**80}},
    "reply-text": {"message": {**MESSAGE, "reply_to_message": "evil"}}, "thread-text": {"message": {**MESSAGE, "is_topic_message": True, "message_thread_id": "evil"}},
    "tap-no-message": {"callback_query": {**TAP, "message": None}}, "tap-data-number": {"callback_query": {**TAP, "data": 5}}, "tap-user": {"callback_query": {**TAP, "from": "evil"}},
    "tap-chat-huge": {"callback_query": {**TAP, "message": {**MESSAGE, "chat": {**CHAT, "id": 2**80}}}}, "inline-number": {"inline_query": {"id": "1", "from": USER, "query": 5, "offset": ""}},
    "member-text": {"my_chat_member": "evil"}, "several": {"message": MESSAGE, "callback_query": "evil"}, "unknown": {"evil": {"a": 1}}, "deep": {"message": {"a": {"b": {"c": {}}}}},
}  # fmt: skip
SURROGATES: dict[str, dict[str, Any]] = {
    "text": {"message": {**MESSAGE, "text": LONE_SURROGATE}}, "name": {"message": {**MESSAGE, "from": {**USER, "first_name": LONE_SURROGATE}}}, "tap": {"callback_query": {**TAP, "data": LONE_SURROGATE}},
    "language": {"message": {**MESSAGE, "from": {**USER, "language_code": LONE_SURROGATE}}}, "inline": {"inline_query": {"id": "1", "from": USER, "query": LONE_SURROGATE, "offset": ""}},
    "edit": {"edited_message": {**MESSAGE, "text": LONE_SURROGATE}}, "command": {"message": {**MESSAGE, "text": f"/frage {LONE_SURROGATE}", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}},
    "key": {"message": {**MESSAGE, LONE_SURROGATE: LONE_SURROGATE}},
}  # fmt: skip
numbers = iter(range(900_000_000, 999_999_999))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all tests here."""
    opened = Store(SqliteDatabase(tmp_path_factory.mktemp("updates") / "bot.db", time.time))
    yield opened
    opened.close()


@pytest.fixture
def inbox(store: Store, live: LiveIndex) -> Inbox:
    """The inbox with the whole dialogue behind it; outgoing calls wait in the store."""
    settings = Settings(adviser_chat_id=-5, _env_file=None)
    bot_user = User(1, "Bot", is_bot=True, username="standin_bot")
    handler = UpdateHandler(
        make_dialogue(BotRuntime(settings, live, store)),
        partial(parse_raw_update, Bot("1:x"), bot_user),
        lambda: None,
        lambda _: None,
        lambda *_: None,
        lambda *_: False,
    )
    return Inbox(store, handler.handle_update, chat_key, only_newest)


def question() -> dict[str, Any]:
    """Return a question with a minute of its own, so that nobody exceeds the rate limit."""
    return {"message": {**MESSAGE, "date": MESSAGE["date"] + 60 * next(numbers)}}


async def process(inbox: Inbox, update: dict[str, Any]) -> None:
    """Receive an update as the webhook does, and wait until it is processed."""
    await inbox.receive_updates([{"update_id": next(numbers), **update}])
    await inbox.wait_until_idle()


@pytest.mark.parametrize("kind", MALFORMED_UPDATES)
async def test_malformed_update(inbox: Inbox, store: Store, kind: str) -> None:
    """A malformed update is dropped, nothing waits behind it, and the same chat is answered next."""
    await process(inbox, MALFORMED_UPDATES[kind])
    queued_before = store.outbox.count_queued_calls(7)
    await process(inbox, question())

    assert store.inbox.pending_updates() == []
    assert store.outbox.count_queued_calls(7) > queued_before


@pytest.mark.parametrize("kind", SURROGATES)
async def test_lone_surrogate(inbox: Inbox, store: Store, kind: str) -> None:
    """A lone surrogate, which neither the store nor Telegram accepts, is replaced before anything else."""
    await process(inbox, SURROGATES[kind])

    assert store.inbox.pending_updates() == []
    assert "\ud800" not in str(store.erasure.load_personal_data(7))
