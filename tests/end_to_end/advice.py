"""Helpers shared by the tests of requests and conversations."""

from bot.sandbox.fake_telegram import FakeTelegram, Group, MessageView, User
from tests.end_to_end.conftest import wait_for_text


async def request(fake_telegram: FakeTelegram, person: User, concern: str = "Wir suchen Partner.") -> str:
    """Send a request through the form and return its reference."""
    await fill_in_form(person, concern)
    await person.wait_for_reply(person.tap_button("Ja, so weitergeben"), count=2)
    sent = await wait_for_text(fake_telegram, person, "hat die Nummer")
    return next(word for word in sent.text.split() if "-" in word and word.isupper())


async def card(fake_telegram: FakeTelegram, reader: User, chat: Group, reference: str) -> MessageView:
    """Wait for the card of a request and return it."""
    return await wait_for_text(fake_telegram, reader, f"Anfrage {reference}", chat)


def topic_of(message: MessageView) -> int:
    assert message.thread_id is not None
    return message.thread_id


async def fill_in_form(person: User, concern: str = "Wir suchen Partner für ein Bündnis.") -> MessageView:
    """Fill in the form up to its summary, skipping the optional steps."""
    person.send_text("/beratung")
    await person.wait_for_reply()
    person.send_text(concern)
    await person.wait_for_reply()
    await person.wait_for_reply(person.tap_button("Überspringen"))
    await person.wait_for_reply(person.tap_button("Verein oder NPO"))
    await person.wait_for_reply(person.tap_button("Überspringen"))
    return await person.wait_for_reply(person.tap_button("Hier bei Telegram"))
