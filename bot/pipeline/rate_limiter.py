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

from bot.pipeline.retry import left

COUNTED = frozenset(
    (
        "sendMessage", "sendPhoto", "sendDocument", "sendContact", "copyMessage", "editMessageText",
        "editMessageCaption", "editMessageMedia", "createForumTopic", "editForumTopic", "pinChatMessage",
    )
)  # fmt: skip
EVERYBODY = 0  # stands for all chats where one is named; no chat has this id
SECOND, MINUTE = 1.0, 60.0
MARGIN = 0.1  # seconds after the end of what Telegram asked for
ARRIVES = 10.0  # seconds after it was written down by which a call has arrived: to connect and to write, 5 s each
TYPING = 1.0  # seconds between two signs of typing in a chat
SUSPICIOUS = 3  # chats refused one after the other until the same time, with no success between: it is about all
SAME_TIME = 2.0  # seconds by which two ends of a refusal may differ and be the same


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls a second in all, seconds between two calls to a chat, calls a minute to a group."""

    overall: int
    gap: float
    group: int


TELEGRAM = Limits(overall=30, gap=1.0, group=20)
UNLIMITED = Limits(overall=1_000_000, gap=0.0, group=1_000_000)  # for a stand-in that has no limits


class Pace:
    """Says when the next call to a chat may be made. Not for several threads.

    ``began`` is when the process started: what the one before it sent in its last second is not known, so the first
    second is waited out.
    """

    def __init__(self, limits: Limits = TELEGRAM, began: float = 0.0) -> None:
        self._limits = limits
        self._first = began, began + (SECOND if limits.gap else 0.0)
        self._ended: deque[float] = deque()
        self._last: dict[int, float] = {}  # chat -> end of its last call, in the order of these ends
        self._groups: dict[int, deque[float]] = {}  # group -> ends of its calls within a minute
        self._under_way: dict[int, int] = {}
        self._reserved: set[int] = set()
        self._holds: dict[int, tuple[float, float]] = {}  # chat -> since when and until when
        self._refusals: dict[int, float] = {}
        self._typed: dict[int, float] = {}
        self.closing = False  # set where the bot ends: whoever would wait long gives up instead

    def restore(self, holds: Mapping[int, float], group_calls: Iterable[tuple[int, float]], now: float) -> None:
        """Take over what was written down, before a restart or by another process: refusals, and all calls to groups
        in the last minute, our own among them, each with the time before it was made."""
        self._hold(holds, now)
        self._groups.clear()
        for chat, at in group_calls:
            if at <= now:  # else the clock was set back since
                self._groups.setdefault(chat, deque()).append(min(at + ARRIVES, now))

    def room(self, now: float) -> int:
        """How many calls to different chats may be begun now."""
        if self._held(EVERYBODY, now) or left(*self._first, now):
            return 0
        return max(self._limits.overall - self._used(now) - len(self._reserved), 0)

    def resting(self, now: float) -> list[int]:
        """The chats to which no call may be begun now."""
        self._forget(now)
        full = [chat for chat in self._groups if self._group_wait(chat, now) > 0]
        return list({*self._last, *self._holds, *self._under_way, *full})

    def next_change(self, now: float) -> float | None:
        """The earliest time at which more may be begun than now; None where nothing is held back."""
        self._forget(now)
        times = [end + self._limits.gap for end in self._last.values()]
        times += [until for _, until in self._holds.values()]
        times += [now + left(*self._first, now), *(now + self._group_wait(chat, now) for chat in self._groups)]
        if self._ended:
            times.append(self._ended[0] + SECOND)
        return min((time for time in times if time > now), default=None)

    def wait(self, chat: int, now: float) -> float:
        """Seconds until a call to this chat may begin; 0 for now."""
        self._forget(now)
        held = self.held(chat, now)
        waits = [left(*self._first, now), held, self._group_wait(chat, now)]
        if chat in self._last:
            waits.append(self._last[chat] + self._limits.gap - now)
        if self._used(now) >= self._limits.overall:
            waits.append(self._ended[0] + SECOND - now if self._ended else MARGIN)
        return min(max(waits), max(MINUTE, held))

    def held(self, chat: int, now: float) -> float:
        """Seconds for which Telegram refuses calls to this chat, or all."""
        return max(self._held(chat, now), self._held(EVERYBODY, now))

    def reserve(self, chat: int) -> None:
        """A call to this chat is about to be made: `room` no longer offers its place."""
        self._reserved.add(chat)

    def release(self, chat: int) -> None:
        """Nothing more is about to be sent to this chat."""
        self._reserved.discard(chat)

    def begin(self, chat: int) -> None:
        """A call that counts begins."""
        self._reserved.discard(chat)
        self._under_way[chat] = self._under_way.get(chat, 0) + 1

    def end(self, chat: int, now: float) -> None:
        """It has ended, in whatever way."""
        self._under_way[chat] -= 1
        if not self._under_way[chat]:
            del self._under_way[chat]
        self._ended.append(now)
        self._last.pop(chat, None)
        self._last[chat] = now
        if chat < 0:
            self._groups.setdefault(chat, deque()).append(now)

    def succeeded(self) -> None:
        """Telegram took a call that counts, so what it refused before was not about all."""
        self._refusals.clear()

    def refused(self, chat: int, seconds: float, now: float) -> dict[int, float]:
        """Telegram asks to wait; the holds that follow, by chat, for all where it was refused to several at once."""
        until = now + seconds + MARGIN
        self._refusals = {one: end for one, end in self._refusals.items() if abs(end - until) <= SAME_TIME}
        self._refusals[chat] = until
        follows = {chat: until}
        if len(self._refusals) >= SUSPICIOUS:
            follows[EVERYBODY] = max(self._refusals.values())
        self._hold(follows, now)
        return follows

    def may_type(self, chat: int, now: float) -> bool:
        """Whether to show in this chat that an answer is coming; true at most once a second."""
        self._typed = {one: at for one, at in self._typed.items() if left(at, at + TYPING, now)}
        if chat in self._typed or self.held(chat, now):
            return False
        if self._limits.gap:
            self._typed[chat] = now
        return True

    def _used(self, now: float) -> int:
        while self._ended and not now - SECOND < self._ended[0] <= now:
            self._ended.popleft()
        return len(self._ended) + sum(self._under_way.values())

    def _hold(self, holds: Mapping[int, float], now: float) -> None:
        self._holds |= {chat: (now, until) for chat, until in holds.items()}

    def _held(self, chat: int, now: float) -> float:
        return left(*self._holds.get(chat, (now, now)), now)

    def _group_wait(self, chat: int, now: float) -> float:
        ends = self._groups.get(chat)
        if not ends:
            return 0.0
        taken = len(ends) + self._under_way.get(chat, 0)
        return ends[0] + MINUTE - now if taken >= self._limits.group else 0.0

    def _forget(self, now: float) -> None:
        """Drop what no longer counts, so that nothing grows; after the clock was set back, what is to come too."""
        while self._last and not now - self._limits.gap < (first := next(iter(self._last.items())))[1] <= now:
            del self._last[first[0]]
        for chat, wait in list(self._holds.items()):
            if not left(*wait, now):
                del self._holds[chat]
        for chat, ends in list(self._groups.items()):
            while ends and not now - MINUTE < ends[0] <= now:
                ends.popleft()
            if not ends:
                del self._groups[chat]
