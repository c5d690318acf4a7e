"""The whole sandbox: fake Telegram, SMTP sink, bot and page, wired and run in a thread."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import click
import uvicorn
from pydantic import SecretStr

from bot.app.bootstrap import BotRuntime, open_store_from_settings, run_bot
from bot.app.index_loader import IndexLoader
from bot.domain.effects import NoteColleague
from bot.domain.turn import TurnRecord
from bot.pipeline.rate_limiter import NO_LIMITS
from bot.sandbox.page.broadcaster import Broadcaster
from bot.sandbox.page.routes import make_page_app
from bot.sandbox.simulation import knowledge_watcher
from bot.sandbox.simulation.answer_review import LABELLED_FILE, AnswerReview
from bot.sandbox.simulation.controller import Controller
from bot.sandbox.simulation.knowledge_watcher import ReadResult
from bot.sandbox.simulation.smtp_sink import MAIL_FROM, SmtpSink
from bot.sandbox.simulation.state import AnswerRecord, KnowledgeStatus, SimulationState, TurnMark
from bot.settings import Settings
from bot.web.server import open_listener
from index.errors import IndexUnusable
from knowledge.loader import BUILT_IN

PAGE_HOST = "127.0.0.1"
NEAREST_COUNT = 5  # entries shown for a question
STORY_ANSWER_DAYS = 2  # working days that are promised if the settings promise none: a story shows a late answer


def _say_on_stderr(text: str) -> None:
    click.echo(text, err=True)


class Sandbox:
    """Runs between `start` and `stop`, or as a context manager."""

    def __init__(
        self,
        settings: Settings,
        data_folder: Path,
        knowledge_folder: Path = BUILT_IN,
        say: Callable[[str], None] = _say_on_stderr,
    ) -> None:
        """Load models and a copy of the index into ``data_folder``, whose earlier database is deleted.

        ``say`` is called, also from other threads, with what a person at the terminal should know, a line at a time.

        Raises EncoderError or IndexUnusable with the command to run.
        """
        self._say = say
        self.knowledge_folder, self._index_root = knowledge_folder, data_folder / "index"
        if settings.index_url and not settings.index_dir.is_dir():
            raise IndexUnusable(
                "The sandbox works on a copy of an index in a folder, so that changes reach no other bot. "
                f"Run: gwbot index build --out {settings.index_dir}"
            )
        models = IndexLoader(settings.encoder_dir, settings.cross_encoder_dir)
        self._encoder = models.encoder
        knowledge_watcher.copy_index(settings.index_dir, self._index_root)
        self.live_index = models.load_index(settings, self._index_root)
        self._lang = settings.language
        self.database = data_folder / "bot.db"
        for leftover in data_folder.glob("bot.db*"):
            leftover.unlink()
        self.simulation = SimulationState()
        self._review = AnswerReview(
            self.simulation, self.live_index.current_searcher, knowledge_folder, settings.bot_dir / LABELLED_FILE
        )
        self._smtp_sink = SmtpSink(self.simulation.receive_mail)
        self._socket = _open_listener(settings.port, say)
        self._settings = settings.model_copy(
            update={
                "telegram_token": SecretStr(self.simulation.fake_telegram.token),
                "webhook_url": None,
                "knowledge_dir": knowledge_folder,
                "database_url": SecretStr(f"sqlite:///{self.database}"),
                "adviser_chat_id": self.simulation.adviser_chat_id,
                "adviser_ids": frozenset(),
                "mail_from": MAIL_FROM,
                "mail_reply_to": None,
                "imap_url": SecretStr("imap://sandbox@127.0.0.1"),  # switches answers on; `mailbox` is read instead
                "operator_email": None,
                "answer_days": settings.answer_days or STORY_ANSWER_DAYS,
            }
        )
        self._started, self._closing = threading.Event(), threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run_thread, name="sandbox")

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{PAGE_HOST}:{self._socket.getsockname()[1]}"

    def start(self) -> "Sandbox":
        """Start everything; returns when the page can be opened."""
        entries = self.live_index.current_searcher().reader.manifest.entries
        with self.simulation.changing_state() as panel:
            panel.knowledge_status = KnowledgeStatus(entries, knowledge_watcher.built_at(self._index_root))
        self.simulation.fake_telegram.start()
        self._smtp_sink.start()
        self._thread.start()
        self._started.wait()
        if self._error:
            self.stop()
        return self

    def stop(self) -> None:
        """Stop everything, the bot as SIGTERM does; re-raises the error that ended it before."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop_event.set)
        self._thread.join()
        self._smtp_sink.stop()
        self.simulation.fake_telegram.stop()
        self._socket.close()
        if self._error:
            raise self._error

    def __enter__(self) -> "Sandbox":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run_thread(self) -> None:
        try:
            asyncio.run(self._run_until_stopped())
        except Exception as error:  # raised again by `stop` in the main thread
            self._error = error
        finally:
            self._started.set()

    async def _run_until_stopped(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop_event, self._wake_scheduler = asyncio.Event(), asyncio.Event()
        broadcaster = Broadcaster()
        self.simulation.world.listeners.append(broadcaster.notify_all)
        self.controller = Controller(self.simulation, self._run_bot, self.database, self._wake_scheduler)
        server = uvicorn.Server(
            uvicorn.Config(
                make_page_app(self.simulation, self.controller, broadcaster, self._review),
                lifespan="off",
                log_config=None,
                timeout_graceful_shutdown=1,
            )
        )
        serving = asyncio.create_task(server.serve([self._socket]))
        self.controller.start_bot()
        indexed_stamps = await asyncio.to_thread(
            knowledge_watcher.indexed_stamps, self.knowledge_folder, self._index_root
        )
        watching = asyncio.create_task(self._watch_knowledge(indexed_stamps))
        self._started.set()
        try:
            await self._stop_event.wait()
        finally:
            self._closing.set()
            watching.cancel()
            self.simulation.world.listeners.remove(broadcaster.notify_all)
            broadcaster.close()
            await self.controller.close()
            server.should_exit = True
            await asyncio.gather(serving, watching, return_exceptions=True)

    async def _run_bot(self, stop: asyncio.Event) -> None:
        """Run the bot as with Telegram."""
        settings = self._settings.model_copy(
            update={
                "telegram_api_url": self.simulation.fake_telegram.url,
                "smtp_url": SecretStr(self._smtp_sink.url),
            }
        )
        with closing(open_store_from_settings(settings, self.simulation.bot_time)) as store:
            store.apply((), self._note_advisers())
            runtime = BotRuntime(
                settings,
                self.live_index,
                store,
                clock=self.simulation.bot_time,
                turn_observers=(self._record_answers,),
                wake_scheduler=self._wake_scheduler,
                mailbox=self.simulation.mailbox,
                wait_for_mail=self.simulation.mailbox.wait,
                limits=NO_LIMITS,  # the fake Telegram has none, and stories are faster than people
            )
            await run_bot(runtime, stop)

    def _note_advisers(self) -> tuple[NoteColleague, ...]:
        """Return what makes the advisers known to the bot, as if they had tapped the button below its greeting."""
        group = self.simulation.adviser_chat_id
        return tuple(
            NoteColleague(group, person, self.simulation.world.accounts[person].full_name, "")
            for person, role in self.simulation.roles.items()
            if role == "adviser"
        )

    def _record_answers(self, turn_record: TurnRecord) -> None:
        with self.simulation.changing_state() as panel:
            messages = self.simulation.world.chats[turn_record.chat_id].messages
            panel.turns.append(TurnMark(turn_record.update_id, turn_record.chat_id, max(messages, default=0)))
        for decision in turn_record.decisions:
            nearest = tuple(
                (hit.target, hit.score)
                for hit in self.live_index.current_searcher().rank_entries(decision.question, NEAREST_COUNT)
            )
            answer = AnswerRecord(
                turn_record.user_id,
                decision.question,
                decision.status,
                decision.confidence,
                nearest,
                turn_record.duration_ms,
                turn_record.update_id,
                decision.entries,
            )
            with self.simulation.changing_state() as panel:
                panel.answers.append(answer)

    async def _watch_knowledge(self, stamps: knowledge_watcher.FileStamps) -> None:
        def read_changed(changed: frozenset[Path]) -> ReadResult:
            return knowledge_watcher.read_knowledge(
                self.knowledge_folder, self._index_root, self._encoder, self._lang, changed, self._stop_if_closing
            )

        await knowledge_watcher.watch_folder(self.knowledge_folder, stamps, read_changed, self._on_knowledge_read)

    def _stop_if_closing(self, activity: str, done: int, total: int | None) -> None:
        """End a reading that takes long, for whose end nobody waits any more."""
        if self._closing.is_set():
            raise asyncio.CancelledError

    async def _on_knowledge_read(self, result: ReadResult) -> None:
        with self.simulation.changing_state() as panel:
            previous = panel.knowledge_status
            panel.knowledge_status = result.status
            if not result.status.built:
                panel.knowledge_status = replace(result.status, entries=previous.entries, built=previous.built)
        for problem in result.status.problems:
            self._say(problem.describe(self._lang))
        if result.needs_restart:
            await self.controller.restart_bot()


def _open_listener(port: int, say: Callable[[str], None]) -> socket.socket:
    """Listen on this port, or on a free one if it is in use, and say so."""
    try:
        return open_listener(PAGE_HOST, port)
    except OSError as error:
        listener = open_listener(PAGE_HOST, 0)
        say(
            f"The sandbox's page asks for port {port} (PORT), which cannot be used: {os.strerror(error.errno or 0)}. "
            f"Perhaps another sandbox is open there. This one takes port {listener.getsockname()[1]}; "
            "to choose, end the other program or set PORT to a free one."
        )
        return listener
