"""The composition root: the only place that wires parts together."""

import asyncio
import contextlib
import functools
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from telegram import Bot

from bot.answering.answerer import Answerer
from bot.answering.crisis import CrisisDetector
from bot.app.scheduler import run_scheduler
from bot.domain.commands import COMMANDS_FILE, read_command_words
from bot.domain.selfcheck import CODE_LENGTH, CODE_LETTERS
from bot.domain.turn import OnTurn
from bot.flows.dialogue import Advisers, Dialogue
from bot.flows.privacy import name_records
from bot.mail.delivery import make_mail_sender
from bot.mail.receiving import MailSource, make_mail_receiver, run_mail_receiver
from bot.pipeline.api_calls import make_fallback_calls, make_receipt_calls, readdress_calls
from bot.pipeline.inbox import Inbox
from bot.pipeline.mail_handler import MAIL_KEY, handle_mail
from bot.pipeline.outbox import Outbox
from bot.pipeline.rate_limiter import TELEGRAM_LIMITS, RateLimiter, RateLimits
from bot.pipeline.retry import restart_on_error
from bot.pipeline.update_handler import UpdateHandler
from bot.settings import Settings
from bot.store import Store, open_store_at
from bot.store.records import POLLING_DUTY
from bot.telegram.client import connect_with_retry, create_client, delete_webhook, publish_profile, set_webhook
from bot.telegram.delivery import Delivery
from bot.telegram.immediate_calls import ImmediateCalls
from bot.telegram.polling import poll_updates
from bot.telegram.rate_limited_request import RateLimitedRequest
from bot.telegram.update_parser import chat_key, only_newest, parse_raw_update
from bot.web.health import HealthCheck
from bot.web.monitor import BotStatus, StatusServer
from index.search.live_index import LiveIndex
from knowledge.loader import BUILT_IN, path_or_builtin
from knowledge.parsing.text_file import parsed_once
from knowledge.records.contacts import CONTACTS_FILE, default_contact, read_contacts
from knowledge.records.crisis_signs import CRISIS_FILE, parse_crisis_signs
from knowledge.records.discourse_markers import MARKERS_FILE, read_markers
from knowledge.records.facets import FACETS_FILE, read_facets
from knowledge.records.intro import read_steps
from knowledge.records.selfcheck import SELFCHECK_FOLDER, read_selfchecks

log = logging.getLogger(__name__)
REFERENCE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without lookalikes


class UpdateSource(Enum):
    """Where a process gets updates from; with NONE it leaves them to other processes and only sends."""

    POLLING = "polling"
    WEBHOOK = "webhook"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class BotRuntime:
    """The parts that a bot runs with.

    Attributes:
        store: stays open; the caller closes it.
        clock: Unix time.
        limits: those of the Bot API server.
        publishes: whether to publish the bot's name, descriptions and command menu.
        wake_scheduler: set after the clock was moved on purpose, to process at once what is due by it.
        turn_observers: called after each update, from the thread that handled it.
        status_server: reports on the bot if the caller serves it.
        mailbox: read for answers by e-mail in place of the one in the settings.
        wait_for_mail: waits for this many seconds, or until an e-mail arrives.
    """

    settings: Settings
    live_index: LiveIndex
    store: Store
    clock: Callable[[], float] = time.time
    source: UpdateSource = UpdateSource.POLLING
    limits: RateLimits = TELEGRAM_LIMITS
    publishes: bool = True
    wake_scheduler: asyncio.Event = field(default_factory=asyncio.Event)
    turn_observers: tuple[OnTurn, ...] = ()
    status_server: StatusServer = field(default_factory=StatusServer)
    mailbox: MailSource | None = None
    wait_for_mail: Callable[[float], Awaitable[object]] = asyncio.sleep


def resolve_knowledge_dir(settings: Settings) -> Path:
    """Return the knowledge folder; files it lacks are read from the built-in one."""
    return settings.knowledge_dir or BUILT_IN


