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
from bot.app.scheduler import watch
from bot.domain.selfcheck import CODE_LENGTH, LETTERS
from bot.domain.turn import Observe, Observed, unobserved
from bot.errors import GwError
from bot.flows.dialogue import Advisers, Dialogue
from bot.flows.relay.undelivered import undelivered
from bot.mail.delivery import post
from bot.pipeline.api_calls import unasked, without_file
from bot.pipeline.inbox import Inbox
from bot.pipeline.outbox import Outbox
from bot.pipeline.rate_limiter import TELEGRAM, Limits, Pace
from bot.pipeline.retry import STORE_TRIES, backoff
from bot.pipeline.update_handler import Turns
from bot.settings import Settings
from bot.store import Outgoing, SqlStore, Store
from bot.store.factory import opened
from bot.store.protocol import POLLING
from bot.telegram import bot_profile
from bot.telegram.chat_members import membership
from bot.telegram.client import client, delete_webhook, set_webhook, until_reached
from bot.telegram.delivery import Delivery
from bot.telegram.inline_results import send_offer
from bot.telegram.polling import poll
from bot.telegram.rate_limited_request import PacedRequest
from bot.telegram.update_parser import chat_key, only_newest
from bot.web.monitor import Monitor
from bot.web.server import serving
from bot.web.status_server import Site
from index.search.live_index import LiveIndex
from knowledge.loader import HOUSE, part
from knowledge.records.contacts import CONTACTS, default_contact, read_contacts
from knowledge.records.discourse_markers import MARKERS, read_markers
from knowledge.records.intro import read_steps
from knowledge.records.selfcheck import SELFCHECK, read_selfchecks

log = logging.getLogger(__name__)
REFERENCE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that is read as another


def knowledge_of(settings: Settings) -> Path:
    """The knowledge folder of these settings; what it lacks is taken from the built-in one."""
    return settings.knowledge_dir or HOUSE


def open_store(settings: Settings, clock: Callable[[], float] = time.time) -> SqlStore:
    """The store of these settings. ``clock`` gives Unix time."""
    return opened(settings.store_url, clock, settings.tenant)


def make_answerer(settings: Settings, live: LiveIndex, knowledge: Path | None = None) -> Answerer:
    """Answers from the index that is current when it is asked."""
    folder = knowledge or knowledge_of(settings)
    contact = default_contact(read_contacts(part(folder, CONTACTS)))
    return Answerer(live.searcher, contact, settings.language, read_markers(part(folder, MARKERS)))


def make_dialogue(
    settings: Settings,
    live: LiveIndex,
    store: Store,
    clock: Callable[[], float] = time.time,
    knowledge: Path | None = None,
    username: str = "",
) -> Dialogue:
    """The conversation, wired to index and store. ``clock`` gives Unix time, ``username`` is the bot's, for links."""
    folder = knowledge or knowledge_of(settings)

    def status() -> dict[str, object]:
        manifest = live.searcher().opened.manifest
        return {
            "entries": manifest.entries,
            "languages": ", ".join(manifest.languages),
            "passages": manifest.passages,
            "open_requests": len(store.running()),
            "waiting": store.waiting(),
        }

    return Dialogue(
        answerer=make_answerer(settings, live, folder),
        store=store,
        contacts=read_contacts(part(folder, CONTACTS)),
        steps=read_steps(part(folder, "intro")),
        advisers=Advisers(settings.adviser_chat_id, settings.adviser_ids),
        reference=_reference,
        status=status,
        default_lang=settings.language,
        retention_days=settings.retention_days,
        now=clock,
        mail=settings.smtp_url is not None,
        answer_days=settings.answer_days,
        close_days=settings.close_days,
        operator=settings.operator or "",
        username=username,
        selfchecks=read_selfchecks(part(folder, SELFCHECK)),
        code=_code,
    )


def _reference() -> str:
    letters = "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def _code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))


async def run(
    settings: Settings,
    live: LiveIndex,
    store: Store,
    stop: asyncio.Event,
    *,
    webhook: bool,
    clock: Callable[[], float] = time.time,
    knowledge: Path | None = None,
    observe: Observe = unobserved,
    nudge: asyncio.Event | None = None,
    limits: Limits = TELEGRAM,
    web: bool = True,
    takes: bool = True,
    site: Site | None = None,
) -> None:
    """Run the bot with what was opened, until ``stop`` is set.

    ``clock`` gives Unix time; where it is set forward, ``nudge`` has the bot look at what is due. ``observe`` is told
    what became of each update. ``limits`` are those of the Telegram that is called. ``web`` lets the web server run
    where the settings want it; with a ``site`` that one shows the bot instead. Without ``takes`` it leaves it to
    other processes to take updates.
    """
    pace = Pace(limits, clock())
    bot = client(settings, PacedRequest(pace, store, clock))
    monitor = Monitor(settings, bot, store, live)
    alone, shown = site is None, site or Site()
    try:
        async with (
            shown.showing(monitor, webhook=webhook),
            serving(shown.application, settings, webhook=webhook and alone, wanted=web and alone) as server,
        ):
            me = await until_reached(bot, stop)
            if me is None:
                return
            log.info("@%s is ready: %d entries", me.username, live.searcher().opened.manifest.entries)
            folder = knowledge or knowledge_of(settings)
            dialogue = await asyncio.to_thread(make_dialogue, settings, live, store, clock, folder, me.username or "")
            waking = nudge or asyncio.Event()
            async with _running(settings, dialogue, folder, bot, pace, me, observe, waking, monitor) as sending:
                if webhook:
                    await set_webhook(bot, settings)
                    await first_of(stop, sending, server)
                elif takes:
                    await _poll(bot, store, monitor, stop, sending)
                else:
                    await first_of(stop, sending)
    finally:
        await bot.shutdown()


