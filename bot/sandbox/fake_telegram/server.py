"""The fake Telegram: a real HTTP server on 127.0.0.1 that answers the Bot API and plays people."""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TypeVar

import uvicorn

from bot.sandbox.fake_telegram.actors.group import Group
from bot.sandbox.fake_telegram.actors.user import WAIT_TIMEOUT, User
from bot.sandbox.fake_telegram.faults import Fault, FaultKind, FaultQueue
from bot.sandbox.fake_telegram.flood_control import FloodControl
from bot.sandbox.fake_telegram.http_endpoint import BotApiEndpoint, TransportProtocol
from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world.objects import Account, MessageView, RecordedCall, Violation
from bot.sandbox.fake_telegram.world.updates import update_chat_id
from bot.sandbox.fake_telegram.world.world import World

T = TypeVar("T")

DEFAULT_TOKEN = "123456789:AAstand-in_token_of_a_bot_that_is_not_real"  # noqa: S105 - opens nothing
SHUTDOWN_TIMEOUT = 2.0  # seconds for calls in progress to end


class StoppableServer(uvicorn.Server):
    """uvicorn polls every 0.1 s whether to stop, which adds up with a new server for each test; this one waits."""

    def __init__(self, config: uvicorn.Config, stop_event: asyncio.Event) -> None:
        super().__init__(config)
        self.stop_event = stop_event

    async def main_loop(self) -> None:
        """Serve until the event is set."""
        await self.stop_event.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close all connections and let calls in progress end."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=SHUTDOWN_TIMEOUT)
        await self.lifespan.shutdown()


class ChatView:
    """The current content of a chat."""

    def __init__(self, world: World, chat_id: int) -> None:
        self._world = world
        self._chat = world.chats[chat_id]

    @property
    def messages(self) -> list[MessageView]:
        """All messages, oldest first."""
        with self._world.condition:
            return [message.to_view() for message in self._chat.messages.values()]

    @property
    def pinned_ids(self) -> list[int]:
        """The ids of the pinned messages."""
        return list(self._chat.pinned)

    @property
    def topic_names(self) -> dict[int, str]:
        """The names of a forum's topics, by id."""
        return dict(self._chat.topics)


