"""Notes who calls faster than Telegram allows, or before the end of what it asked to wait for."""

import time
from collections import deque

OVERALL, GAP, GROUP, MINUTE = 30, 1.0, 20, 60.0
BESIDE = ("createForumTopic", "editForumTopic", "pinChatMessage")  # these leave a message in the chat


class Flood:
    """What was sent lately. With ``limited`` the limits are watched; that a wait is kept always is."""

    def __init__(self, *, limited: bool) -> None:
        self.limited = limited
        self._all: deque[float] = deque(maxlen=OVERALL)
        self._chats: dict[int, deque[float]] = {}
        self._until: dict[int, float] = {}

    def problem(self, method: str, chat_id: object) -> str:
        """What is wrong with this call at this moment; "" for nothing."""
        if not _counts(method) or not isinstance(chat_id, int):
            return ""
        now = time.monotonic()
        if now < self._until.get(chat_id, 0.0):
            return f"{self._until[chat_id] - now:.2f} s before the end of what the chat was to wait"
        own = self._chats.setdefault(chat_id, deque(maxlen=GROUP))
        problem = self._too_fast(own, chat_id, now) if self.limited else ""
        self._all.append(now)
        own.append(now)
        return problem

    def refused(self, chat_id: object, seconds: float) -> None:
        """A call to this chat got a 429."""
        if isinstance(chat_id, int):
            self._until[chat_id] = time.monotonic() + seconds

    def _too_fast(self, own: deque[float], chat_id: int, now: float) -> str:
        if len(self._all) == OVERALL and now - self._all[0] < 1.0:
            return f"the {OVERALL + 1}th message within {now - self._all[0]:.2f} s"
        if own and now - own[-1] < GAP:
            return f"{now - own[-1]:.2f} s after the message before in the chat"
        if chat_id < 0 and len(own) == GROUP and now - own[0] < MINUTE:
            return f"the {GROUP + 1}th message to the group within {now - own[0]:.2f} s"
        return ""


def _counts(method: str) -> bool:
    sends = method.startswith(("send", "copy", "forward", "edit")) and method != "sendChatAction"
    return sends or method in BESIDE
