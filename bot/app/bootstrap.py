"""The composition root: the only place that wires parts together."""

import asyncio
import contextlib
import functools
import itertools
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path

from telegram import Bot, User
from telegram.error import TelegramError

from bot.answering.answerer import Answerer
from bot.app.scheduler import run_scheduler
from bot.domain.selfcheck import CODE_LENGTH, CODE_LETTERS
from bot.domain.turn import OnTurn, TurnRecord, ignore_turn
from bot.errors import GwError
from bot.flows.dialogue import Advisers, Dialogue
from bot.mail.delivery import make_mail_sender
from bot.pipeline.api_calls import make_fallback_calls
from bot.pipeline.inbox import Inbox
from bot.pipeline.outbox import Outbox
from bot.pipeline.rate_limiter import TELEGRAM_LIMITS, RateLimiter, RateLimits
from bot.pipeline.retry import MAX_STORE_DOUBLINGS, backoff_seconds
from bot.pipeline.update_handler import UpdateHandler
from bot.settings import Settings
from bot.store import SqlStore, Store
from bot.store.factory import open_store_at
from bot.store.protocol import POLLING_DUTY
from bot.telegram import bot_profile
from bot.telegram.chat_members import make_membership_check
from bot.telegram.client import connect_with_retry, create_client, delete_webhook, set_webhook
from bot.telegram.delivery import Delivery
from bot.telegram.inline_results import answer_inline_query
from bot.telegram.polling import poll_updates
from bot.telegram.rate_limited_request import RateLimitedRequest
from bot.telegram.update_parser import chat_key, only_newest, parse_raw_update
from bot.web.monitor import BotStatus
from bot.web.server import run_http_server
from bot.web.status_server import StatusServer
from index.search.live_index import LiveIndex
from knowledge.loader import BUILT_IN, path_or_builtin
from knowledge.records.contacts import CONTACTS_FILE, default_contact, read_contacts
from knowledge.records.discourse_markers import MARKERS_FILE, read_markers
from knowledge.records.intro import read_steps
from knowledge.records.selfcheck import SELFCHECK_FOLDER, read_selfchecks

log = logging.getLogger(__name__)
REFERENCE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that is read as another


def resolve_knowledge_dir(settings: Settings) -> Path:
    """The knowledge folder of these settings; what it lacks is taken from the built-in one."""
    return settings.knowledge_dir or BUILT_IN


def open_store_from_settings(settings: Settings, clock: Callable[[], float] = time.time) -> SqlStore:
    """The store of these settings. ``clock`` gives Unix time."""
    return open_store_at(settings.store_url, clock, settings.tenant_name)


def make_answerer(settings: Settings, live: LiveIndex, knowledge_dir: Path | None = None) -> Answerer:
    """Answers from the index that is current when it is asked."""
    folder = knowledge_dir or resolve_knowledge_dir(settings)
    contact = default_contact(read_contacts(path_or_builtin(folder, CONTACTS_FILE)))
    return Answerer(
        live.current_searcher, contact, settings.language, read_markers(path_or_builtin(folder, MARKERS_FILE))
    )


def make_dialogue(
    settings: Settings,
    live: LiveIndex,
    store: Store,
    clock: Callable[[], float] = time.time,
    knowledge_dir: Path | None = None,
    username: str = "",
) -> Dialogue:
    """The conversation, wired to index and store. ``clock`` gives Unix time, ``username`` is the bot's, for links."""
    folder = knowledge_dir or resolve_knowledge_dir(settings)

    def collect_status() -> dict[str, object]:
        manifest = live.current_searcher().reader.manifest
        return {
            "entries": manifest.entries,
            "languages": ", ".join(manifest.languages),
            "passages": manifest.passages,
            "open_requests": len(store.active_requests()),
            "waiting": store.count_queued_calls(),
        }

    return Dialogue(
        answerer=make_answerer(settings, live, folder),
        store=store,
        contacts=read_contacts(path_or_builtin(folder, CONTACTS_FILE)),
        steps=read_steps(path_or_builtin(folder, "intro")),
        advisers=Advisers(settings.adviser_chat_id, settings.adviser_ids),
        new_reference=_generate_reference,
        read_status=collect_status,
        default_lang=settings.language,
        retention_days=settings.retention_days,
        now=clock,
        sends_mail=settings.smtp_url is not None,
        answer_days=settings.answer_days,
        close_days=settings.close_days,
        operator=settings.operator or "",
        username=username,
        selfchecks=read_selfchecks(path_or_builtin(folder, SELFCHECK_FOLDER)),
        new_code=_generate_code,
    )