def open_store_from_settings(settings: Settings, clock: Callable[[], float] = time.time) -> Store:
    """Open the store of these settings. ``clock`` gives Unix time. Raises StoreError."""
    return open_store_at(settings.store_url, clock, settings.tenant_name)


def make_answerer(settings: Settings, live_index: LiveIndex) -> Answerer:
    """Return an answerer that always uses the current index. Raises ContentError."""
    folder = resolve_knowledge_dir(settings)
    contact = default_contact(read_contacts(path_or_builtin(folder, CONTACTS_FILE)))
    markers = read_markers(path_or_builtin(folder, MARKERS_FILE))
    facets = read_facets(path_or_builtin(folder, FACETS_FILE))
    return Answerer(live_index.current_searcher, contact, settings.language, markers, facets)


def make_dialogue(runtime: BotRuntime, username: str = "") -> Dialogue:
    """Wire the conversation to index and store. ``username`` is the bot's, for links. Raises ContentError."""
    settings, store, folder = runtime.settings, runtime.store, resolve_knowledge_dir(runtime.settings)

    def collect_status() -> dict[str, object]:
        manifest = runtime.live_index.current_searcher().reader.manifest
        return {
            "entries": manifest.entries,
            "languages": ", ".join(manifest.languages),
            "passages": manifest.passages,
            "open_requests": len(store.requests.active_requests()),
            "waiting": store.outbox.count_queued_calls(),
        }

    return Dialogue(
        answerer=make_answerer(settings, runtime.live_index),
        store=store,
        contacts=read_contacts(path_or_builtin(folder, CONTACTS_FILE)),
        steps=read_steps(path_or_builtin(folder, "intro")),
        advisers=Advisers(settings.adviser_chat_id, settings.adviser_ids, settings.adviser_chats),
        new_reference=_generate_reference,
        read_status=collect_status,
        default_lang=settings.language,
        retention_days=settings.retention_days,
        now=runtime.clock,
        sends_mail=settings.smtp_url is not None,
        answer_days=settings.answer_days,
        close_days=settings.close_days,
        away=settings.away,
        operator=settings.operator or "",
        username=username,
        selfchecks=read_selfchecks(path_or_builtin(folder, SELFCHECK_FOLDER)),
        new_code=_generate_code,
        command_words=read_command_words(path_or_builtin(folder, COMMANDS_FILE)),
        crisis_detector=_read_crisis_detector(path_or_builtin(folder, CRISIS_FILE)),
    )


@parsed_once
def _read_crisis_detector(path: Path, text: str) -> CrisisDetector:
    return CrisisDetector(parse_crisis_signs(path, text))


def _generate_reference() -> str:
    letters = "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def _generate_code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


async def run_bot(runtime: BotRuntime, stop: asyncio.Event) -> None:
    """Run a bot until ``stop`` is set.

    Raises ConnectionFailed if Telegram rejects the token or the webhook, ContentError if the knowledge cannot be
    used, and StoreError if the store can no longer be used.
    """
    limiter = RateLimiter(runtime.limits, runtime.clock())
    bot = create_client(runtime.settings, RateLimitedRequest(limiter, runtime.store, runtime.clock))
    bot_status = BotStatus(runtime.settings, HealthCheck(bot, runtime.store, runtime.live_index))
    try:
        with runtime.status_server.publish_status(bot_status, webhook=runtime.source is UpdateSource.WEBHOOK):
            bot_user = await connect_with_retry(bot, stop)
            if bot_user is None:
                return
            entry_count = runtime.live_index.current_searcher().reader.manifest.entries
            log.info("@%s is ready: %d entries", bot_user.username, entry_count)
            dialogue = await asyncio.to_thread(make_dialogue, runtime, bot_user.username or "")
            async with _run_workers(runtime, dialogue, bot, limiter, bot_status) as (inbox, sender_task):
                receiver_tasks = await _start_receiving(runtime, bot, inbox, bot_status)
                await _wait_for_first(stop, sender_task, receiver_tasks)
    finally:
        await bot.shutdown()


