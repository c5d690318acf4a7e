"""What advisers do besides answering, over HTTP: greeting, undo, handing over, text blocks, blocking."""

import pytest

from bot.sandbox.fake_telegram import FakeTelegram, FaultKind, Group, User
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import ConnectedTo, wait_for_text

HELP = "So arbeiten Sie hier"


def texts(person: User, chat: Group | None = None) -> list[str]:
    return [seen.text for seen in person.bot_messages(chat)]


async def test_group_is_greeted_once(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, connected_to: ConnectedTo
) -> None:
    """A group that the bot was already in is greeted once, despite a rate limit and a restart."""
    fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, chat=forum)
    for _ in range(2):
        async with connected_to(forum):
            await card(fake_telegram, bea, forum, await request(fake_telegram, ada))
            bea.send_text("/hilfe", chat=forum)
            await fake_telegram.wait_for(lambda: texts(bea, forum)[-1].startswith(HELP))

    greetings = [text for text in texts(bea, forum) if text.startswith("Guten Tag! Ich bin der Bot")]
    assert (len(greetings), HELP in greetings[0]) == (1, True)


@pytest.mark.usefixtures("connected")
async def test_mention_gets_help_and_private_the_way(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """A mention gets the help; in private an adviser is shown the way to the group, and nobody else is."""
    bea.send_text("@standin_bot?", chat=forum)
    await fake_telegram.wait_for(lambda: sum(HELP in text for text in texts(bea, forum)) == 2)
    ada.send_text("/start")
    await ada.wait_for_reply()
    bea.send_text("/start")
    await wait_for_text(fake_telegram, bea, "Sie gehören zum Beratungsteam")
    ada.send_text("/hilfe")
    await wait_for_text(fake_telegram, ada, "Das kann ich")

    assert not any("Sie gehören" in text for text in texts(ada))


@pytest.mark.usefixtures("connected")
async def test_message_is_taken_back(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """A message is deleted at the person's side, whatever the fault; other talk and commands never get there."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Wann können Sie morgen?", chat=forum)
    await wait_for_text(fake_telegram, bea, "Das lesen nur Sie hier", forum)
    wrong = bea.send_text("Falsche Person!", chat=forum, topic=topic)
    bea.send_text("Guten Tag!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Guten Tag!")
    for kind in (FaultKind.RATE_LIMIT, FaultKind.LOST):
        fake_telegram.fail_next("deleteMessage", kind, chat=ada)
    bea.send_text("/zurueck", chat=forum, topic=topic, reply_to=wrong)
    await wait_for_text(fake_telegram, bea, "Ich lösche diese Nachricht", forum)
    await fake_telegram.wait_for(lambda: not any("Falsche Person" in text for text in texts(ada)))
    bea.send_text("/zurük", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, bea, "Nicht verschickt. Meinten Sie /zurueck?", forum)
    bea.send_text("/zurück", chat=forum, topic=topic)
    await fake_telegram.wait_for(lambda: not any("Guten Tag!" in text for text in texts(ada)))
    bea.send_text("Auf Wiedersehen!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Bea (Beratung):\nAuf Wiedersehen!")

    assert not any("lässt sie nicht mehr löschen" in text for text in texts(bea, forum))
    assert not any("/zur" in text for text in texts(ada))


@pytest.mark.usefixtures("connected")
async def test_request_is_handed_over(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, forum: Group
) -> None:
    """A colleague who was seen in the group gets the request by a tap on their name, and is mentioned."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    cem.send_text("/hilfe", chat=forum)
    await fake_telegram.wait_for(lambda: sum(HELP in text for text in texts(bea, forum)) == 2)
    bea.send_text("/uebergabe", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, bea, "Wem möchten Sie", forum)
    bea.tap_button("Cem", chat=forum)
    handed = await wait_for_text(fake_telegram, bea, "Bea übergibt Ihnen diese Anfrage", forum)
    await wait_for_text(fake_telegram, bea, "Übernommen (Cem)", forum)

    assert "Cem" in handed.text
    await wait_for_text(fake_telegram, ada, "Cem kümmert sich jetzt um Ihre Anfrage")


@pytest.mark.usefixtures("connected")
async def test_text_block_is_sent_and_taken_back(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """A text block is saved in the group, sent from a topic after one look, and taken back with a button."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("/baustein neu termin Gern können wir\ntelefonieren.", chat=forum)
    await wait_for_text(fake_telegram, bea, "aufgehoben", forum)
    bea.send_text("/baustein termin", chat=forum, topic=topic)
    await fake_telegram.wait_for(lambda: "termin\n\nGern können wir\ntelefonieren." in texts(bea, forum))
    bea.tap_button("➤ So schicken", chat=forum)
    await wait_for_text(fake_telegram, ada, "Bea schickt Ihnen dazu:\n\nGern können wir\ntelefonieren.")
    await wait_for_text(fake_telegram, bea, "Verschickt: termin", forum)
    bea.tap_button("↩ Zurückholen", chat=forum)
    await fake_telegram.wait_for(lambda: not any("telefonieren" in text for text in texts(ada)))
    await wait_for_text(fake_telegram, bea, "↩ Zurückgeholt", forum)


@pytest.mark.usefixtures("connected")
async def test_blocked_person_is_told_once(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """A blocked person is told once, reaches nobody, gets answers and emergency numbers, and is let in again."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Guten Tag!", chat=forum, topic=topic)
    greeting = await wait_for_text(fake_telegram, ada, "Guten Tag!")
    bea.send_text("/sperren 7 Tage", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, bea, "sperren?", forum)
    fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, chat=ada)
    bea.tap_button("🚫 Ja, sperren", chat=forum)
    await wait_for_text(fake_telegram, ada, "hat Ihre Anfrage")
    await wait_for_text(fake_telegram, bea, "🚫 Gesperrt bis", forum)
    ada.send_text("Ich will nicht mehr leben", reply_to=greeting)
    await wait_for_text(fake_telegram, ada, "0800 111 0 111")
    await wait_for_text(fake_telegram, ada, "nichts von Ihnen an")
    bea.send_text("/entsperren", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "nimmt wieder Nachrichten von Ihnen an")

    assert not any("nicht mehr leben" in text for text in texts(bea, forum))
    assert sum("hat Ihre Anfrage" in text for text in texts(ada)) == 1


@pytest.mark.usefixtures("connected")
async def test_old_suggestions_lose_their_buttons(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """New suggestions, and the end of the request, take the buttons from the old ones."""
    await card(fake_telegram, bea, forum, await request(fake_telegram, ada, "Was ist eine Backbone-Organisation?"))
    for _ in range(2):
        bea.tap_button("Antworten vorschlagen", chat=forum)
        await wait_for_text(fake_telegram, bea, "aus der Wissenssammlung", forum)
    await wait_for_text(fake_telegram, bea, "Die Vorschläge von hier gelten nicht mehr", forum)
    bea.tap_button("Abschließen", chat=forum)
    old = "Die Vorschläge von hier"
    await fake_telegram.wait_for(lambda: sum(old in text for text in texts(bea, forum)) == 2)

    assert not any(seen.buttons for seen in bea.bot_messages(forum) if old in seen.text)
    assert not any("Nicht zugestellt" in text for text in texts(bea, forum))
