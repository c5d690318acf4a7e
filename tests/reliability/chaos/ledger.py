"""What took effect at Telegram, in order, each with the life that asked for it; also what is deleted since."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.fake_telegram import FakeTelegram
from bot.sandbox.fake_telegram.world.objects import Message, RecordedCall, text_and_entities

NEW = ("sendMessage", "copyMessage", "sendContact", "createForumTopic")  # what brings a new message into a chat
ORDERED = (*NEW, "editMessageText", "editMessageCaption", "editForumTopic", "pinChatMessage")  # one after another
TOKEN = re.compile(r"«[^»]+»")


@dataclass(frozen=True)
class Effect:
    """A call that took effect in a chat; ``lost``: no answer to it left. ``text`` is what the new message held."""

    life: int
    method: str
    chat_id: int
    lost: bool
    message_id: int = 0
    thread_id: int = 0
    text: str = ""
    data: tuple[str, ...] = ()

    @property
    def tokens(self) -> list[str]:
        """The marks of what people typed."""
        return TOKEN.findall(self.text)


class Ledger:
    """Reads each call when it is played. ``on`` ends a life when a call of its method has taken effect so often.

    ``life`` is the number of who sends: raised by the first call of each life, or from outside where several
    processes live at once and only one of them sends (``alone`` is False).
    """

    def __init__(self, fake_telegram: FakeTelegram, *, alone: bool = True) -> None:
        self._alone = alone
        self._world, self._read, self._newest = fake_telegram.world, 0, dict[int, int]()
        self.effects: list[Effect] = []
        self.place: dict[int, int] = {}  # by identity: two effects may be equal
        self.in_chat: dict[int, list[Effect]] = defaultdict(list)
        self.of_token: dict[str, list[Effect]] = defaultdict(list)
        self.life = 0
        self._method, self._left = "", 0
        self._end: Callable[[], None] = lambda: None
        self._world.listeners.append(self._look)

    def on(self, method: str, nth: int, end: Callable[[], None]) -> None:
        """Call ``end`` at the nth effect of a method from now, before its answer leaves."""
        with self._world.condition:
            self._method, self._left, self._end = method, nth, end

    def _look(self) -> None:
        while self._read < len(self._world.calls):
            call = self._world.calls[self._read]
            self._read += 1
            if self._alone and call.method == "getMe":  # the first call of each life
                self.life += 1
            if call.method in ORDERED and (effect := self._effect(call)):
                self._note(effect)
            if call.status == 200:
                self.struck(call.method)

    def struck(self, method: str) -> None:
        """Something of this name took effect; the life may end with it."""
        with self._world.condition:
            self._left -= method == self._method
            if self._method and self._left == 0:
                self._method = ""
                self._end()

    def _note(self, effect: Effect) -> None:
        self.place[id(effect)] = len(self.effects)
        self.effects.append(effect)
        self.in_chat[effect.chat_id].append(effect)
        for token in effect.tokens:
            self.of_token[token].append(effect)

    def _effect(self, call: RecordedCall) -> Effect | None:
        chat_id = int(call.params["chat_id"])
        lost = call.status == 0
        if call.status not in (0, 200):
            return None
        if call.method not in NEW:
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
    """The data of the buttons under a message."""
    rows = (message.markup or {}).get("inline_keyboard", [])
    return [button.get("callback_data", "") for row in rows for button in row]


def _id(call: RecordedCall) -> int:
    result: dict[str, Any] = call.response["result"]
    number: int = result.get("message_id") or result["message_thread_id"]
    return number
