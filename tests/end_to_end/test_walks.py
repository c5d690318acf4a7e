"""Every button of the introduction, the self-check and sharing is found and tapped, in each language."""

import time
from collections.abc import AsyncIterator, Callable

import pytest

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.flows.callback_data import INTRO_CALLBACK, SELFCHECK_CALLBACK
from bot.flows.selfcheck import callbacks
from bot.sandbox.fake_telegram import FakeTelegram, MessageView, User
from bot.settings import Settings
from index.search.live_index import LiveIndex
from knowledge.loader import BUILT_IN
from knowledge.records.entry import LEICHTE_SPRACHE
from knowledge.records.intro import read_steps, steps_in_language
from knowledge.records.selfcheck import SELFCHECK_FOLDER, read_selfchecks
from tests.conftest import Clock
from tests.end_to_end.conftest import running
from tests.end_to_end.walker import LINK, Walker
from tests.support.intro_pages import IntroPage, target_page

Pause = Callable[[], None]
STEPS = read_steps(BUILT_IN / "intro")
CHECKS = read_selfchecks(BUILT_IN / SELFCHECK_FOLDER)


@pytest.fixture
def clock() -> Clock:
    """How far the bot's clock is ahead, in seconds."""
    return Clock(0.0)


@pytest.fixture
def pause(clock: Clock) -> Pause:
    """Advances the clock by two seconds."""

    def advance() -> None:
        clock.now += 2.0

    return advance


@pytest.fixture
async def polling(bot_settings: Settings, live: LiveIndex, clock: Clock) -> AsyncIterator[None]:
    """A running bot that polls and whose clock can be advanced."""
    async with running(bot_settings, live, clock=lambda: time.time() + clock()):
        yield


async def add_person(fake_telegram: FakeTelegram, lang: str) -> User:
    """Add a user who reads this language."""
    ada = fake_telegram.add_user("Ada", language_code=lang[:2], started=True)
    if lang == LEICHTE_SPRACHE:  # Telegram has no language code for it
        ada.send_text("/sprache")
        await ada.wait_for_reply()
        await ada.wait_for_reply(ada.tap_button("Leichte Sprache"))
    return ada


def button_data(seen: MessageView) -> list[str]:
    return [button.data for row in seen.buttons for button in row if button.data]


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize("lang", SUPPORTED_LANGUAGES)
async def test_introduction(fake_telegram: FakeTelegram, bot_settings: Settings, pause: Pause, lang: str) -> None:
    """For every audience, every button of every page leads on, and every page is reached.

    The first page asks for the audience: each of its buttons is walked by a user of its own, in one of the languages,
    because only texts depend on it (tests/bot checks all of them). Exits are tried once per language.
    """
    explorer = await add_person(fake_telegram, lang)
    explorer.send_text("/einfuehrung")
    audiences = button_data(await explorer.wait_for_reply())
    tried_outside: set[str] = set()
    for data in audiences[SUPPORTED_LANGUAGES.index(lang) :: len(SUPPORTED_LANGUAGES)]:
        walker = Walker(
            fake_telegram,
            bot_settings.sqlite_path,
            await add_person(fake_telegram, lang),
            "/einfuehrung",
            lang,
            (INTRO_CALLBACK,),
            pause,
            tried_outside,
        )
        await walker.send_text(walker.start_text)
        await walker.try_target(walker.messages[-1], data)
        walker.excluded = frozenset(audiences)
        await walker.walk()
        pages = [target_page(name) for name in walker.tried]

        assert walker.problems == []
        assert pages.count(IntroPage.REPLY) == sum(len(step.choices) for step in steps_in_language(STEPS, lang))
        assert {f"{INTRO_CALLBACK}{step.number}" for step in steps_in_language(STEPS, lang)} <= walker.tried
        assert {IntroPage.OVERVIEW, IntroPage.PAUSED, IntroPage.AUDIENCE} <= set(pages)
    assert len(audiences) > 1
    assert {SELFCHECK_CALLBACK + "start", "talk", "t:pdf"} < tried_outside


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize("lang", SUPPORTED_LANGUAGES)
async def test_selfcheck(fake_telegram: FakeTelegram, bot_settings: Settings, pause: Pause, lang: str) -> None:
    """From a link with the code of two others, every button can be reached and has an effect."""
    code = await complete_as_two(fake_telegram, bot_settings, pause, lang)
    ada = await add_person(fake_telegram, lang)
    walker = Walker(
        fake_telegram,
        bot_settings.sqlite_path,
        ada,
        "/selbstcheck",
        lang,
        (SELFCHECK_CALLBACK, f"{LINK}check-"),
        pause,
    )
    await walker.send_text(f"/start check-{code}")
    await walker.walk()

    assert walker.problems == []
    tapped = {name.split(":")[1] for name in walker.tried if name.startswith(SELFCHECK_CALLBACK)}
    assert tapped | {"start"} == {*callbacks.SELFCHECK_ACTIONS, "advise"}
    questions = next(check.questions for check in CHECKS if check.lang == lang)
    answered = {name for name in walker.tried if name.startswith(f"{SELFCHECK_CALLBACK}a:")}
    assert answered == {f"{SELFCHECK_CALLBACK}a:{question.id}:{level}" for question in questions for level in "0123x"}
    assert {"photo", "document"} <= {seen.kind for seen in walker.messages}


async def complete_as_two(fake_telegram: FakeTelegram, bot_settings: Settings, pause: Pause, lang: str) -> str:
    """Let two people complete the self-check together; return their code."""
    code = ""
    for _ in range(2):
        member = await add_person(fake_telegram, lang)
        walker = Walker(
            fake_telegram, bot_settings.sqlite_path, member, "/selbstcheck", lang, (SELFCHECK_CALLBACK,), pause
        )
        await walker.send_text("/selbstcheck" if not code else f"/start check-{code}")
        for action in () if code else ("team", "create"):
            await walker.try_target(
                walker.messages[-1], next(data for data in button_data(walker.messages[-1]) if action in data)
            )
        code = code or next(data for data in button_data(walker.messages[-1]) if ":in:" in data).rpartition(":")[2]
        await walker.try_target(walker.messages[-1], f"{SELFCHECK_CALLBACK}in:{code}")
        while answers := [
            data for data in button_data(walker.messages[-1]) if data.startswith(f"{SELFCHECK_CALLBACK}a:")
        ]:
            await walker.try_target(walker.messages[-1], answers[0])
        assert walker.problems == []
    return code


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize("lang", SUPPORTED_LANGUAGES)
async def test_sharing(fake_telegram: FakeTelegram, bot_settings: Settings, pause: Pause, lang: str) -> None:
    """Sharing a step leads to that step, or to the bot as a whole."""
    ada = await add_person(fake_telegram, lang)
    ada.send_text("/start intro-2")
    await ada.wait_for_reply()
    walker = Walker(fake_telegram, bot_settings.sqlite_path, ada, "/teilen", lang, ("share:",), pause)
    await walker.walk()

    assert walker.problems == []
    assert walker.tried == {f"{LINK}intro-2", "share:bot"}