async def _poll(bot: Bot, store: Store, monitor: Monitor, stop: asyncio.Event, sending: "asyncio.Task[None]") -> None:
    await delete_webhook(bot)
    lead = functools.partial(store.lead, POLLING)
    polling = asyncio.create_task(poll(bot, monitor.receive, monitor.conflict, lead=lead))
    try:
        await first_of(stop, polling, sending)
    finally:
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)


@contextlib.asynccontextmanager
async def _running(
    settings: Settings,
    dialogue: Dialogue,
    folder: Path,
    bot: Bot,
    pace: Pace,
    me: User,
    observe: Observe,
    nudge: asyncio.Event,
    monitor: Monitor,
) -> "AsyncIterator[asyncio.Task[None]]":
    """Inbox and outbox at work; on the way out the update in hand is finished and written down.

    Gives the task that sends: where it ends by itself the bot is mute.
    """
    loop, store = asyncio.get_running_loop(), dialogue.store
    delivery = Delivery(bot, store, post(settings, dialogue), folder)
    outbox = Outbox(
        store,
        monitor.measured(delivery),
        dialogue.now,
        lambda outgoing, reason: _make_fallback_calls(dialogue, outgoing, reason),
        pace,
        take_over=lambda: _readdress(dialogue),
    )
    background: set[asyncio.Task[None]] = set()

    def typing(chat: int) -> None:
        if pace.may_type(chat, dialogue.now()):
            start(_typing, chat)

    def start(work: Callable[..., Coroutine[None, None, None]], *values: object) -> None:
        task = asyncio.create_task(work(bot, *values))
        background.add(task)
        task.add_done_callback(background.discard)

    turns = Turns(
        dialogue,
        store,
        bot,
        me,
        _threadsafe(loop, outbox.wake),
        lambda chat: _threadsafe(loop, typing, chat)(),
        lambda query, offer: _threadsafe(loop, start, send_offer, query, offer)(),
        membership(bot, loop),
        _both(monitor.vitals.observed, observe),
    )
    inbox = Inbox(store, turns.handle, chat_key, only_newest)
    sending = asyncio.create_task(outbox.run())
    beside: tuple[Callable[[], Coroutine[None, None, None]], ...] = (
        lambda: bot_profile.publish(bot, settings.language, lambda: dialogue.desk),
        lambda: watch(dialogue, outbox.wake, nudge),
        lambda: store.listen(outbox.wake),
        inbox.keep_resuming,
    )
    tasks = [sending, *(asyncio.create_task(restart_on_error(work)) for work in beside)]
    monitor.wired(dialogue, inbox)
    try:
        yield sending
    finally:
        pace.closing = True
        await inbox.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *background, return_exceptions=True)


def _both(first: Observe, second: Observe) -> Observe:
    def observe(observed: Observed) -> None:
        first(observed)
        second(observed)

    return observe


def _readdress(dialogue: Dialogue) -> None:
    if (desk := dialogue.desk) is not None:
        dialogue.store.readdress(desk)


def _make_fallback_calls(dialogue: Dialogue, outgoing: Outgoing, reason: str) -> list[Outgoing]:
    """What is sent in place of a call that failed: its text alone, or word to the other side of a request."""
    text = None if outgoing.request else without_file(outgoing)
    return [text] if text else unasked(undelivered(dialogue, outgoing, reason), dialogue.desk)


def _threadsafe(
    loop: asyncio.AbstractEventLoop, function: Callable[..., None], *values: object
) -> Callable[[], None]:
    def later() -> None:
        loop.call_soon_threadsafe(function, *values)

    return later


async def _typing(bot: Bot, chat_id: int) -> None:
    with contextlib.suppress(TelegramError):  # a courtesy; the answer comes all the same
        await bot.send_chat_action(chat_id, "typing")


async def first_of(stop: asyncio.Event, *parts: "asyncio.Task[None] | None") -> None:
    """Wait until stopped or until a part ends; its error ends the bot, rather than leaving it deaf or mute."""
    works = [part for part in parts if part is not None]
    waiting = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait({*works, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    for task in works:
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
            wait = backoff(min(attempt, STORE_TRIES))
            known = isinstance(error, GwError)
            said = str(error) if known else type(error).__name__
            log.error("a task of the bot failed, and begins again in %.0f s: %s", wait, said, exc_info=not known)
        await sleep(wait)
