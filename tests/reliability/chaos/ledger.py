"""Every call that took effect at Telegram, in order, including messages that were deleted later."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.fake_telegram import FakeTelegram
from bot.sandbox.fake_telegram.world.objects import Message, RecordedCall, text_and_entities

NEW_MESSAGE_METHODS = ("sendMessage", "copyMessage", "sendContact", "createForumTopic")
# The bot makes these calls one after another in each lane of a chat.
ORDERED_METHODS = (
    *NEW_MESSAGE_METHODS,
    "editMessageText",
    "editMessageCaption",
    "editMessageReplyMarkup",
    "editForumTopic",
    "pinChatMessage",
)
MARKER = re.compile(r"«[^»]+»")
RELAYED_BELOW_NAME = re.compile(r"(Bea|Cem) \(Beratung\):\n.*|Person \d+:\n.*")


@dataclass(frozen=True)
class Effect:
    """A call that took effect in a chat.

    Attributes:
        life: the number of the life that made the call.
        response_lost: whether the connection was cut before the response was sent.
        text: the text of the new message, or the name of the new topic; "" for other calls.
        button_data: the callback data of its buttons.
    """

    life: int
    method: str
    chat_id: int
    response_lost: bool
    message_id: int = 0
    thread_id: int = 0
    text: str = ""
    button_data: tuple[str, ...] = ()

    @property
    def is_copy(self) -> bool:
        """Whether it relays what somebody typed, alone or below their name."""
        is_named = RELAYED_BELOW_NAME.fullmatch(self.text) is not None
        return self.method == "copyMessage" or (self.method == "sendMessage" and is_named)

    @property
    def markers(self) -> list[str]:
        """The markers of what people typed."""
        return MARKER.findall(self.text)


class Ledger:
    """Records the effects of the bot's calls as they happen.

    ``life`` is the number of the life that sends. It rises with the first call of each life; with several processes
    (``single_process`` False), only one of which sends at a time, the caller raises it.
    """

    def __init__(self, fake_telegram: FakeTelegram, *, single_process: bool = True) -> None:
        self._single_process = single_process
        self._world, self._calls_read, self._newest_ids = fake_telegram.world, 0, dict[int, int]()
        self.effects: list[Effect] = []
        self.positions: dict[int, int] = {}  # index in `effects` by id(), because two effects may be equal
        self.by_chat: dict[int, list[Effect]] = defaultdict(list)
        self.by_marker: dict[str, list[Effect]] = defaultdict(list)
        self.life = 0
        self._kill_method, self._effects_left = "", 0
        self._kill: Callable[[], None] = lambda: None
        self._world.listeners.append(self._read_calls)

    def kill_at_effect(self, method: str, nth: int, kill: Callable[[], None]) -> None:
        """Call ``kill`` at the nth effect of a method from now on, before the response is sent."""
        with self._world.condition:
            self._kill_method, self._effects_left, self._kill = method, nth, kill

    def cancel_kill(self) -> None:
        """Forget what `kill_at_effect` was told."""
        with self._world.condition:
            self._kill_method = ""

    def count_effect(self, method: str) -> None:
        """Count something that took effect, and kill the bot if it was to be killed at it."""
        with self._world.condition:
            self._effects_left -= method == self._kill_method
            if self._kill_method and self._effects_left == 0:
                self._kill_method = ""
                self._kill()

    def _read_calls(self) -> None:
        while self._calls_read < len(self._world.calls):
            call = self._world.calls[self._calls_read]
            self._calls_read += 1
            if self._single_process and call.method == "getMe":  # the first call of each life
                self.life += 1
            if call.method in ORDERED_METHODS and (effect := self._parse_effect(call)):
                self._record(effect)
            if call.status == 200:
                self.count_effect(call.method)

    def _record(self, effect: Effect) -> None:
        self.positions[id(effect)] = len(self.effects)
        self.effects.append(effect)
        self.by_chat[effect.chat_id].append(effect)
        for marker in effect.markers:
            self.by_marker[marker].append(effect)

    def _parse_effect(self, call: RecordedCall) -> Effect | None:
        chat_id = int(call.params["chat_id"])
        response_lost = call.status == 0
        if call.status not in (0, 200):
            return None
        if call.method not in NEW_MESSAGE_METHODS:
            return None if response_lost else Effect(self.life, call.method, chat_id, response_lost)
        messages = self._world.chats[chat_id].messages
        message = next(reversed(messages.values()), None) if response_lost else messages.get(_read_message_id(call))
        if message is None or message.sender is not self._world.bot or message.id <= self._newest_ids.get(chat_id, 0):
            return None  # the connection was cut before the call took effect
        self._newest_ids[chat_id] = message.id
        text = call.params["name"] if call.method == "createForumTopic" else text_and_entities(message.content)[0]
        return Effect(
            self.life,
            call.method,
            chat_id,
            response_lost,
            message.id,
            message.thread_id or 0,
            text,
            tuple(list_button_data(message)),
        )


def list_button_data(message: Message) -> list[str]:
    """Return the callback data of the buttons under a message, "" for buttons without any."""
    rows = (message.markup or {}).get("inline_keyboard", [])
    return [button.get("callback_data", "") for row in rows for button in row]


def _read_message_id(call: RecordedCall) -> int:
    result: dict[str, Any] = call.response["result"]
    message_id: int = result.get("message_id") or result["message_thread_id"]
    return message_id
