"""The state of the fake Telegram: accounts, chats, messages, updates, guarded by one lock."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world.bot_profile import BotProfile
from bot.sandbox.fake_telegram.world.files import FileStore
from bot.sandbox.fake_telegram.world.objects import Account, Chat, Message, RecordedCall, Violation
from bot.sandbox.fake_telegram.world.queries import CallbackQuery, InlineQuery
from bot.sandbox.fake_telegram.world.updates import UpdateQueue
from bot.sandbox.fake_telegram.world.webhook import Webhook, WebhookDispatcher

T = TypeVar("T")

SUPERGROUP_ID_OFFSET = 1_000_000_000_000
FIRST_NUMBERS = {
    "user": 100_001,
    "group": 2_000_001,
    "query": 4_000_000_000_000_000_001,
}  # all other series begin at 1
TOPIC_COLOR = 0x6FB9F0


class World:
    """All state. Change it inside `state_change()`, which locks it and wakes all waiters; ``clock`` is Unix time."""

    def __init__(self, bot: Account) -> None:
        self.condition = threading.Condition()
        self.clock: Callable[[], float] = time.time
        self.bot = bot
        self.updates = UpdateQueue(self.condition)
        self.calls: list[RecordedCall] = []
        self.violations: list[Violation] = []
        self.accounts: dict[int, Account] = {bot.id: bot}
        self.chats: dict[int, Chat] = {}
        self.queries: dict[str, CallbackQuery] = {}
        self.inline_queries: dict[str, InlineQuery] = {}
        self.files = FileStore(self.next_number)
        self.profile = BotProfile(bot.first_name)
        self.webhook = Webhook()
        self.webhook_dispatchers: list[WebhookDispatcher] = []
        self.numbers = dict(FIRST_NUMBERS)
        self.listeners: list[Callable[[], None]] = []

    @contextmanager
    def state_change(self) -> Iterator[None]:
        """Hold the lock, then wake all waiters and call the listeners."""
        with self.condition:
            try:
                yield
            finally:
                self.condition.notify_all()
                for listener in self.listeners:
                    listener()

    def unix_now(self) -> int:
        """Return the Unix time in whole seconds."""
        return int(self.clock())

    def next_number(self, series: str) -> int:
        """Return the next number of a series."""
        number = self.numbers.get(series, 1)
        self.numbers[series] = number + 1
        return number

    def wait_for(self, condition: Callable[[], T], timeout: float) -> T:
        """Wait until the condition is true and return its value; raises TimeoutError after ``timeout`` seconds."""
        with self.condition:
            if not (value := self.condition.wait_for(condition, timeout)):
                raise TimeoutError(f"condition not met within {timeout} s; {self._describe_recent_calls()}")
            return value

    def _describe_recent_calls(self) -> str:
        calls = [f"{call.method} {call.status}" for call in self.calls if call.method != "getUpdates"][-8:]
        return f"last calls: {', '.join(calls) or 'none'}; violations: {self.violations or 'none'}"

    def add_person(self, first_name: str, **details: str | None) -> Account:
        """Add a person with a private chat who has not started the bot yet."""
        person = Account(self.next_number("user"), first_name, **details)  # type: ignore[arg-type]  # all details are text
        self.accounts[person.id] = person
        self.chats[person.id] = Chat(person.id, "private", person=person)
        return person

    def add_group(self, title: str, chat_type: str, *, forum: bool) -> Chat:
        """Add a group without members."""
        number = self.next_number("group")
        chat_id = -number if chat_type == "group" else -SUPERGROUP_ID_OFFSET - number
        chat = self.chats[chat_id] = Chat(chat_id, chat_type, title, is_forum=forum)
        return chat

    def find_chat(self, chat_id: int | str) -> Chat:
        """Return the chat with this id; raises ApiError if there is none or it has been upgraded."""
        chat = self.chats.get(int(chat_id)) if str(chat_id).lstrip("-").isdecimal() else None
        if chat is None:
            raise limits.bad_request(limits.CHAT_NOT_FOUND)
        if chat.migrated_to:
            raise limits.chat_migrated(chat.migrated_to)
        return chat

    def find_writable_chat(self, chat_id: int | str) -> Chat:
        """Return the chat with this id; raises ApiError if the bot may not write to it."""
        chat = self.find_chat(chat_id)
        if chat.bot_status in ("member", "administrator"):
            return chat
        if chat.is_private and chat.bot_status == "kicked":
            raise limits.forbidden("bot was blocked by the user")
        if chat.is_private:
            raise self._not_started_error(chat)
        reason = "was kicked from" if chat.bot_status == "kicked" else "is not a member of"
        raise limits.forbidden(f"bot {reason} the {chat.type} chat")

    def _not_started_error(self, chat: Chat) -> limits.ApiError:
        met_in_group = any(chat.id in other.members and other.bot_status != "left" for other in self.chats.values())
        if met_in_group:
            return limits.forbidden("bot can't initiate conversation with a user")
        return limits.bad_request(limits.CHAT_NOT_FOUND)

    def next_change_number(self) -> int:
        """Return the next number in the sequence of all posts and edits."""
        return self.next_number("touch")

    def post_message(self, chat: Chat, sender: Account, content: Json, **details: Any) -> Message:
        """Post a message in a chat."""
        number = self.next_number(f"message {chat.id}" if chat.type == "supergroup" else "message")
        message = Message(number, chat, sender, content, self.next_change_number(), self.unix_now(), **details)
        chat.messages[message.id] = message
        if sender is self.bot:
            chat.typing_since = 0.0
        return message

    def edit_message(self, message: Message, content: Json) -> None:
        """Replace the content of a message."""
        message.content, message.edit_date, message.touched = content, self.unix_now(), self.next_change_number()

    def create_topic(self, chat: Chat, creator: Account, name: str, icon_color: int = TOPIC_COLOR) -> Message:
        """Open a topic; its id is that of the service message returned."""
        message = self.post_message(chat, creator, {"forum_topic_created": {"name": name, "icon_color": icon_color}})
        message.thread_id = message.id
        chat.topics[message.id] = name
        return message

    def set_webhook(self, webhook: Webhook) -> None:
        """Deliver updates to this webhook, or return to polling if its URL is empty."""
        for dispatcher in self.webhook_dispatchers:
            dispatcher.stop()
        self.webhook = webhook
        self.updates.webhook_active = bool(webhook.url)
        if webhook.url:
            self.updates.end_poll("terminated by setWebhook request")
            self.webhook_dispatchers.append(WebhookDispatcher(self.updates, webhook))

    def close(self) -> None:
        """Release waiting polls and stop webhook deliveries."""
        self.updates.close()
        for dispatcher in self.webhook_dispatchers:
            dispatcher.stop()
        for dispatcher in self.webhook_dispatchers:
            dispatcher.join()

    def set_bot_status(self, chat: Chat, actor: Account, status: str) -> None:
        """Change the bot's membership (add, remove, block, promote) and notify it by my_chat_member."""
        old_status, chat.bot_status = chat.bot_status, status
        if old_status == status:
            return
        member_update = {
            "chat": chat.to_json(),
            "from": actor.to_json(),
            "date": self.unix_now(),
            "old_chat_member": chat_member_json(self.bot, old_status),
            "new_chat_member": chat_member_json(self.bot, status),
        }
        self.updates.put("my_chat_member", member_update)


def chat_member_json(account: Account, status: str) -> Json:
    """Return a ChatMember object."""
    base: Json = {"status": status, "user": account.to_json()}
    if status == "kicked":
        return base | {"until_date": 0}
    if status == "creator":
        return base | {"is_anonymous": False}
    if status == "administrator":
        granted_rights = "can_manage_chat can_delete_messages can_invite_users can_pin_messages can_manage_topics"
        withheld_rights = (
            "can_be_edited is_anonymous can_manage_video_chats can_restrict_members can_promote_members "
            "can_change_info can_post_stories can_edit_stories can_delete_stories"
        )
        return base | dict.fromkeys(granted_rights.split(), True) | dict.fromkeys(withheld_rights.split(), False)
    return base
