"""Detect calls that exceed Telegram's rate limits or come before a requested delay has passed."""

import time
from collections import deque

MESSAGES_PER_SECOND, CHAT_INTERVAL, GROUP_MESSAGES_PER_MINUTE, GROUP_WINDOW = 30, 1.0, 20, 60.0  # seconds
SERVICE_MESSAGE_METHODS = (
    "createForumTopic",
    "editForumTopic",
    "pinChatMessage",
)  # these post a service message


class FloodControl:
    """Recent calls. Rate limits are checked only with ``enforce_limits``, delays requested by a 429 always."""

    def __init__(self, *, enforce_limits: bool) -> None:
        self.enforce_limits = enforce_limits
        self._recent_overall: deque[float] = deque(maxlen=MESSAGES_PER_SECOND)
        self._recent_by_chat: dict[int, deque[float]] = {}
        self._blocked_until: dict[int, float] = {}

    def find_problem(self, method: str, chat_id: object) -> str:
        """Record a call and return its problem in words; "" if there is none."""
        if not _counts_as_message(method) or not isinstance(chat_id, int):
            return ""
        now = time.monotonic()
        if now < self._blocked_until.get(chat_id, 0.0):
            return f"{self._blocked_until[chat_id] - now:.2f} s before the end of the delay requested for the chat"
        chat_times = self._recent_by_chat.setdefault(chat_id, deque(maxlen=GROUP_MESSAGES_PER_MINUTE))
        problem = self._rate_problem(chat_times, chat_id, now) if self.enforce_limits else ""
        self._recent_overall.append(now)
        chat_times.append(now)
        return problem

    def record_refusal(self, chat_id: object, seconds: float) -> None:
        """Record that a call to this chat was refused with a 429."""
        if isinstance(chat_id, int):
            self._blocked_until[chat_id] = time.monotonic() + seconds

    def _rate_problem(self, chat_times: deque[float], chat_id: int, now: float) -> str:
        if len(self._recent_overall) == MESSAGES_PER_SECOND and now - self._recent_overall[0] < 1.0:
            return f"the {MESSAGES_PER_SECOND + 1}th message within {now - self._recent_overall[0]:.2f} s"
        if chat_times and now - chat_times[-1] < CHAT_INTERVAL:
            return f"{now - chat_times[-1]:.2f} s after the previous message in the chat"
        if chat_id < 0 and len(chat_times) == GROUP_MESSAGES_PER_MINUTE and now - chat_times[0] < GROUP_WINDOW:
            return f"the {GROUP_MESSAGES_PER_MINUTE + 1}th message to the group within {now - chat_times[0]:.2f} s"
        return ""


def _counts_as_message(method: str) -> bool:
    sends = method.startswith(("send", "copy", "forward", "edit")) and method != "sendChatAction"
    return sends or method in SERVICE_MESSAGE_METHODS