class FakeTelegram:
    """Telegram on 127.0.0.1. Use it as a context manager, or call `start` and `stop`.

    Long polls end after ``max_poll_seconds`` at the latest. With ``enforce_limits`` calls faster than Telegram allows
    are violations; calls before the end of a delay requested by a 429 always are.
    """

    def __init__(
        self,
        *,
        token: str = DEFAULT_TOKEN,
        username: str = "standin_bot",
        max_poll_seconds: float = 1.0,
        enforce_limits: bool = False,
    ) -> None:
        self.token = token
        self.bot = Account(int(token.split(":")[0]), "Stand-in bot", username=username, is_bot=True)
        self.world = World(self.bot)
        self._faults = FaultQueue()
        self._endpoint = BotApiEndpoint(
            self.world, self._faults, FloodControl(enforce_limits=enforce_limits), token, max_poll_seconds
        )
        self._socket = socket.socket(proto=socket.IPPROTO_TCP)  # the protocol makes asyncio set TCP_NODELAY
        self._started = threading.Event()
        self._server = StoppableServer(
            uvicorn.Config(
                self._endpoint.build_app(self._started.set),
                http=TransportProtocol,
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                timeout_keep_alive=60,
            ),
            self._endpoint.stop_event,
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def start(self) -> "FakeTelegram":
        """Listen on a free port and serve."""
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(100)
        self._thread.start()
        if not self._started.wait(WAIT_TIMEOUT):
            raise RuntimeError("the fake Telegram did not start")
        return self

    def stop(self) -> None:
        """Release all waiting calls and stop."""
        self.world.close()
        self._endpoint.close()
        self._thread.join(WAIT_TIMEOUT)
        self._socket.close()

    def __enter__(self) -> "FakeTelegram":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address to use instead of https://api.telegram.org."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def base_url(self) -> str:
        """The ``base_url`` for python-telegram-bot."""
        return f"{self.url}/bot"

    @property
    def violations(self) -> list[Violation]:
        """All calls that a correct bot never makes; fixtures assert at the end that there are none."""
        return self.world.violations

    @property
    def calls(self) -> list[RecordedCall]:
        """All calls, in the order they were answered."""
        return self.world.calls

    def calls_to(self, method: str) -> list[RecordedCall]:
        """Return the calls of a method."""
        with self.world.condition:
            return [call for call in self.world.calls if call.method == method]

    @property
    def is_polling(self) -> bool:
        """Whether the bot is waiting for updates."""
        return self.world.updates.waiting_polls > 0

    @property
    def updates_confirmed(self) -> bool:
        """Whether the bot has confirmed every update."""
        return not (self.world.updates.pending or self.world.updates.redelivered)

    @property
    def updates(self) -> list[Json]:
        """All updates so far, delivered or not."""
        return self.world.updates.history

    def add_user(
        self,
        first_name: str,
        *,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = None,
        started: bool = False,
    ) -> User:
        """Add a person; the bot may write first only if they have ``started`` it."""
        with self.world.state_change():
            person = self.world.add_person(
                first_name, last_name=last_name, username=username, language_code=language_code
            )
            if started:
                self.world.chats[person.id].bot_status = "member"
            return User(self.world, person)

    def add_group(
        self,
        title: str,
        members: Sequence[User],
        *,
        chat_type: str = "supergroup",
        forum: bool = False,
        bot_is_admin: bool = False,
    ) -> Group:
        """Add a group owned by its first member, who adds the bot; ``chat_type`` is "group" or "supergroup"."""
        with self.world.state_change():
            group = Group(self.world, self.world.add_group(title, chat_type, forum=forum))
            statuses = ["creator"] + ["member"] * (len(members) - 1)
            group.chat.members = {user.id: status for user, status in zip(members, statuses, strict=True)}
            group.add_bot(members[0].account, as_admin=bot_is_admin)
            return group

    def view_chat(self, peer: User | Group) -> ChatView:
        """Return a view of a person's private chat with the bot or of a group."""
        return ChatView(self.world, peer.id)

    def redeliver_update(self, update_id: int) -> None:
        """Deliver an update again, as if its confirmation had been lost."""
        self.world.updates.redeliver(update_id)

    def last_update(self, peer: User | Group) -> Json:
        """Return the newest update of a chat."""
        with self.world.condition:
            return next(update for update in reversed(self.updates) if update_chat_id(update) == peer.id)

    def expire_callback_queries(self) -> None:
        """Make all taps so far too old to be answered."""
        with self.world.state_change():
            for query in self.world.queries.values():
                query.expired = True

    def fail_next(
        self,
        method: str,
        kind: FaultKind,
        times: int = 1,
        chat: User | Group | None = None,
        retry_after: int = 1,
    ) -> None:
        """Make the next calls of a method fail, or with ``method`` "" those of all methods but getUpdates.

        ``chat`` restricts this to calls to a chat; ``retry_after`` is in seconds, for a rate limit.
        """
        with self.world.state_change():
            self._faults.add_fault(Fault(method, kind, times, chat.id if chat else None, retry_after))

    def pending_faults(self) -> tuple[Fault, ...]:
        """Return the faults still to come."""
        return tuple(self._faults.pending)

    def clear_faults(self) -> None:
        """Remove all pending faults."""
        with self.world.state_change():
            self._faults.clear()

    def wait_for_sync(self, condition: Callable[[], T], timeout: float = WAIT_TIMEOUT) -> T:
        """Wait until a condition, evaluated at every change, is true; return its value or raise TimeoutError."""
        return self.world.wait_for(condition, timeout)

    async def wait_for(
        self,
        condition: Callable[[], T],
        timeout: float = WAIT_TIMEOUT,  # noqa: ASYNC109 - the waiting is done by a condition in a thread
    ) -> T:
        """Do the same without blocking the event loop, which the bot may be running in."""
        return await asyncio.to_thread(self.world.wait_for, condition, timeout)
