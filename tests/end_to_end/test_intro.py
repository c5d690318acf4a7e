"""The introduction in a private chat: leaving and resuming it, and links to it. test_walks.py taps every button."""

import pytest

from bot.sandbox.fake_telegram import MessageView, User
from bot.settings import Settings
from index.search.live_index import LiveIndex
from tests.end_to_end.conftest import running


@pytest.mark.usefixtures("polling")
async def test_answer_leads_back_to_the_introduction(ada: User) -> None:
    """A question during the introduction is answered with a button that leads back; the page is unchanged."""
    ada.send_text("/start intro-4")
    page = await ada.wait_for_reply()
    ada.send_text("Was macht eine Backbone-Organisation?")
    answer = await ada.wait_for_reply()
    resumed = await ada.wait_for_reply(ada.tap_button("Weiter mit Schritt 4"))

    assert "Quelle" in answer.text
    assert resumed.id > answer.id
    assert resumed.text == page.text
    assert ada.bot_messages()[0].text == page.text


async def test_progress_survives_a_restart(bot_settings: Settings, live: LiveIndex, ada: User) -> None:
    """After a restart, the person is greeted with the step they had reached, and continues there."""
    async with running(bot_settings, live):
        ada.send_text("/start intro")
        await ada.wait_for_reply()
        await ada.wait_for_reply(ada.tap_button("Kommune"))
        await ada.wait_for_reply(ada.tap_button("Weiter ›"))
    async with running(bot_settings, live):
        ada.send_text("/start")
        greeting = await ada.wait_for_reply()
        page = await ada.wait_for_reply(ada.tap_button("Weiter mit Schritt 2"))
        last = await _last_step(ada)

    assert "Schritt 2 von 9" in greeting.text
    assert "Schritt 2 von 9" in page.text
    assert "Für Ihre Kommune" in last.text


async def _last_step(ada: User) -> MessageView:
    ada.send_text("/start intro-9")
    return await ada.wait_for_reply()


@pytest.mark.usefixtures("polling")
async def test_cancel_ends_the_introduction(ada: User) -> None:
    """After /abbrechen answers no longer lead back to the introduction, but the command resumes at the step."""
    ada.send_text("/start intro-5")
    await ada.wait_for_reply()
    ada.send_text("/abbrechen")
    cancelled = await ada.wait_for_reply()
    ada.send_text("Was ist ein Backbone?")
    answer = await ada.wait_for_reply()
    ada.send_text("/einfuehrung")

    assert "Schritt 5" in cancelled.text
    assert "Weiter mit Schritt 5" not in answer.button_labels
    assert "Schritt 5 von 9" in (await ada.wait_for_reply()).text


@pytest.mark.usefixtures("polling")
async def test_introduction_continues_in_another_language(ada: User) -> None:
    """After a change of language during the introduction, the way back is in the new language."""
    ada.send_text("/start intro-3")
    await ada.wait_for_reply()
    ada.send_text("/sprache")
    await ada.wait_for_reply()
    confirmation = await ada.wait_for_reply(ada.tap_button("English"))
    page = await ada.wait_for_reply(ada.tap_button("Continue with step 3"))

    assert "English" in confirmation.text
    assert "Step 3 of 9" in page.text


@pytest.mark.usefixtures("polling")
async def test_progress_reaches_the_request(ada: User) -> None:
    """A request for advice can include the person's progress in the introduction, or leave it out."""
    ada.send_text("/start intro-3")
    await ada.wait_for_reply()
    ada.send_text("/beratung")
    for text in ("Rat gesucht", "Brücken e. V."):
        await ada.wait_for_reply()
        ada.send_text(text)
    await ada.wait_for_reply()
    for label in ("Verein oder NPO", "Überspringen", "Hier bei Telegram"):
        offered = await ada.wait_for_reply(ada.tap_button(label))
    summary = await ada.wait_for_reply(ada.tap_button("☐ Stand der Einführung"))
    without = await ada.wait_for_reply(ada.tap_button("☑ Stand der Einführung"))

    assert "Einführung: Schritt 3 von 9" in summary.text
    assert "Ohne Häkchen behalte ich es für mich" in offered.text
    assert without.text == offered.text
