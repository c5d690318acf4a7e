"""The world the bot lives in: accounts, chats, messages, updates. One lock guards it all."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.world import objects
from bot.sandbox.fake_telegram.world.files import Files
from bot.sandbox.fake_telegram.world.inline_query import InlineQuery
from bot.sandbox.fake_telegram.world.objects import Account, Call, Chat, Message, Violation
from bot.sandbox.fake_telegram.world.updates import Updates
from bot.sandbox.fake_telegram.world.webhook import Pusher, Webhook

Json = dict[str, Any]
T = TypeVar("T")

SUPERGROUP = 1_000_000_000_000
FIRST = {"user": 100_001, "group": 2_000_001, "query": 4_000_000_000_000_000_001}  # all other numbers begin at 1


@dataclass
class Query:
    """A tap on a button that the bot has yet to answer."""

    id: str
    person: Account
    answer: Json | None = None
    expired: bool = False


@dataclass
class Profile:
    """What the bot told Telegram about itself, by language (commands also by scope)."""

    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)


class World:
    """All state. Take `change()` around everything that touches it: it locks, and wakes whoever waits."""

    def __init__(self, bot: Account, *, privacy: bool, retry_delay: float) -> None:
        self.condition = threading.Condition()
        self.bot = bot
        self.privacy = privacy
        self.retry_delay = retry_delay
        self.updates = Updates(self.condition)
        self.calls: list[Call] = []
        self.violations: list[Violation] = []
        self.accounts: dict[int, Account] = {bot.id: bot}
        self.chats: dict[int, Chat] = {}
        self.queries: dict[str, Query] = {}
        self.inline_queries: dict[str, InlineQuery] = {}
        self.files = Files(self.number)
        self.profile = Profile()
        self.webhook = Webhook()
        self.pushers: list[Pusher] = []
        self.numbers = dict(FIRST)
        self.listeners: list[Callable[[], None]] = []

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the world still, then tell everybody who waits to look again."""
        with self.condition:
            try:
                yield
            finally:
                self.condition.notify_all()
                for listener in self.listeners:
                    listener()

    def number(self, name: str) -> int:
        """The next number of a series."""
        number = self.numbers.get(name, 1)
        self.numbers[name] = number + 1
        return number

    def wait(self, condition: Callable[[], T], timeout: float) -> T:
        """Wait until the condition holds, looking again at every change; its value is given back."""
        with self.condition:
            if not (value := self.condition.wait_for(condition, timeout)):
                raise TimeoutError(f"still not so after {timeout} s; {self._lately()}")
            return value

    def _lately(self) -> str:
        calls = [f"{call.method} {call.status}" for call in self.calls if call.method != "getUpdates"][-8:]
        return f"last calls: {', '.join(calls) or 'none'}; violations: {self.violations or 'none'}"

    def add_person(self, first_name: str, **details: str | None) -> Account:
        """A new person, who has a private chat with the bot but has not started it."""
        person = Account(self.number("user"), first_name, **details)  # type: ignore[arg-type]  # all details are text
        self.accounts[person.id] = person
        self.chats[person.id] = Chat(person.id, "private", person=person)
        return person

    def add_group(self, title: str, kind: str, *, forum: bool) -> Chat:
        """A new group without anybody in it."""
        number = self.number("group")
        chat_id = -number if kind == "group" else -SUPERGROUP - number
        chat = self.chats[chat_id] = Chat(chat_id, kind, title, is_forum=forum)
        return chat

    def chat(self, chat_id: int | str) -> Chat:
        """The chat with this id, as the bot names it."""
        chat = self.chats.get(int(chat_id)) if str(chat_id).lstrip("-").isdecimal() else None
        if chat is None:
            raise limits.bad_request(limits.CHAT_NOT_FOUND)
        if chat.migrated_to:
            raise limits.migrated(chat.migrated_to)
        return chat

    def writable(self, chat_id: int | str) -> Chat:
        """The chat, where the bot may write to it."""
        chat = self.chat(chat_id)
        if chat.bot_status in ("member", "administrator"):
            return chat
        if chat.private and chat.bot_status == "kicked":
            raise limits.forbidden("bot was blocked by the user")
        if chat.private:
            raise self._not_started(chat)
        how = "was kicked from" if chat.bot_status == "kicked" else "is not a member of"
        raise limits.forbidden(f"bot {how} the {chat.type} chat")

    def _not_started(self, chat: Chat) -> limits.ApiError:
        met = any(chat.id in other.members and other.bot_status != "left" for other in self.chats.values())
        if met:
            return limits.forbidden("bot can't initiate conversation with a user")
        return limits.bad_request(limits.CHAT_NOT_FOUND)

    def touch(self) -> int:
        """The next number in the order of everything that was sent or edited."""
        return self.number("touch")

    def post(self, chat: Chat, sender: Account, content: Json, **details: Any) -> Message:
        """Put a message in a chat."""
        number = self.number(f"message {chat.id}" if chat.type == "supergroup" else "message")
        message = Message(number, chat, sender, content, self.touch(), **details)
        chat.messages[message.id] = message
        if sender is self.bot:
            chat.typing_since = 0.0
        return message

    def new_query(self, person: Account) -> Query:
        """A tap on a button that waits for its answer."""
        query = Query(str(self.number("query")), person)
        self.queries[query.id] = query
        return query

    def set_webhook(self, webhook: Webhook) -> None:
        """Push updates from now on, or leave it to polling where there is no address."""
        for pusher in self.pushers:
            pusher.stop()
        self.webhook = webhook
        self.updates.pushed = bool(webhook.url)
        if webhook.url:
            self.updates.end_poll("terminated by setWebhook request")
            self.pushers.append(Pusher(self.updates, webhook, self.retry_delay))

    def close(self) -> None:
        """Let go of everything that waits or runs."""
        self.updates.close()
        for pusher in self.pushers:
            pusher.stop()
        for pusher in self.pushers:
            pusher.join()

    def set_bot_status(self, chat: Chat, by: Account, status: str) -> None:
        """The bot is added, removed, blocked, made administrator: it is told."""
        old, chat.bot_status = chat.bot_status, status
        if old == status:
            return
        change = {
            "chat": chat.to_json(),
            "from": by.to_json(),
            "date": objects.now(),
            "old_chat_member": member_json(self.bot, old),
            "new_chat_member": member_json(self.bot, status),
        }
        self.updates.put("my_chat_member", change)


def member_json(account: Account, status: str) -> Json:
    """A ChatMember object."""
    base: Json = {"status": status, "user": account.to_json()}
    if status == "kicked":
        return base | {"until_date": 0}
    if status == "creator":
        return base | {"is_anonymous": False}
    if status == "administrator":
        yes = "can_manage_chat can_delete_messages can_invite_users can_pin_messages can_manage_topics"
        no = (
            "can_be_edited is_anonymous can_manage_video_chats can_restrict_members can_promote_members "
            "can_change_info can_post_stories can_edit_stories can_delete_stories"
        )
        return base | dict.fromkeys(yes.split(), True) | dict.fromkeys(no.split(), False)
    return base
