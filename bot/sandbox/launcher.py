"""The sandbox as a whole: stand-in, mailbox, bot and page, wired and run in a thread of their own."""

import asyncio
import socket
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import click
import uvicorn
from pydantic import SecretStr

from bot.app.bootstrap import open_store, run
from bot.app.index_loader import Models
from bot.domain.turn import Observed
from bot.errors import IndexUnusable
from bot.pipeline.rate_limiter import UNLIMITED
from bot.sandbox.page.broadcaster import Bell
from bot.sandbox.page.routes import page
from bot.sandbox.simulation import knowledge_watcher
from bot.sandbox.simulation.controller import Director
from bot.sandbox.simulation.knowledge_watcher import Read
from bot.sandbox.simulation.smtp_sink import Mail, Mailbox
from bot.sandbox.simulation.stage import Answer, Reading, Stage
from bot.settings import Settings
from knowledge.loader import HOUSE

HOST = "127.0.0.1"
MAIL_FROM = "bot@sandbox.example"
NEAREST = 5  # entries shown for a question


class Show:
    """Runs between `start` and `stop`, or as a context manager. ``folder`` is emptied of what an earlier one left."""

    def __init__(self, settings: Settings, folder: Path, knowledge: Path = HOUSE) -> None:
        """Open everything; raises EncoderError or IndexUnusable with what to run."""
        self.knowledge, self._root = knowledge, folder / "index"
        if settings.index_url and not settings.index_dir.is_dir():
            raise IndexUnusable(
                "The sandbox works on a copy of an index in a folder: what is tried out must reach no other bot. "
                f"Run: gwbot index build --out {settings.index_dir}"
            )
        models = Models(settings.encoder_dir, settings.cross_encoder_dir)
        self._encoder = models.encoder
        knowledge_watcher.own_copy(settings.index_dir, self._root)
        self.live = models.live(settings, self._root)
        self._lang = settings.language
        self.database = folder / "bot.db"
        for left in folder.glob("bot.db*"):
            left.unlink()
        self.stage = Stage()
        self._mailbox = Mailbox(self._arrived)
        self._socket = _listening(settings.port)
        self._settings = settings.model_copy(
            update={
                "telegram_token": SecretStr(self.stage.standin.token),
                "webhook_url": None,
                "database_url": SecretStr(f"sqlite:///{self.database}"),
                "adviser_chat_id": self.stage.group,
                "adviser_ids": frozenset(),
                "smtp_url": SecretStr(self._mailbox.url),
                "mail_from": MAIL_FROM,
                "operator_email": None,
            }
        )
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="sandbox")

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{HOST}:{self._socket.getsockname()[1]}"

    def start(self) -> "Show":
        """Run; returns when the page can be opened."""
        entries = self.live.searcher().opened.manifest.entries
        with self.stage.changing() as shown:
            shown.reading = Reading(entries, knowledge_watcher.built(self._root))
        self.stage.standin.start()
        self._mailbox.start()
        self._thread.start()
        self._started.wait()
        if self._error:
            self.stop()
        return self

    def stop(self) -> None:
        """End everything, the bot as on SIGTERM; raises what ended it before."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._mailbox.stop()
        self.stage.standin.stop()
        self._socket.close()
        if self._error:
            raise self._error

    def __enter__(self) -> "Show":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except Exception as error:  # raised again where the main thread waits for the end
            self._error = error
        finally:
            self._started.set()

    async def _main(self) -> None:
        self._loop, self._stopping, self._nudge = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        bell = Bell()
        self.stage.world.listeners.append(bell.ring)
        self.director = Director(self.stage, self._perform, self.database, self._nudge)
        server = uvicorn.Server(
            uvicorn.Config(
                page(self.stage, self.director, bell), lifespan="off", log_config=None, timeout_graceful_shutdown=1
            )
        )
        serving = asyncio.create_task(server.serve([self._socket]))
        self.director.bot.start()
        unread = await asyncio.to_thread(knowledge_watcher.unread, self.knowledge, self._root)
        watching = asyncio.create_task(self._watch(unread))
        self._started.set()
        try:
            await self._stopping.wait()
        finally:
            watching.cancel()
            self.stage.world.listeners.remove(bell.ring)
            bell.close()
            await self.director.close()
            server.should_exit = True
            await asyncio.gather(serving, watching, return_exceptions=True)

    async def _perform(self, stop: asyncio.Event) -> None:
        """The bot itself, as it would run with Telegram."""
        settings = self._settings.model_copy(update={"telegram_api_url": self.stage.standin.url})
        with closing(open_store(settings, self.stage.now)) as store:
            await run(
                settings,
                self.live,
                store,
                stop,
                webhook=False,
                clock=self.stage.now,
                knowledge=self.knowledge,
                observe=self._observed,
                nudge=self._nudge,
                limits=UNLIMITED,  # the stand-in has none, and its people tap faster than any person
                web=False,  # the port is the page's
            )

    def _observed(self, observed: Observed) -> None:
        for one in observed.decided:
            nearest = tuple((hit.target, hit.score) for hit in self.live.searcher().rank(one.question, NEAREST))
            answer = Answer(observed.user_id, one.question, one.status, one.confidence, nearest, observed.ms)
            with self.stage.changing() as shown:
                shown.answers.append(answer)

    def _arrived(self, mail: Mail) -> None:
        with self.stage.changing() as shown:
            shown.mails.append(mail)

    async def _watch(self, before: knowledge_watcher.Look) -> None:
        def read(changed: frozenset[Path]) -> Read:
            return knowledge_watcher.read(self.knowledge, self._root, self._encoder, self._lang, changed)

        await knowledge_watcher.watch(self.knowledge, before, read, self._told)

    async def _told(self, read: Read) -> None:
        with self.stage.changing() as shown:
            before = shown.reading
            shown.reading = read.reading
            if not read.reading.built:
                shown.reading = replace(read.reading, entries=before.entries, built=before.built)
        for problem in read.reading.problems:
            click.echo(problem, err=True)
        if read.restart:
            await self.director.restart()


def _listening(port: int) -> socket.socket:
    """The page's socket: on this port, or on a free one where it is taken."""
    for wanted in (port, 0):
        opened = socket.socket(proto=socket.IPPROTO_TCP)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((HOST, wanted))
            opened.listen(100)
            return opened
        except OSError:
            opened.close()
    raise OSError("no port is free")
