"""What took effect at Telegram, in order, each with the life that caused it, including what was deleted since."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.fake_telegram import FakeTelegram
from bot.sandbox.fake_telegram.world.objects import Message, RecordedCall, text_and_entities

NEW_MESSAGE_METHODS = ("sendMessage", "copyMessage", "sendContact", "createForumTopic")  # add a message to a chat
# made in order
ORDERED_METHODS = (
    *NEW_MESSAGE_METHODS,
    "editMessageText",
    "editMessageCaption",
    "editForumTopic",
    "pinChatMessage",
)
MARKER = re.compile(r"«[^»]+»")


@dataclass(frozen=True)
class Effect:
    """A call that took effect in a chat; ``lost``: its answer was never sent. ``text`` is that of the new message."""

    life: int
    method: str
    chat_id: int
    lost: bool
    message_id: int = 0
    thread_id: int = 0
    text: str = ""
    data: tuple[str, ...] = ()

    @property
    def markers(self) -> list[str]:
        """Return the markers of what people typed."""
        return MARKER.findall(self.text)


class Ledger:
    """Records each call as it is made. ``end_life_at`` ends a life at an effect of a method.

    ``life`` is the number of the life that sends. The first call of each life raises it; if several processes run at
    once and only one of them sends (``single_process`` is False), the caller does.
    """

    def __init__(self, fake_telegram: FakeTelegram, *, single_process: bool = True) -> None:
        self._single_process = single_process
        self._world, self._next_call, self._newest = fake_telegram.world, 0, dict[int, int]()
        self.effects: list[Effect] = []
        self.position: dict[int, int] = {}  # by identity, because two effects may be equal
        self.by_chat: dict[int, list[Effect]] = defaultdict(list)
        self.by_marker: dict[str, list[Effect]] = defaultdict(list)
        self.life = 0
        self._method, self._remaining = "", 0
        self._end: Callable[[], None] = lambda: None
        self._world.listeners.append(self._process_calls)

    def end_life_at(self, method: str, nth: int, end: Callable[[], None]) -> None:
        """Call ``end`` at the nth effect of a method from now, before its answer is sent."""
        with self._world.condition:
            self._method, self._remaining, self._end = method, nth, end

    def _process_calls(self) -> None:
        while self._next_call < len(self._world.calls):
            call = self._world.calls[self._next_call]
            self._next_call += 1
            if self._single_process and call.method == "getMe":  # the first call of each life
                self.life += 1
            if call.method in ORDERED_METHODS and (effect := self._effect(call)):
                self._record(effect)
            if call.status == 200:
                self.register_effect(call.method)

    def register_effect(self, method: str) -> None:
        """Register an effect of this name, which may end the life."""
        with self._world.condition:
            self._remaining -= method == self._method
            if self._method and self._remaining == 0:
                self._method = ""
                self._end()

    def _record(self, effect: Effect) -> None:
        self.position[id(effect)] = len(self.effects)
        self.effects.append(effect)
        self.by_chat[effect.chat_id].append(effect)
        for marker in effect.markers:
            self.by_marker[marker].append(effect)

    def _effect(self, call: RecordedCall) -> Effect | None:
        chat_id = int(call.params["chat_id"])
        lost = call.status == 0
        if call.status not in (0, 200):
            return None
        if call.method not in NEW_MESSAGE_METHODS:
            return None if lost else Effect(self.life, call.method, chat_id, lost)
        chat = self._world.chats[chat_id]
        message = next(reversed(chat.messages.values()), None) if lost else chat.messages.get(_id(call))
        if message is None or message.sender is not self._world.bot or message.id <= self._newest.get(chat_id, 0):
            return None  # the connection was cut before anything happened
        self._newest[chat_id] = message.id
        text = call.params["name"] if call.method == "createForumTopic" else text_and_entities(message.content)[0]
        return Effect(
            self.life, call.method, chat_id, lost, message.id, message.thread_id or 0, text, tuple(buttons(message))
        )


def buttons(message: Message) -> list[str]:
    """Return the callback data of the buttons under a message."""
    rows = (message.markup or {}).get("inline_keyboard", [])
    return [button.get("callback_data", "") for row in rows for button in row]


def _id(call: RecordedCall) -> int:
    result: dict[str, Any] = call.response["result"]
    number: int = result.get("message_id") or result["message_thread_id"]
    return number
