"""How fast Telegram may be called, and what it has refused. Pure: every time (Unix) is passed in.

What is known of Telegram's limits, none of which its reference states exactly:

- one message a second in a chat, 20 a minute in a group, about 30 a second in all:
  https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
- edits count as messages do, and so does opening a topic, which is a message about it:
  https://github.com/tdlib/td/issues/2592, https://github.com/tdlib/td/issues/3034
- answering a tapped button is not limited: https://github.com/tdlib/telegram-bot-api/issues/648
- a 429 is about its own call; whether it holds for the chat or for all is not said:
  https://github.com/tdlib/td/issues/715
- the limits are Telegram's, also where the Bot API server is one's own: https://github.com/tdlib/td/issues/418

Renaming a topic and pinning leave a message in the chat, so they are counted too. That is our own conclusion.

A call may arrive at any moment between its begin and its end. So it counts from its begin until the limit's period
after its end has passed; then no two that arrive within a period are ever more than allowed.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.pipeline.retry import remaining_wait

COUNTED_METHODS = frozenset(
    (
        "sendMessage", "sendPhoto", "sendDocument", "sendContact", "copyMessage", "editMessageText",
        "editMessageCaption", "editMessageMedia", "createForumTopic", "editForumTopic", "pinChatMessage",
    )
)  # fmt: skip
ALL_CHATS = 0  # stands for all chats where one is named; no chat has this id
SECOND, MINUTE = 1.0, 60.0
RETRY_MARGIN = 0.1  # seconds after the end of what Telegram asked for
MAX_ARRIVAL_DELAY = (
    10.0  # seconds after it was written down by which a call has arrived: to connect and to write, 5 s each
)
TYPING_INTERVAL = 1.0  # seconds between two signs of typing in a chat
GLOBAL_REFUSAL_COUNT = (
    3  # chats refused one after the other until the same time, with no success between: it is about all
)
SAME_END_TOLERANCE = 2.0  # seconds by which two ends of a refusal may differ and be the same


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Calls a second in all, seconds between two calls to a chat, calls a minute to a group."""

    per_second: int
    chat_interval: float
    group_per_minute: int


TELEGRAM_LIMITS = RateLimits(per_second=30, chat_interval=1.0, group_per_minute=20)
NO_LIMITS = RateLimits(
    per_second=1_000_000, chat_interval=0.0, group_per_minute=1_000_000
)  # for a stand-in that has no limits


