"""Every button of the introduction, the self-check and of sharing is found and tapped, in each language."""

import time
from collections.abc import AsyncIterator, Callable

import pytest

from bot.answering.language import EASY, OURS
from bot.flows.callback_data import CHECK, STEP
from bot.flows.intro import Page
from bot.flows.intro_buttons import leads_to
from bot.flows.selfcheck import callbacks
from bot.sandbox.fake_telegram import Seen, StandIn, User
from bot.settings import Settings
from index.search.live_index import LiveIndex
from knowledge.loader import HOUSE
from knowledge.records.intro import read_steps, steps_in
from knowledge.records.selfcheck import SELFCHECK, read_selfchecks
from tests.conftest import Clock
from tests.telegram.conftest import running
from tests.telegram.walker import LINK, Walker

Pause = Callable[[], None]
STEPS = read_steps(HOUSE / "intro")
CHECKS = read_selfchecks(HOUSE / SELFCHECK)


@pytest.fixture
def clock() -> Clock:
    """How far the bot's clock is ahead, in seconds."""
    return Clock(0.0)


@pytest.fixture
def pause(clock: Clock) -> Pause:
    """Lets two seconds pass."""

    def passes() -> None:
        clock.now += 2.0

    return passes


@pytest.fixture
async def polling(bot_settings: Settings, live: LiveIndex, clock: Clock) -> AsyncIterator[None]:
    """A bot that polls, by a clock that can be set on."""
    async with running(bot_settings, live, clock=lambda: time.time() + clock()):
        yield


async def person(standin: StandIn, lang: str) -> User:
    """Somebody who reads this language."""
    ada = standin.user("Ada", language_code=lang[:2], started=True)
    if lang == EASY:  # no code of Telegram leads there
        ada.says("/sprache")
        await ada.wait_reply()
        await ada.wait_reply(ada.taps("Leichte Sprache"))
    return ada


def datas(seen: Seen) -> list[str]:
    return [button.data for row in seen.buttons for button in row if button.data]


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize("lang", OURS)
async def test_introduction(standin: StandIn, bot_settings: Settings, pause: Pause, lang: str) -> None:
    """For whomever the examples are, every button of every page leads on, and all pages are met.

    The first page asks for whom: each of its buttons is walked by somebody of their own, in one of the languages,
    since only texts differ by it (tests/bot looks at all of them). What leads out is tried once a language.
    """
    first = await person(standin, lang)
    first.says("/einfuehrung")
    parting = datas(await first.wait_reply())
    elsewhere: set[str] = set()
    for data in parting[OURS.index(lang) :: len(OURS)]:
        walker = Walker(
            standin,
            bot_settings.database,
            await person(standin, lang),
            "/einfuehrung",
            lang,
            (STEP,),
            pause,
            elsewhere,
        )
        await walker.says(walker.begin)
        await walker.tries(walker.met[-1], data)
        walker.apart = frozenset(parting)
        await walker.walk()
        pages = [leads_to(name) for name in walker.tried]

        assert walker.problems == []
        assert pages.count(Page.REPLY) == sum(len(step.choices) for step in steps_in(STEPS, lang))
        assert {f"{STEP}{step.number}" for step in steps_in(STEPS, lang)} <= walker.tried
        assert {Page.OVERVIEW, Page.PAUSED, Page.AUDIENCE} <= set(pages)
    assert len(parting) > 1
    assert {CHECK + "start", "talk", "t:pdf"} < elsewhere


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize("lang", OURS)
async def test_selfcheck(standin: StandIn, bot_settings: Settings, pause: Pause, lang: str) -> None:
    """From a link with the code of two others, every button there is can be reached, and is of use."""
    code = await shared_by_two(standin, bot_settings, pause, lang)
    ada = await person(standin, lang)
    walker = Walker(standin, bot_settings.database, ada, "/selbstcheck", lang, (CHECK, f"{LINK}check-"), pause)
    await walker.says(f"/start check-{code}")
    await walker.walk()

    assert walker.problems == []
    tapped = {name.split(":")[1] for name in walker.tried if name.startswith(CHECK)}
    assert tapped | {"start"} == set(callbacks.TAPS)
    questions = next(check.questions for check in CHECKS if check.lang == lang)
    answered = {name for name in walker.tried if name.startswith(f"{CHECK}a:")}
    assert answered == {f"{CHECK}a:{one.id}:{level}" for one in questions for level in "0123x"}
    assert {"photo", "document"} <= {seen.kind for seen in walker.met}


async def shared_by_two(standin: StandIn, bot_settings: Settings, pause: Pause, lang: str) -> str:
    """The code of two people who filled in the self-check."""
    code = ""
    for _ in range(2):
        one = await person(standin, lang)
        walker = Walker(standin, bot_settings.database, one, "/selbstcheck", lang, (CHECK,), pause)
        await walker.says("/selbstcheck" if not code else f"/start check-{code}")
        for action in () if code else ("team", "create"):
            await walker.tries(walker.met[-1], next(data for data in datas(walker.met[-1]) if action in data))
        code = code or next(data for data in datas(walker.met[-1]) if ":in:" in data).rpartition(":")[2]
        await walker.tries(walker.met[-1], f"{CHECK}in:{code}")
        while answers := [data for data in datas(walker.met[-1]) if data.startswith(f"{CHECK}a:")]:
            await walker.tries(walker.met[-1], answers[0])
        assert walker.problems == []
    return code


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize("lang", OURS)
async def test_sharing(standin: StandIn, bot_settings: Settings, pause: Pause, lang: str) -> None:
    """What is shared of a step leads to that step, and to the bot as a whole."""
    ada = await person(standin, lang)
    ada.says("/start intro-2")
    await ada.wait_reply()
    walker = Walker(standin, bot_settings.database, ada, "/teilen", lang, ("share:",), pause)
    await walker.walk()

    assert walker.problems == []
    assert walker.tried == {f"{LINK}intro-2", "share:bot"}