def _generate_reference() -> str:
    letters = "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def _generate_code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


async def run_bot(
    settings: Settings,
    live: LiveIndex,
    store: Store,
    stop: asyncio.Event,
    *,
    webhook: bool,
    clock: Callable[[], float] = time.time,
    knowledge_dir: Path | None = None,
    on_turn: OnTurn = ignore_turn,
    wake_scheduler: asyncio.Event | None = None,
    limits: RateLimits = TELEGRAM_LIMITS,
    serve_http: bool = True,
    polls: bool = True,
    shared_server: StatusServer | None = None,
) -> None:
    """Run the bot with what was opened, until ``stop`` is set.

    ``clock`` gives Unix time; where it is set forward, ``nudge`` has the bot look at what is due. ``observe`` is told
    what became of each update. ``limits`` are those of the Telegram that is called. ``web`` lets the web server run
    where the settings want it; with a ``site`` that one shows the bot instead. Without ``takes`` it leaves it to
    other processes to take updates.
    """
    limiter = RateLimiter(limits, clock())
    bot = create_client(settings, RateLimitedRequest(limiter, store, clock))
    bot_status = BotStatus(settings, bot, store, live)
    owns_server, status_server = shared_server is None, shared_server or StatusServer()
    try:
        async with (
            status_server.publish_status(bot_status, webhook=webhook),
            run_http_server(
                status_server.application,
                settings,
                webhook=webhook and owns_server,
                enabled=serve_http and owns_server,
            ) as server_task,
        ):
            bot_user = await connect_with_retry(bot, stop)
            if bot_user is None:
                return
            log.info("@%s is ready: %d entries", bot_user.username, live.current_searcher().reader.manifest.entries)
            folder = knowledge_dir or resolve_knowledge_dir(settings)
            dialogue = await asyncio.to_thread(
                make_dialogue, settings, live, store, clock, folder, bot_user.username or ""
            )
            wake_event = wake_scheduler or asyncio.Event()
            async with _run_workers(
                settings, dialogue, folder, bot, limiter, bot_user, on_turn, wake_event, bot_status
            ) as sender_task:
                if webhook:
                    await set_webhook(bot, settings)
                    await wait_for_first(stop, sender_task, server_task)
                elif polls:
                    await _poll_until_stopped(bot, store, bot_status, stop, sender_task)
                else:
                    await wait_for_first(stop, sender_task)
    finally:
        await bot.shutdown()


async def _poll_until_stopped(
    bot: Bot, store: Store, bot_status: BotStatus, stop: asyncio.Event, sender_task: "asyncio.Task[None]"
) -> None:
    await delete_webhook(bot)
    acquire_leadership = functools.partial(store.try_acquire_leadership, POLLING_DUTY)
    polling_task = asyncio.create_task(
        poll_updates(
            bot, bot_status.receive_updates, bot_status.report_conflict, acquire_leadership=acquire_leadership
        )
    )
    try:
        await wait_for_first(stop, polling_task, sender_task)
    finally:
        polling_task.cancel()
        await asyncio.gather(polling_task, return_exceptions=True)


