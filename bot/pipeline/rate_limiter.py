"""Limit the rate of calls to Telegram, and respect its requests to wait. Pure: every time (Unix) is passed in.

Telegram's reference states none of its limits exactly. What is known:

- one message a second in a chat, 20 a minute in a group, about 30 a second in all:
  https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
- edits count like messages, and so does opening a topic, which sends a message about it:
  https://github.com/tdlib/td/issues/2592, https://github.com/tdlib/td/issues/3034
- answering a callback query is not limited: https://github.com/tdlib/telegram-bot-api/issues/648
- a 429 does not say whether it applies to the chat or to all chats:
  https://github.com/tdlib/td/issues/715
- the limits are Telegram's, so they also apply with a self-hosted Bot API server: https://github.com/tdlib/td/issues/418

Renaming a topic and pinning a message also leave a message in the chat, so we count them too.

A call may arrive at any moment between its start and its end. So it counts from its start until the limit's period
has passed since its end: then the limit holds in every window, whenever the calls actually arrive.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.pipeline.retry import remaining_wait

COUNTED_METHODS = frozenset(
    (
        "sendMessage", "sendPhoto", "sendDocument", "sendContact", "copyMessage", "copyMessages", "editMessageText",
        "editMessageCaption", "editMessageMedia", "editMessageReplyMarkup", "createForumTopic", "editForumTopic",
        "pinChatMessage",
    )
)  # fmt: skip
# But none during a flood wait.
UNCOUNTED_METHODS = ("answerCallbackQuery", "answerInlineQuery", "sendChatAction", "setMessageReaction")
ALL_CHATS = 0  # in place of a chat: all chats; no chat has this id
SECOND, MINUTE = 1.0, 60.0
RETRY_MARGIN = 0.1  # seconds to wait in addition to what Telegram asked for
MAX_ARRIVAL_DELAY = 10.0  # seconds from recording a call until it has arrived: to connect and to write, 5 s each
TYPING_INTERVAL = 1.0  # seconds between two "typing" signs in a chat
GLOBAL_REFUSAL_COUNT = 3  # refusals of so many chats until the same time, with no success in between, are global
SAME_END_TOLERANCE = 2.0  # seconds by which the ends of refusals may differ to count as the same time


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Calls per second in all, seconds between two calls to a chat, calls per minute to a group."""

    per_second: int
    chat_interval: float
    group_per_minute: int


TELEGRAM_LIMITS = RateLimits(per_second=30, chat_interval=1.0, group_per_minute=20)
NO_LIMITS = RateLimits(per_second=1_000_000, chat_interval=0.0, group_per_minute=1_000_000)  # for a fake Telegram