@contextlib.asynccontextmanager
async def _run_workers(
    runtime: BotRuntime, dialogue: Dialogue, bot: Bot, limiter: RateLimiter, bot_status: BotStatus
) -> "AsyncIterator[tuple[Inbox, asyncio.Task[None]]]":
    """Run what handles updates and sends calls; yield the inbox and the task that sends.

    On exit, finish the updates and calls in progress.
    """
    loop, store, metrics = asyncio.get_running_loop(), runtime.store, bot_status.metrics
    outbox = Outbox(
        store,
        Delivery(
            bot,
            store,
            make_mail_sender(runtime.settings, dialogue),
            resolve_knowledge_dir(runtime.settings),
            functools.partial(name_records, dialogue),
        ),
        runtime.clock,
        functools.partial(make_fallback_calls, dialogue),
        limiter,
        on_takeover=functools.partial(readdress_calls, dialogue),
        on_call=metrics.on_call,
        on_sent=make_receipt_calls,
    )
    immediate_calls = ImmediateCalls(bot, limiter, runtime.clock)
    # mypy does not see through a partial of a variadic function
    record_turn: OnTurn = functools.partial(loop.call_soon_threadsafe, metrics.on_turn)  # type: ignore[arg-type,assignment]
    update_handler = UpdateHandler(
        dialogue,
        functools.partial(parse_raw_update, bot, bot.bot),
        functools.partial(loop.call_soon_threadsafe, outbox.wake),
        immediate_calls.show_typing,
        immediate_calls.answer_inline_query,
        immediate_calls.is_member,
        (record_turn, *runtime.turn_observers),
    )

    def handle_update(update_id: int, update: dict[str, Any]) -> None:
        if MAIL_KEY in update:
            handle_mail(dialogue, update_handler.wake_outbox, update_id, update)
        else:
            update_handler.handle_update(update_id, update)

    inbox = Inbox(store, handle_update, chat_key, only_newest, on_received=metrics.on_received)
    sender_task = asyncio.create_task(outbox.run())
    background_jobs: list[Callable[[], Coroutine[None, None, None]]] = [
        lambda: run_scheduler(dialogue, outbox.wake, runtime.wake_scheduler),
        lambda: store.database.listen_for_calls(outbox.wake),
        inbox.keep_resuming,
    ]
    if runtime.publishes:
        language = runtime.settings.language
        background_jobs.append(lambda: publish_profile(bot, language, lambda: dialogue.desk_chats))
    if receiver := make_mail_receiver(runtime.settings, dialogue, update_handler.wake_outbox, runtime.mailbox):
        background_jobs.append(lambda: run_mail_receiver(receiver, runtime.wait_for_mail))
    tasks = [sender_task, *(asyncio.create_task(restart_on_error(job)) for job in background_jobs)]
    bot_status.attach_services(dialogue, inbox)
    try:
        yield inbox, sender_task
    finally:
        limiter.is_closing = True
        await inbox.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, immediate_calls.wait_until_done(), return_exceptions=True)


async def _start_receiving(
    runtime: BotRuntime, bot: Bot, inbox: Inbox, bot_status: BotStatus
) -> "list[asyncio.Task[None]]":
    """Set the webhook or start polling; return the task that polls, if any."""
    if runtime.source is UpdateSource.WEBHOOK:
        await set_webhook(bot, runtime.settings)
    elif runtime.source is UpdateSource.POLLING:
        await delete_webhook(bot)
        lead = functools.partial(runtime.store.database.try_acquire_leadership, POLLING_DUTY)
        polling = poll_updates(bot, inbox.receive_updates, bot_status.on_conflict, acquire_leadership=lead)
        return [asyncio.create_task(polling)]
    return []


async def _wait_for_first(
    stop: asyncio.Event, sender_task: "asyncio.Task[None]", receiver_tasks: "list[asyncio.Task[None]]"
) -> None:
    """Wait until stopped or until a task ends; raise its error, since the bot cannot do without it."""
    stop_task = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait({stop_task, sender_task, *receiver_tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (stop_task, *receiver_tasks):
            task.cancel()
        await asyncio.gather(*receiver_tasks, return_exceptions=True)
