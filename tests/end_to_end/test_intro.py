"""The introduction in a private chat: left and taken up again, led to by links. test_walks.py taps every button."""

import pytest

from bot.sandbox.fake_telegram import MessageView, User
from bot.settings import Settings
from index.search.live_index import LiveIndex
from tests.end_to_end.conftest import running


@pytest.mark.usefixtures("polling")
async def test_a_question_in_the_middle_leads_back(ada: User) -> None:
    """The answer names its source and has the way back, in a new message; the page itself stays as it was."""
    ada.send_text("/start intro-4")
    page = await ada.wait_for_reply()
    ada.send_text("Was macht eine Backbone-Organisation?")
    answer = await ada.wait_for_reply()
    again = await ada.wait_for_reply(ada.tap_button("Weiter mit Schritt 4"))

    assert "Quelle" in answer.text
    assert again.id > answer.id
    assert again.text == page.text
    assert ada.bot_messages()[0].text == page.text


async def test_the_place_is_kept_across_restarts(bot_settings: Settings, live: LiveIndex, ada: User) -> None:
    """After a new start of the bot the person is greeted with where they were, and goes on there."""
    async with running(bot_settings, live):
        ada.send_text("/start intro")
        await ada.wait_for_reply()
        await ada.wait_for_reply(ada.tap_button("Kommune"))
        await ada.wait_for_reply(ada.tap_button("Weiter ›"))
    async with running(bot_settings, live):
        ada.send_text("/start")
        greeting = await ada.wait_for_reply()
        page = await ada.wait_for_reply(ada.tap_button("Weiter mit Schritt 2"))
        last = await _last(ada)

    assert "Schritt 2 von 9" in greeting.text
    assert "Schritt 2 von 9" in page.text
    assert "Für Ihre Kommune" in last.text


async def _last(ada: User) -> MessageView:
    ada.send_text("/start intro-9")
    return await ada.wait_for_reply()


@pytest.mark.usefixtures("polling")
async def test_cancel_leaves_the_introduction(ada: User) -> None:
    """/abbrechen ends it, and answers no longer lead back; the command still knows the step."""
    ada.send_text("/start intro-5")
    await ada.wait_for_reply()
    ada.send_text("/abbrechen")
    left = await ada.wait_for_reply()
    ada.send_text("Was ist ein Backbone?")
    answer = await ada.wait_for_reply()
    ada.send_text("/einfuehrung")

    assert "Schritt 5" in left.text
    assert "Weiter mit Schritt 5" not in answer.button_labels
    assert "Schritt 5 von 9" in (await ada.wait_for_reply()).text


@pytest.mark.usefixtures("polling")
async def test_a_changed_language_goes_on_in_it(ada: User) -> None:
    """The language is switched in the middle, and the way back is in the new one."""
    ada.send_text("/start intro-3")
    await ada.wait_for_reply()
    ada.send_text("/sprache")
    await ada.wait_for_reply()
    told = await ada.wait_for_reply(ada.tap_button("English"))
    page = await ada.wait_for_reply(ada.tap_button("Go on with step 3"))

    assert "English" in told.text
    assert "Step 3 of 9" in page.text


@pytest.mark.usefixtures("polling")
async def test_progress_reaches_the_request(ada: User) -> None:
    """A request for advice can take along how far the person is, and also leave it out."""
    ada.send_text("/start intro-3")
    await ada.wait_for_reply()
    ada.send_text("/beratung")
    for text in ("Rat gesucht", "Brücken e. V."):
        await ada.wait_for_reply()
        ada.send_text(text)
    await ada.wait_for_reply()
    for label in ("Verein oder NPO", "Überspringen", "Hier bei Telegram", "Überspringen"):
        summary = await ada.wait_for_reply(ada.tap_button(label))
    without = await ada.wait_for_reply(ada.tap_button("☑ Stand der Einführung"))

    assert "Schritt 3 von 9" in summary.text
    assert "Schritt 3 von 9" not in without.text