class RateLimiter:
    """Says when the next call to a chat may be made. Not thread-safe.

    Nothing is sent in the first second after ``started_at``, since the previous process may have sent in its last.
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
        self.is_closing = False  # set when the bot stops: calls that would have to wait long fail instead

    def restore_state(
        self, blocked_until: Mapping[int, float], group_calls: Iterable[tuple[int, float]], now: float
    ) -> None:
        """Load what was saved before a restart, or by another process.

        Args:
            blocked_until: end (Unix time) of a flood wait, by chat.
            group_calls: chat and Unix time of every call to a group in the last minute, recorded before it was made.
        """
        self._block_chats(blocked_until, now)
        self._group_ends.clear()
        for chat, called_at in group_calls:
            if called_at <= now:  # otherwise the clock was set back since
                self._group_ends.setdefault(chat, deque()).append(min(called_at + MAX_ARRIVAL_DELAY, now))

    def free_slots(self, now: float) -> int:
        """Return how many calls to different chats may start now."""
        if self._blocked_for(ALL_CHATS, now) or remaining_wait(*self._startup_pause, now):
            return 0
        return max(self._limits.per_second - self._count_used_slots(now) - len(self._reserved), 0)

    def paused_chats(self, now: float) -> list[int]:
        """Return the chats to which no call may start now."""
        self._drop_outdated(now)
        full_groups = [chat for chat in self._group_ends if self._group_wait(chat, now) > 0]
        return list({*self._last_ends, *self._blocks, *self._in_flight, *full_groups} - {ALL_CHATS})

    def next_change(self, now: float) -> float | None:
        """Return the earliest time (Unix) at which more calls may start than now; None if nothing has to wait."""
        self._drop_outdated(now)
        times = [end + self._limits.chat_interval for end in self._last_ends.values()]
        times += [until for _, until in self._blocks.values()]
        times += [now + self._group_wait(chat, now) for chat in self._group_ends]
        times.append(now + remaining_wait(*self._startup_pause, now))
        if self._recent_ends:
            times.append(self._recent_ends[0] + SECOND)
        return min((time for time in times if time > now), default=None)

    def seconds_to_wait(self, chat: int, now: float) -> float:
        """Return the seconds until a call to this chat may start; 0 if it may start now."""
        self._drop_outdated(now)
        blocked_for = self.retry_after(chat, now)
        waits = [remaining_wait(*self._startup_pause, now), blocked_for, self._group_wait(chat, now)]
        if chat in self._last_ends:
            waits.append(self._last_ends[chat] + self._limits.chat_interval - now)
        if self._count_used_slots(now) >= self._limits.per_second:
            waits.append(self._recent_ends[0] + SECOND - now if self._recent_ends else RETRY_MARGIN)
        return min(max(waits), max(MINUTE, blocked_for))

    def retry_after(self, chat: int, now: float) -> float:
        """Return the seconds for which Telegram still refuses calls to this chat, or to all chats."""
        return max(self._blocked_for(chat, now), self._blocked_for(ALL_CHATS, now))

    def reserve_slot(self, chat: int) -> None:
        """Take a slot out of `free_slots` for a call to this chat that is about to start."""
        self._reserved.add(chat)

    def release_slot(self, chat: int) -> None:
        """Give back a slot that was reserved for this chat, if there is one."""
        self._reserved.discard(chat)

    def try_begin_call(self, chat: int, now: float) -> float:
        """Start a call to this chat and return 0, or reserve its slot and return the seconds to wait."""
        wait = self.seconds_to_wait(chat, now)
        if wait > 0:
            self.reserve_slot(chat)
        else:
            self.begin_call(chat)
        return wait

    def begin_call(self, chat: int) -> None:
        """Record that a call that counts starts."""
        self._reserved.discard(chat)
        self._in_flight[chat] = self._in_flight.get(chat, 0) + 1

    def end_call(self, chat: int, now: float) -> None:
        """Record that a call ended, whether or not it succeeded."""
        self._in_flight[chat] -= 1
        if not self._in_flight[chat]:
            del self._in_flight[chat]
        self._recent_ends.append(now)
        self._last_ends.pop(chat, None)
        self._last_ends[chat] = now
        if chat < 0:
            self._group_ends.setdefault(chat, deque()).append(now)

    def note_success(self) -> None:
        """Record that Telegram accepted a call, so earlier refusals did not apply to all chats."""
        self._refusals.clear()

    def note_retry_after(self, chat: int, seconds: float, now: float) -> dict[int, float]:
        """Record a refusal; return the resulting flood waits: end (Unix time) by chat, or for `ALL_CHATS` as well."""
        until = now + seconds + RETRY_MARGIN
        similar = {key: end for key, end in self._refusals.items() if abs(end - until) <= SAME_END_TOLERANCE}
        self._refusals = {**similar, chat: until}
        blocked_until = {chat: until}
        if len(self._refusals) >= GLOBAL_REFUSAL_COUNT:
            blocked_until[ALL_CHATS] = max(self._refusals.values())
        self._block_chats(blocked_until, now)
        return blocked_until

    def may_show_typing(self, chat: int, now: float) -> bool:
        """Whether to show "typing" in this chat now; true at most once per second."""
        shown = self._typing_shown.items()
        self._typing_shown = {key: at for key, at in shown if remaining_wait(at, at + TYPING_INTERVAL, now)}
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
        """Drop what no longer counts, to bound memory; after the clock was set back, also what lies in the future."""
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
