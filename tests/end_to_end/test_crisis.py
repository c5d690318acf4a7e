"""Calls for help, over HTTP."""

from contextlib import closing

import pytest

from bot.app.bootstrap import open_store_from_settings
from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from bot.settings import Settings
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import wait_for_text


@pytest.mark.usefixtures("polling")
async def test_numbers_and_the_way_to_a_person(ada: User, bot_settings: Settings) -> None:
    """A call for help gets the numbers and a button that begins a request; the text is not stored."""
    ada.send_text("ich will nicht mehr leben")
    reply = await ada.wait_for_reply()

    with closing(open_store_from_settings(bot_settings)) as store:
        stored = store.users.load_state(f"{ada.id}:{ada.id}")
    tap = ada.tap_button("Beratung anfragen")
    form = await ada.wait_for_reply(tap)

    assert all(number in reply.text for number in ("112", "110", "0800 111 0 111", "116 016", "116 111"))
    assert stored.last_question == ""
    assert "(1 von" in form.text


@pytest.mark.usefixtures("polling")
async def test_message_edited_into_a_question_is_answered(ada: User) -> None:
    """If the message is edited into a question, the answer takes the place of the numbers."""
    sent = ada.send_text("ich kann nicht mehr")
    numbers = await ada.wait_for_reply()

    ada.edit_text(sent, "Was ist Collective Impact?")
    answer = await ada.wait_for_reply(numbers)

    assert answer.id == numbers.id
    assert "Aus der Fachliteratur:" in answer.text


@pytest.mark.usefixtures("connected")
async def test_adviser_reads_it_all_the_same(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """In a conversation the numbers come at once, and the adviser gets the message as it was written."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Wie geht es Ihnen?", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Wie geht es Ihnen?")

    ada.send_text("mein Mann schlägt mich")

    assert "Ihre Nachricht geht an Ihre Beratung" in (await wait_for_text(fake_telegram, ada, "116 016")).text
    assert (await wait_for_text(fake_telegram, bea, "mein Mann schlägt mich", forum)).thread_id == topic
