"""Telegram's limits, over HTTP, against a fake Telegram that watches them."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from telegram import Bot
from telegram.error import NetworkError, RetryAfter

from bot.app.bootstrap import open_store_from_settings
from bot.pipeline.rate_limiter import MINUTE, TELEGRAM_LIMITS, RateLimiter
from bot.sandbox.fake_telegram import FakeTelegram, FaultKind, Group, User
from bot.settings import Settings
from bot.store import Store
from bot.telegram.rate_limited_request import RateLimitedRequest
from index.search.live_index import LiveIndex
from tests.bot.pipeline.test_outbox import BUSY, faulty
from tests.conftest import Clock
from tests.end_to_end.conftest import running, wait_for_text


@pytest.fixture
def fake_telegram() -> Iterator[FakeTelegram]:
    """Telegram's part; at the end no call may have come too early, too fast, or against the rules."""
    with FakeTelegram(enforce_limits=True) as started:
        yield started
        assert started.violations == []


@pytest.fixture
async def limited(bot_settings: Settings, live: LiveIndex) -> AsyncIterator[None]:
    """A bot that polls, within Telegram's limits."""
    async with running(bot_settings, live, limits=TELEGRAM_LIMITS):
        yield


@pytest.mark.usefixtures("limited")
async def test_conversation_keeps_the_limits(fake_telegram: FakeTelegram, ada: User) -> None:
    """A person who writes and taps fast gets all answers in order, none faster than Telegram allows."""
    ada.send_text("Was ist Gemeinsam Wirken?")
    await wait_for_text(fake_telegram, ada, "Gemeinsam Wirken")
    ada.tap_button("Mit einem Menschen")
    ada.send_text("/datenschutz")
    await fake_telegram.wait_for(lambda: len(fake_telegram.calls_to("sendMessage")) > 2)

    assert fake_telegram.calls_to("answerCallbackQuery")


@pytest.mark.usefixtures("limited")
async def test_refused_chat_holds_up_nobody(fake_telegram: FakeTelegram, ada: User, bea: User) -> None:
    """While one chat is refused for an hour, and asks on, another is answered; the refused one is left alone."""
    fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, 100, ada, retry_after=3600)
    for _ in range(20):
        ada.send_text("Was ist Gemeinsam Wirken?")
    await fake_telegram.wait_for(
        lambda: [call for call in fake_telegram.calls_to("sendMessage") if call.status == 429]
    )
    bea.send_text("/start")
    await fake_telegram.wait_for(lambda: bea.bot_messages())

    assert len([call for call in fake_telegram.calls_to("sendMessage") if call.params["chat_id"] == ada.id]) == 1


async def test_refusal_is_obeyed_after_a_restart(
    fake_telegram: FakeTelegram, bot_settings: Settings, live: LiveIndex, ada: User, bea: User
) -> None:
    """A bot that is started anew within the time of a refusal sends nothing to that chat, not even something new."""
    fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, 1, ada, retry_after=3600)
    async with running(bot_settings, live, limits=TELEGRAM_LIMITS):
        ada.send_text("/start")
        await fake_telegram.wait_for(
            lambda: [call for call in fake_telegram.calls_to("sendMessage") if call.status == 429]
        )
    store = open_store_from_settings(bot_settings)
    for queued in store.outbox.due_calls(1e12):
        store.outbox.mark_failed(queued.id, "gone")  # as where the person has all that is theirs deleted
    assert ada.id in store.outbox.rate_limits()
    store.close()

    async with running(bot_settings, live, limits=TELEGRAM_LIMITS):
        ada.send_text("/hilfe")
        bea.send_text("/start")
        await fake_telegram.wait_for(lambda: bea.bot_messages())
        await fake_telegram.wait_for(lambda: fake_telegram.updates_confirmed)

    assert len([call for call in fake_telegram.calls_to("sendMessage") if call.params["chat_id"] == ada.id]) == 1


class Paced:
    """The client alone, on a clock that goes on while it waits."""

    def __init__(self, fake_telegram: FakeTelegram, store: Store, clock: Clock) -> None:
        self.clock, self.pace = clock, RateLimiter(TELEGRAM_LIMITS, clock.now - 60)
        self.bot = Bot(
            fake_telegram.token,
            base_url=fake_telegram.base_url,
            request=RateLimitedRequest(self.pace, store, clock, self.rest),
        )
        self.waited = list[float]()

    async def rest(self, seconds: float) -> None:
        """Let time pass."""
        self.waited.append(seconds)
        self.clock.now += seconds
        await asyncio.sleep(0)


async def test_every_call_that_counts_is_paced(store: Store, clock: Clock, bea: User) -> None:
    """Opening a topic, writing and pinning in it are a second apart, and what a group got is written down."""
    with FakeTelegram() as fake_telegram:
        owner = fake_telegram.add_user("Bea")
        forum: Group = fake_telegram.add_group("Beratung", [owner], forum=True, bot_is_admin=True)
        paced = Paced(fake_telegram, store, clock)
        async with paced.bot:
            topic = await paced.bot.create_forum_topic(forum.id, "Anfrage")
            sent = await paced.bot.send_message(forum.id, "Karte", message_thread_id=topic.message_thread_id)
            await paced.bot.pin_chat_message(forum.id, sent.message_id)
            await paced.bot.send_chat_action(forum.id, "typing")

    assert paced.waited == [pytest.approx(1), pytest.approx(1)]
    assert [chat for chat, _ in store.outbox.group_calls(0)] == [forum.id] * 3


async def test_call_that_could_not_be_noted_shuts_no_group(store: Store, clock: Clock, bea: User) -> None:
    """Where the store is away when a group's call is to be noted it is not made, and the group is free afterwards."""
    with FakeTelegram() as fake_telegram:
        group = fake_telegram.add_group("Beratung", [fake_telegram.add_user("Bea")], bot_is_admin=True)
        paced = Paced(fake_telegram, faulty(store, record_group_call=[BUSY, None]), clock)
        async with paced.bot:
            with pytest.raises(NetworkError, match="it is busy"):
                await paced.bot.send_message(group.id, "eins")
            clock.now += MINUTE
            resting = paced.pace.paused_chats(clock())
            await paced.bot.send_message(group.id, "zwei")

    assert resting == []
    assert [call.params["text"] for call in fake_telegram.calls_to("sendMessage")] == ["zwei"]


async def test_nothing_is_asked_while_telegram_refuses_all(store: Store, clock: Clock) -> None:
    """Where three chats are refused at once, no call is made to any chat until the end, and it is written down."""
    with FakeTelegram() as fake_telegram:
        people = [fake_telegram.add_user(name, started=True) for name in "abcd"]
        paced = Paced(fake_telegram, store, clock)
        fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, 3, retry_after=30)
        async with paced.bot:
            for person in people:
                with pytest.raises(RetryAfter):
                    await paced.bot.send_message(person.id, "Hallo")
            with pytest.raises(RetryAfter):
                await paced.bot.send_chat_action(people[3].id, "typing")
            made = len(fake_telegram.calls_to("sendMessage"))
            clock.now += 31
            await paced.bot.send_message(people[3].id, "Hallo")

    assert made == 3
    assert set(store.outbox.rate_limits()) == {0, *(person.id for person in people[:3])}
