"""The composition root: the only place that wires parts together."""

import asyncio
import contextlib
import functools
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

from telegram import Bot, User
from telegram.error import TelegramError

from bot.answer import Answerer
from bot.flows.dialogue import Advisers, Dialogue
from bot.flows.undelivered import undelivered
from bot.handlers import profile
from bot.handlers.connecting import client, delete_webhook, set_webhook, until_reached
from bot.handlers.delivery import Delivery
from bot.handlers.incoming import chat_key, only_newest
from bot.handlers.membership import membership
from bot.handlers.offering import send_offer
from bot.handlers.outgoing import unasked, without_file
from bot.handlers.pacing import PacedRequest
from bot.handlers.polling import poll
from bot.handlers.turns import Observe, Observed, Turns, unobserved
from bot.handlers.watch import watch
from bot.inbox import Inbox
from bot.monitor import Monitor
from bot.outbox import Outbox
from bot.pace import TELEGRAM, Limits, Pace
from bot.postman import post
from bot.selfcheck import CODE_LENGTH, LETTERS
from bot.serving import first_of, restart_on_error, serving
from bot.settings import Settings
from bot.site import Site
from bot.store import Outgoing, SqlStore, Store
from bot.store.factory import opened
from bot.store.protocol import POLLING
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
        lambda: profile.publish(bot, settings.language, lambda: dialogue.desk),
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
