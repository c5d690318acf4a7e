"""The introduction in a private chat: every button walked, left and taken up again, led to by links."""

import pytest

from bot.flows.intro import STEP, Page
from bot.flows.intro_buttons import leads_to
from bot.language import EASY
from bot.sandbox.standin import Seen, StandIn, User
from bot.settings import Settings
from index.live import LiveIndex
from knowledge.folder import HOUSE
from knowledge.intro import AUDIENCES, read_steps
from tests.telegram.conftest import running

STEPS = read_steps(HOUSE / "intro")
LANGUAGES = sorted({step.lang for step in STEPS})
BEGIN = {"en": "/intro", "de": "/einfuehrung"}
OUTSIDE = "k:"  # the self-check has its own walk
ALL, TALK = f"{STEP}all:", "talk"


def found(page: Seen) -> list[str]:
    """The data of a message's buttons, without those that are walked elsewhere."""
    return [str(button.data) for row in page.buttons for button in row if not str(button.data).startswith(OUTSIDE)]


async def tapped(ada: User, page: Seen, data: str) -> Seen:
    """What the tap on this button brings: the page changed in place, or a new message below it."""
    ada.taps_on(page, data)
    reply = await ada.wait_reply()
    assert reply.text
    assert len(reply.text) <= (4096 if reply.kind == "text" else 1024)
    if not data.startswith(STEP):
        in_the_middle = "○" in page.text and data != TALK
        assert in_the_middle <= any(leads_to(other) for other in found(reply)), data
        assert reply.id > page.id
        if data == TALK:  # the form is left again
            ada.says("/abbrechen")
            await ada.wait_reply()
    return reply


async def walked(ada: User, page: Seen, audience: str) -> dict[str, Page]:
    """Tap every button that any page shows, once; the pages that were seen, by the button that leads to each."""
    begin, at = f"{STEP}a:{audience}", f"{STEP}1"
    page = await tapped(ada, page, begin)
    message, seen, pages, done = page.id, {at: Page.STEP}, {at: page}, set[str]()
    while waiting := [name for name, shown in pages.items() if _untapped(shown, done)]:
        if at not in waiting:
            at = waiting[0]
            for button in (begin, ALL, at.rpartition(":")[0], at):  # from any page to any other
                page = await tapped(ada, page, button) if button in found(page) else page
        data = _untapped(pages[at], done)[0]
        done.add(data)
        reply = await tapped(ada, page, data)
        if target := leads_to(data):
            assert reply.id == message
            page, at, seen[data], pages[data] = reply, data, target, reply
    return seen


def _untapped(page: Seen, done: set[str]) -> list[str]:
    """Those that choose another audience begin another walk."""
    return [data for data in found(page) if data not in done and not data.startswith(f"{STEP}a:")]


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize("lang", LANGUAGES)
async def test_every_button_of_every_page_leads_on(standin: StandIn, lang: str) -> None:
    """For each audience every button of each page brings a reply, all pages are met, and none is a dead end."""
    for audience in (*AUDIENCES, ""):
        ada = standin.user("Ada", language_code=lang[:2], started=True)
        if lang == EASY:  # no code of Telegram leads there
            ada.says("/sprache")
            await ada.wait_reply()
            await ada.wait_reply(ada.taps("Leichte Sprache"))
        ada.says(BEGIN.get(lang, "/einfuehrung"))
        seen = await walked(ada, await ada.wait_reply(), audience)

        met = list(seen.values())
        assert met.count(Page.STEP) == 9
        assert met.count(Page.REPLY) == sum(len(step.choices) for step in STEPS if step.lang == lang)
        assert {Page.OVERVIEW, Page.PAUSED, Page.AUDIENCE} <= set(met)


@pytest.mark.usefixtures("polling")
async def test_a_question_in_the_middle_leads_back(ada: User) -> None:
    """The answer names its source and has the way back, in a new message; the page itself stays as it was."""
    ada.says("/start intro-4")
    page = await ada.wait_reply()
    ada.says("Was macht eine Backbone-Organisation?")
    answer = await ada.wait_reply()
    again = await ada.wait_reply(ada.taps("Weiter mit Schritt 4"))

    assert "Quelle" in answer.text
    assert again.id > answer.id
    assert again.text == page.text
    assert ada.sees()[0].text == page.text


async def test_the_place_is_kept_across_restarts(bot_settings: Settings, live: LiveIndex, ada: User) -> None:
    """After a new start of the bot the person is greeted with where they were, and goes on there."""
    async with running(bot_settings, live):
        ada.says("/start intro")
        await ada.wait_reply()
        await ada.wait_reply(ada.taps("Kommune"))
        await ada.wait_reply(ada.taps("Weiter ›"))
    async with running(bot_settings, live):
        ada.says("/start")
        greeting = await ada.wait_reply()
        page = await ada.wait_reply(ada.taps("Weiter mit Schritt 2"))
        last = await _last(ada)

    assert "Schritt 2 von 9" in greeting.text
    assert "Schritt 2 von 9" in page.text
    assert "Für Ihre Kommune" in last.text


async def _last(ada: User) -> Seen:
    ada.says("/start intro-9")
    return await ada.wait_reply()


@pytest.mark.usefixtures("polling")
async def test_cancel_leaves_the_introduction(ada: User) -> None:
    """/abbrechen ends it, and answers no longer lead back; the command still knows the step."""
    ada.says("/start intro-5")
    await ada.wait_reply()
    ada.says("/abbrechen")
    left = await ada.wait_reply()
    ada.says("Was ist ein Backbone?")
    answer = await ada.wait_reply()
    ada.says("/einfuehrung")

    assert "Schritt 5" in left.text
    assert "Weiter mit Schritt 5" not in answer.labels
    assert "Schritt 5 von 9" in (await ada.wait_reply()).text


@pytest.mark.usefixtures("polling")
async def test_a_changed_language_goes_on_in_it(ada: User) -> None:
    """The language is switched in the middle, and the way back is in the new one."""
    ada.says("/start intro-3")
    await ada.wait_reply()
    ada.says("/sprache")
    await ada.wait_reply()
    told = await ada.wait_reply(ada.taps("English"))
    page = await ada.wait_reply(ada.taps("Go on with step 3"))

    assert "English" in told.text
    assert "Step 3 of 9" in page.text


@pytest.mark.usefixtures("polling")
async def test_progress_reaches_the_request(ada: User) -> None:
    """A request for advice can take along how far the person is, and also leave it out."""
    ada.says("/start intro-3")
    await ada.wait_reply()
    ada.says("/beratung")
    for text in ("Rat gesucht", "Brücken e. V."):
        await ada.wait_reply()
        ada.says(text)
    await ada.wait_reply()
    for label in ("Verein oder NPO", "Überspringen", "Hier bei Telegram", "Überspringen"):
        summary = await ada.wait_reply(ada.taps(label))
    without = await ada.wait_reply(ada.taps("☑ Stand der Einführung"))

    assert "Schritt 3 von 9" in summary.text
    assert "Schritt 3 von 9" not in without.text
