"""Telegram's rate limits, over HTTP, against a fake Telegram that enforces them."""

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
    """A fake Telegram that enforces rate limits; fails the test if any call came too early or broke a rule."""
    with FakeTelegram(enforce_limits=True) as started:
        yield started
        assert started.violations == []


@pytest.fixture
async def limited(bot_settings: Settings, live: LiveIndex) -> AsyncIterator[None]:
    """A running bot that polls and keeps within Telegram's limits."""
    async with running(bot_settings, live, limits=TELEGRAM_LIMITS):
        yield


@pytest.mark.usefixtures("limited")
async def test_conversation_keeps_within_the_limits(fake_telegram: FakeTelegram, ada: User) -> None:
    """A person who writes and taps fast gets all answers in order, at the pace that Telegram allows."""
    ada.send_text("Was ist Gemeinsam Wirken?")
    await wait_for_text(fake_telegram, ada, "Gemeinsam Wirken")
    ada.tap_button("👤 Beratung")
    ada.send_text("/datenschutz")
    await fake_telegram.wait_for(lambda: len(fake_telegram.calls_to("sendMessage")) > 2)

    assert fake_telegram.calls_to("answerCallbackQuery")


@pytest.mark.usefixtures("limited")
async def test_rate_limited_chat_delays_nobody_else(fake_telegram: FakeTelegram, ada: User, bea: User) -> None:
    """While one chat is rate-limited for an hour it is not called again, and others are answered."""
    fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, 100, ada, retry_after=3600)
    for _ in range(20):
        ada.send_text("Was ist Gemeinsam Wirken?")
    await fake_telegram.wait_for(
        lambda: [call for call in fake_telegram.calls_to("sendMessage") if call.status == 429]
    )
    bea.send_text("/start")
    await fake_telegram.wait_for(lambda: bea.bot_messages())

    assert len([call for call in fake_telegram.calls_to("sendMessage") if call.params["chat_id"] == ada.id]) == 1


async def test_rate_limit_applies_after_a_restart(
    fake_telegram: FakeTelegram, bot_settings: Settings, live: LiveIndex, ada: User, bea: User
) -> None:
    """A bot that restarts while a chat is rate-limited sends nothing to it, not even new messages."""
    fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, 1, ada, retry_after=3600)
    async with running(bot_settings, live, limits=TELEGRAM_LIMITS):
        ada.send_text("/start")
        await fake_telegram.wait_for(
            lambda: [call for call in fake_telegram.calls_to("sendMessage") if call.status == 429]
        )
    store = open_store_from_settings(bot_settings)
    for queued in store.outbox.due_calls(1e12):
        store.outbox.mark_failed(queued.id, "gone")  # as when the person deletes all their data
    assert ada.id in store.outbox.rate_limits()
    store.close()

    async with running(bot_settings, live, limits=TELEGRAM_LIMITS):
        ada.send_text("/hilfe")
        bea.send_text("/start")
        await fake_telegram.wait_for(lambda: bea.bot_messages())
        await fake_telegram.wait_for(lambda: fake_telegram.updates_confirmed)

    assert len([call for call in fake_telegram.calls_to("sendMessage") if call.params["chat_id"] == ada.id]) == 1


class RateLimitedClient:
    """The rate-limited client alone, with a clock that advances while it waits."""

    def __init__(self, fake_telegram: FakeTelegram, store: Store, clock: Clock) -> None:
        self.clock, self.pace = clock, RateLimiter(TELEGRAM_LIMITS, clock.now - 60)
        self.bot = Bot(
            fake_telegram.token,
            base_url=fake_telegram.base_url,
            request=RateLimitedRequest(self.pace, store, clock, self.sleep),
        )
        self.waited = list[float]()

    async def sleep(self, seconds: float) -> None:
        """Advance the clock instead of waiting."""
        self.waited.append(seconds)
        self.clock.now += seconds
        await asyncio.sleep(0)


async def test_calls_to_a_group_are_paced(store: Store, clock: Clock, bea: User) -> None:
    """Creating a topic, writing and pinning in it are a second apart, and the group's calls are stored."""
    with FakeTelegram() as fake_telegram:
        owner = fake_telegram.add_user("Bea")
        forum: Group = fake_telegram.add_group("Beratung", [owner], forum=True, bot_is_admin=True)
        client = RateLimitedClient(fake_telegram, store, clock)
        async with client.bot:
            topic = await client.bot.create_forum_topic(forum.id, "Anfrage")
            sent = await client.bot.send_message(forum.id, "Karte", message_thread_id=topic.message_thread_id)
            await client.bot.pin_chat_message(forum.id, sent.message_id)
            await client.bot.send_chat_action(forum.id, "typing")

    assert client.waited == [pytest.approx(1), pytest.approx(1)]
    assert [chat for chat, _ in store.outbox.group_calls(0)] == [forum.id] * 3


async def test_unrecorded_call_does_not_block_the_group(store: Store, clock: Clock, bea: User) -> None:
    """A group call that the store cannot record is not made, and the group is free afterwards."""
    with FakeTelegram() as fake_telegram:
        group = fake_telegram.add_group("Beratung", [fake_telegram.add_user("Bea")], bot_is_admin=True)
        client = RateLimitedClient(fake_telegram, faulty(store, record_group_call=[BUSY, None]), clock)
        async with client.bot:
            with pytest.raises(NetworkError, match="it is busy"):
                await client.bot.send_message(group.id, "eins")
            clock.now += MINUTE
            paused = client.pace.paused_chats(clock())
            await client.bot.send_message(group.id, "zwei")

    assert paused == []
    assert [call.params["text"] for call in fake_telegram.calls_to("sendMessage")] == ["zwei"]


async def test_nothing_is_sent_while_telegram_limits_all_chats(store: Store, clock: Clock) -> None:
    """After three chats were rate-limited at once, nothing is sent until the limit ends, and it is stored."""
    with FakeTelegram() as fake_telegram:
        people = [fake_telegram.add_user(name, started=True) for name in "abcd"]
        client = RateLimitedClient(fake_telegram, store, clock)
        fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, 3, retry_after=30)
        async with client.bot:
            for person in people:
                with pytest.raises(RetryAfter):
                    await client.bot.send_message(person.id, "Hallo")
            with pytest.raises(RetryAfter):
                await client.bot.send_chat_action(people[3].id, "typing")
            sent_before = len(fake_telegram.calls_to("sendMessage"))
            clock.now += 31
            await client.bot.send_message(people[3].id, "Hallo")

    assert sent_before == 3
    assert set(store.outbox.rate_limits()) == {0, *(person.id for person in people[:3])}