class RateLimiter:
    """Says when the next call to a chat may be made. Not for several threads.

    ``began`` is when the process started: what the one before it sent in its last second is not known, so the first
    second is waited out.
    """

    def __init__(self, limits: RateLimits = TELEGRAM_LIMITS, started_at: float = 0.0) -> None:
        self._limits = limits
        self._startup_pause = started_at, started_at + (SECOND if limits.chat_interval else 0.0)
        self._recent_ends: deque[float] = deque()
        self._last_ends: dict[int, float] = {}  # chat -> end of its last call, in the order of these ends
        self._group_ends: dict[int, deque[float]] = {}  # group -> ends of its calls within a minute
        self._in_flight: dict[int, int] = {}
        self._reserved: set[int] = set()
        self._blocks: dict[int, tuple[float, float]] = {}  # chat -> since when and until when
        self._refusals: dict[int, float] = {}
        self._typing_shown: dict[int, float] = {}
        self.is_closing = False  # set where the bot ends: whoever would wait long gives up instead

    def restore_state(
        self, blocked_until: Mapping[int, float], group_calls: Iterable[tuple[int, float]], now: float
    ) -> None:
        """Take over what was written down, before a restart or by another process: refusals, and all calls to groups
        in the last minute, our own among them, each with the time before it was made."""
        self._block_chats(blocked_until, now)
        self._group_ends.clear()
        for chat, called_at in group_calls:
            if called_at <= now:  # else the clock was set back since
                self._group_ends.setdefault(chat, deque()).append(min(called_at + MAX_ARRIVAL_DELAY, now))

    def free_slots(self, now: float) -> int:
        """How many calls to different chats may be begun now."""
        if self._blocked_for(ALL_CHATS, now) or remaining_wait(*self._startup_pause, now):
            return 0
        return max(self._limits.per_second - self._count_used_slots(now) - len(self._reserved), 0)

    def paused_chats(self, now: float) -> list[int]:
        """The chats to which no call may be begun now."""
        self._drop_outdated(now)
        full_groups = [chat for chat in self._group_ends if self._group_wait(chat, now) > 0]
        return list({*self._last_ends, *self._blocks, *self._in_flight, *full_groups})

    def next_change(self, now: float) -> float | None:
        """The earliest time at which more may be begun than now; None where nothing is held back."""
        self._drop_outdated(now)
        times = [end + self._limits.chat_interval for end in self._last_ends.values()]
        times += [until for _, until in self._blocks.values()]
        times += [
            now + remaining_wait(*self._startup_pause, now),
            *(now + self._group_wait(chat, now) for chat in self._group_ends),
        ]
        if self._recent_ends:
            times.append(self._recent_ends[0] + SECOND)
        return min((time for time in times if time > now), default=None)

    def seconds_to_wait(self, chat: int, now: float) -> float:
        """Seconds until a call to this chat may begin; 0 for now."""
        self._drop_outdated(now)
        blocked_for = self.retry_after(chat, now)
        waits = [remaining_wait(*self._startup_pause, now), blocked_for, self._group_wait(chat, now)]
        if chat in self._last_ends:
            waits.append(self._last_ends[chat] + self._limits.chat_interval - now)
        if self._count_used_slots(now) >= self._limits.per_second:
            waits.append(self._recent_ends[0] + SECOND - now if self._recent_ends else RETRY_MARGIN)
        return min(max(waits), max(MINUTE, blocked_for))

    def retry_after(self, chat: int, now: float) -> float:
        """Seconds for which Telegram refuses calls to this chat, or all."""
        return max(self._blocked_for(chat, now), self._blocked_for(ALL_CHATS, now))

    def reserve_slot(self, chat: int) -> None:
        """A call to this chat is about to be made: `room` no longer offers its place."""
        self._reserved.add(chat)

    def release_slot(self, chat: int) -> None:
        """Nothing more is about to be sent to this chat."""
        self._reserved.discard(chat)

    def begin_call(self, chat: int) -> None:
        """A call that counts begins."""
        self._reserved.discard(chat)
        self._in_flight[chat] = self._in_flight.get(chat, 0) + 1

    def end_call(self, chat: int, now: float) -> None:
        """It has ended, in whatever way."""
        self._in_flight[chat] -= 1
        if not self._in_flight[chat]:
            del self._in_flight[chat]
        self._recent_ends.append(now)
        self._last_ends.pop(chat, None)
        self._last_ends[chat] = now
        if chat < 0:
            self._group_ends.setdefault(chat, deque()).append(now)

    def note_success(self) -> None:
        """Telegram took a call that counts, so what it refused before was not about all."""
        self._refusals.clear()

    def note_retry_after(self, chat: int, seconds: float, now: float) -> dict[int, float]:
        """Telegram asks to wait; the holds that follow, by chat, for all where it was refused to several at once."""
        until = now + seconds + RETRY_MARGIN
        self._refusals = {
            other_chat: other_end
            for other_chat, other_end in self._refusals.items()
            if abs(other_end - until) <= SAME_END_TOLERANCE
        }
        self._refusals[chat] = until
        blocked_until = {chat: until}
        if len(self._refusals) >= GLOBAL_REFUSAL_COUNT:
            blocked_until[ALL_CHATS] = max(self._refusals.values())
        self._block_chats(blocked_until, now)
        return blocked_until

    def may_show_typing(self, chat: int, now: float) -> bool:
        """Whether to show in this chat that an answer is coming; true at most once a second."""
        self._typing_shown = {
            other_chat: shown_at
            for other_chat, shown_at in self._typing_shown.items()
            if remaining_wait(shown_at, shown_at + TYPING_INTERVAL, now)
        }
        if chat in self._typing_shown or self.retry_after(chat, now):
            return False
        if self._limits.chat_interval:
            self._typing_shown[chat] = now
        return True

    def _count_used_slots(self, now: float) -> int:
        while self._recent_ends and not now - SECOND < self._recent_ends[0] <= now:
            self._recent_ends.popleft()
        return len(self._recent_ends) + sum(self._in_flight.values())

    def _block_chats(self, blocked_until: Mapping[int, float], now: float) -> None:
        self._blocks |= {chat: (now, until) for chat, until in blocked_until.items()}

    def _blocked_for(self, chat: int, now: float) -> float:
        return remaining_wait(*self._blocks.get(chat, (now, now)), now)

    def _group_wait(self, chat: int, now: float) -> float:
        ends = self._group_ends.get(chat)
        if not ends:
            return 0.0
        used_slots = len(ends) + self._in_flight.get(chat, 0)
        return ends[0] + MINUTE - now if used_slots >= self._limits.group_per_minute else 0.0

    def _drop_outdated(self, now: float) -> None:
        """Drop what no longer counts, so that nothing grows; after the clock was set back, what is to come too."""
        while (
            self._last_ends
            and not now - self._limits.chat_interval < (oldest := next(iter(self._last_ends.items())))[1] <= now
        ):
            del self._last_ends[oldest[0]]
        for chat, block in list(self._blocks.items()):
            if not remaining_wait(*block, now):
                del self._blocks[chat]
        for chat, ends in list(self._group_ends.items()):
            while ends and not now - MINUTE < ends[0] <= now:
                ends.popleft()
            if not ends:
                del self._group_ends[chat]