@contextlib.asynccontextmanager
async def _run_workers(
    settings: Settings,
    dialogue: Dialogue,
    folder: Path,
    bot: Bot,
    limiter: RateLimiter,
    bot_user: User,
    on_turn: OnTurn,
    wake_scheduler: asyncio.Event,
    bot_status: BotStatus,
) -> "AsyncIterator[asyncio.Task[None]]":
    """Inbox and outbox at work; on the way out the update in hand is finished and written down.

    Gives the task that sends: where it ends by itself the bot is mute.
    """
    loop, store = asyncio.get_running_loop(), dialogue.store
    delivery = Delivery(bot, store, make_mail_sender(settings, dialogue), folder)
    outbox = Outbox(
        store,
        delivery,
        dialogue.now,
        functools.partial(make_fallback_calls, dialogue),
        limiter,
        on_takeover=lambda: _readdress_calls(dialogue),
        on_call=bot_status.metrics.record_call,
    )
    background_tasks: set[asyncio.Task[None]] = set()

    def show_typing(chat: int) -> None:
        if limiter.may_show_typing(chat, dialogue.now()):
            start_in_background(_send_typing, chat)

    def start_in_background(work: Callable[..., Coroutine[None, None, None]], *arguments: object) -> None:
        task = asyncio.create_task(work(bot, *arguments))
        background_tasks.add(task)
        task.add_done_callback(background_tasks.discard)

    update_handler = UpdateHandler(
        dialogue,
        functools.partial(parse_raw_update, bot, bot_user),
        functools.partial(loop.call_soon_threadsafe, outbox.wake),
        lambda chat: loop.call_soon_threadsafe(show_typing, chat),
        lambda query_id, offer: loop.call_soon_threadsafe(start_in_background, answer_inline_query, query_id, offer),
        make_membership_check(bot, loop),
        _call_both(bot_status.metrics.record_turn, on_turn),
    )
    inbox = Inbox(store, update_handler.handle_update, chat_key, only_newest)
    sender_task = asyncio.create_task(outbox.run())
    background_jobs: tuple[Callable[[], Coroutine[None, None, None]], ...] = (
        lambda: bot_profile.publish_profile(bot, settings.language, lambda: dialogue.adviser_chat),
        lambda: run_scheduler(dialogue, outbox.wake, wake_scheduler),
        lambda: store.listen_for_calls(outbox.wake),
        inbox.keep_resuming,
    )
    tasks = [sender_task, *(asyncio.create_task(restart_on_error(work)) for work in background_jobs)]
    bot_status.attach_services(dialogue, inbox)
    try:
        yield sender_task
    finally:
        limiter.is_closing = True
        await inbox.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *background_tasks, return_exceptions=True)


def _call_both(first: OnTurn, second: OnTurn) -> OnTurn:
    def observe_both(record: TurnRecord) -> None:
        first(record)
        second(record)

    return observe_both


def _readdress_calls(dialogue: Dialogue) -> None:
    if (adviser_chat := dialogue.adviser_chat) is not None:
        dialogue.store.redirect_adviser_calls(adviser_chat)


async def _send_typing(bot: Bot, chat_id: int) -> None:
    with contextlib.suppress(TelegramError):  # a courtesy; the answer comes all the same
        await bot.send_chat_action(chat_id, "typing")


async def wait_for_first(stop: asyncio.Event, *tasks: "asyncio.Task[None] | None") -> None:
    """Wait until stopped or until a part ends; its error ends the bot, rather than leaving it deaf or mute."""
    active_tasks = [candidate for candidate in tasks if candidate is not None]
    stop_task = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait({*active_tasks, stop_task}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop_task.cancel()
    for task in active_tasks:
        if task in done:
            task.result()


async def restart_on_error(
    work: Callable[[], Awaitable[None]], sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """Do something that runs beside the rest of the bot. An error is logged, and after half a minute at most the work
    begins again: nobody else waits for it, so it must not end unnoticed."""
    for attempt in itertools.count():
        try:
            return await work()
        except Exception as error:
            wait = backoff_seconds(min(attempt, MAX_STORE_DOUBLINGS))
            is_expected = isinstance(error, GwError)
            reason = str(error) if is_expected else type(error).__name__
            log.error(
                "a task of the bot failed, and begins again in %.0f s: %s", wait, reason, exc_info=not is_expected
            )
        await sleep(wait)
