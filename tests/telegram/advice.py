"""What the tests of requests and conversations share."""

from bot.sandbox.fake_telegram import Group, Seen, StandIn, User
from tests.telegram.conftest import sees


async def request(standin: StandIn, person: User, concern: str = "Wir suchen Partner.") -> str:
    """Send a request; returns its reference."""
    await reviewed(person, concern)
    await person.wait_reply(person.taps("Ja, so weitergeben"), count=2)
    sent = await sees(standin, person, "hat die Nummer")
    return next(word for word in sent.text.split() if "-" in word and word.isupper())


async def card(standin: StandIn, reader: User, chat: Group, reference: str) -> Seen:
    """The card of a request."""
    return await sees(standin, reader, f"Anfrage {reference}", chat)


def topic_of(seen: Seen) -> int:
    assert seen.thread_id is not None
    return seen.thread_id


async def reviewed(person: User, concern: str = "Wir suchen Partner für ein Bündnis.") -> Seen:
    """Fill in the form up to its summary, without what is optional."""
    person.says("/beratung")
    await person.wait_reply()
    person.says(concern)
    await person.wait_reply()
    await person.wait_reply(person.taps("Überspringen"))
    await person.wait_reply(person.taps("Verein oder NPO"))
    await person.wait_reply(person.taps("Überspringen"))
    await person.wait_reply(person.taps("Hier bei Telegram"))
    return await person.wait_reply(person.taps("Überspringen"))
