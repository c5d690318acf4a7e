"""The stand-in for Telegram: a real HTTP server on this machine that answers the Bot API and plays people."""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar

import uvicorn

from bot.sandbox.fake_telegram.actors.group import Group
from bot.sandbox.fake_telegram.actors.user import PATIENCE, User
from bot.sandbox.fake_telegram.faults import Fault, FaultKind, Faults
from bot.sandbox.fake_telegram.flood_control import Flood
from bot.sandbox.fake_telegram.http_endpoint import Endpoint
from bot.sandbox.fake_telegram.uvicorn_server import Protocol, Server
from bot.sandbox.fake_telegram.world.objects import Account, Call, Seen, Violation
from bot.sandbox.fake_telegram.world.updates import chat_of
from bot.sandbox.fake_telegram.world.world import World

Json = dict[str, Any]
T = TypeVar("T")

TOKEN = "123456789:AAstand-in_token_of_a_bot_that_is_not_real"  # noqa: S105 - opens nothing


class ChatView:
    """What is in a chat now, for everybody in it."""

    def __init__(self, world: World, chat_id: int) -> None:
        self._world = world
        self._chat = world.chats[chat_id]

    @property
    def messages(self) -> list[Seen]:
        """All messages, oldest first."""
        with self._world.condition:
            return [message.seen() for message in self._chat.messages.values()]

    @property
    def pinned(self) -> list[int]:
        """The ids of the pinned messages."""
        return list(self._chat.pinned)

    @property
    def topics(self) -> dict[int, str]:
        """The names of a forum's topics, by id."""
        return dict(self._chat.topics)


class StandIn:
    """Telegram on 127.0.0.1. Use it as a context manager, or call start and stop.

    With ``limited`` each call that comes faster than Telegram allows is a violation; one that comes before the end of
    what a 429 asked for always is.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        username: str = "standin_bot",
        privacy: bool = True,
        poll_cap: float = 1.0,
        retry_delay: float = 0.05,
        limited: bool = False,
    ) -> None:
        self.token = token
        self.bot = Account(int(token.split(":")[0]), "Stand-in bot", username=username, is_bot=True)
        self.world = World(self.bot, privacy=privacy, retry_delay=retry_delay)
        self._faults = Faults()
        self._endpoint = Endpoint(self.world, self._faults, Flood(limited=limited), token, poll_cap)
        self._socket = socket.socket(proto=socket.IPPROTO_TCP)  # named, asyncio turns Nagle's delay off
        self._started = threading.Event()
        self._server = Server(
            uvicorn.Config(
                self._endpoint.app(self._started.set),
                http=Protocol,
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                timeout_keep_alive=60,
            ),
            self._endpoint.closing,
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def start(self) -> "StandIn":
        """Listen on a free port and answer."""
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(100)
        self._thread.start()
        if not self._started.wait(PATIENCE):
            raise RuntimeError("the stand-in did not start")
        return self

    def stop(self) -> None:
        """Let go of everything that waits, and end."""
        self.world.close()
        self._endpoint.close()
        self._thread.join(PATIENCE)
        self._socket.close()

    def __enter__(self) -> "StandIn":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address to give the bot instead of https://api.telegram.org."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def base_url(self) -> str:
        """The same as python-telegram-bot wants it."""
        return f"{self.url}/bot"

    @property
    def violations(self) -> list[Violation]:
        """All calls that a correct bot never makes; a fixture asserts at the end that there are none."""
        return self.world.violations

    @property
    def calls(self) -> list[Call]:
        """All calls, in the order in which they were answered."""
        return self.world.calls

    def calls_to(self, method: str) -> list[Call]:
        """The calls of one method."""
        with self.world.condition:
            return [call for call in self.world.calls if call.method == method]

    @property
    def polling(self) -> bool:
        """Whether the bot is waiting for updates just now."""
        return self.world.updates.waiting > 0

    @property
    def settled(self) -> bool:
        """Whether the bot has confirmed every update."""
        return not (self.world.updates.pending or self.world.updates.again)

    @property
    def updates(self) -> list[Json]:
        """All updates there were, delivered or not."""
        return self.world.updates.everything

    def user(
        self,
        first_name: str,
        *,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = None,
        started: bool = False,
    ) -> User:
        """A new person; the bot may write first only where they have started it."""
        with self.world.change():
            person = self.world.add_person(
                first_name, last_name=last_name, username=username, language_code=language_code
            )
            if started:
                self.world.chats[person.id].bot_status = "member"
            return User(self.world, person)

    def group(
        self,
        title: str,
        members: Sequence[User],
        *,
        kind: str = "supergroup",
        forum: bool = False,
        bot: bool = True,
        admin: bool = False,
    ) -> Group:
        """A new group, owned by the first of its members, who adds the bot where it is to be in it."""
        with self.world.change():
            group = Group(self.world, self.world.add_group(title, kind, forum=forum))
            statuses = ["creator"] + ["member"] * (len(members) - 1)
            group.chat.members = {user.id: status for user, status in zip(members, statuses, strict=True)}
            if bot:
                group.adds_bot(members[0], admin=admin)
            return group

    def chat(self, where: User | Group) -> ChatView:
        """A person's private chat with the bot, or a group."""
        return ChatView(self.world, where.id)

    def redeliver(self, update_id: int) -> None:
        """Send an update once more, as if Telegram had not learnt that it arrived."""
        self.world.updates.redeliver(update_id)

    def last_update(self, where: User | Group) -> Json:
        """The newest update of a chat."""
        with self.world.condition:
            return next(update for update in reversed(self.updates) if chat_of(update) == where.id)

    def expire_queries(self) -> None:
        """From now on all taps so far are too old to be answered."""
        with self.world.change():
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
        """Let the next calls of a method go wrong, only those to a chat where one is given.

        Without a method ("") the next calls of all but getUpdates.
        """
        with self.world.change():
            self._faults.add(Fault(method, kind, times, chat.id if chat else None, retry_after))

    def end_faults(self) -> None:
        """Nothing goes wrong any more."""
        with self.world.change():
            self._faults.clear()

    def wait_for_sync(self, condition: Callable[[], T], timeout: float = PATIENCE) -> T:
        """Wait until a condition holds; it is looked at whenever anything changes here."""
        return self.world.wait(condition, timeout)

    async def wait_for(
        self,
        condition: Callable[[], T],
        timeout: float = PATIENCE,  # noqa: ASYNC109 - the waiting is done by a condition in a thread
    ) -> T:
        """The same without holding up the event loop, which the bot may be running on."""
        return await asyncio.to_thread(self.world.wait, condition, timeout)
