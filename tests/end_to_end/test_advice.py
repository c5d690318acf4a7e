"""A request and the conversation that follows, over HTTP: in a forum, in a plain group, with a single adviser."""

import pytest

from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from bot.sandbox.fake_telegram.actors.user import DEFAULT_PHOTO
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import ConnectedTo, wait_for_text


@pytest.mark.usefixtures("connected")
async def test_request_from_start_to_rating(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """In a forum, a request gets a topic with a pinned card and can be taken, answered, closed and rated."""
    reference = await request(fake_telegram, ada, "Wir sind ein Verein in Kiel und suchen Partner.")
    request_card = await card(fake_telegram, bea, forum, reference)
    topic = topic_of(request_card)
    assert "Verein in Kiel" in request_card.text
    await fake_telegram.wait_for(lambda: request_card.id in fake_telegram.view_chat(forum).pinned_ids)
    assert reference in fake_telegram.view_chat(forum).topic_names[topic]

    bea.tap_button("Übernehmen", chat=forum)
    await wait_for_text(fake_telegram, ada, f"Bea kümmert sich um Ihre Anfrage {reference}")
    bea.send_text("Gern! Passt Ihnen Dienstag?", chat=forum, topic=topic)
    relayed = await wait_for_text(fake_telegram, ada, "Passt Ihnen Dienstag?")
    assert relayed.text == "Bea (Beratung):\nGern! Passt Ihnen Dienstag?"
    assert not any("Bisheriger Verlauf" in seen.text for seen in bea.bot_messages(forum))
    ada.send_text("Dienstag passt. Was ist ein Backbone?")
    assert (await wait_for_text(fake_telegram, bea, "Dienstag passt.", forum)).thread_id == topic

    bea.tap_button("Abschließen", chat=forum)
    await wait_for_text(fake_telegram, ada, "hat Ihre Anfrage")
    ada.tap_button("😀")
    await wait_for_text(fake_telegram, ada, "Möchten Sie noch etwas dazu sagen?")
    ada.send_text("Sehr hilfreich")
    await wait_for_text(fake_telegram, ada, "Danke für Ihre Rückmeldung")
    await wait_for_text(fake_telegram, bea, "5 von 5, „Sehr hilfreich“", forum)
    await fake_telegram.wait_for(lambda: fake_telegram.view_chat(forum).topic_names[topic].startswith("✅"))
    assert {call.status for call in fake_telegram.calls_to("editForumTopic")} == {200}


@pytest.mark.usefixtures("connected")
async def test_everything_is_relayed_both_ways(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """Photos, files, voice, contacts, locations, edits and replies are relayed in both directions."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Schicken Sie gern Unterlagen.", chat=forum, topic=topic)
    received = await wait_for_text(fake_telegram, ada, "Unterlagen")
    for send in (ada.send_document, ada.send_voice, ada.send_contact, ada.send_location):
        send()
    photo = ada.send_photo("Unser Plan")
    await wait_for_text(fake_telegram, bea, "Unser Plan", forum)
    kinds = {seen.kind for seen in bea.bot_messages(forum) if seen.thread_id == topic}
    assert {"document", "voice", "contact", "location", "photo"} <= kinds

    ada.edit_caption(photo, "Unser neuer Plan")
    await wait_for_text(fake_telegram, bea, "Unser neuer Plan", forum)
    text = ada.send_text("Passt das so?", reply_to=received)
    copied = await wait_for_text(fake_telegram, bea, "Passt das so?", forum)
    original = next(m for m in fake_telegram.view_chat(forum).messages if m.text == "Schicken Sie gern Unterlagen.")
    assert copied.reply_to == original.id
    ada.edit_text(text, "Passt das <so>?")
    assert (await wait_for_text(fake_telegram, bea, "<so>", forum)).edited

    answer = bea.send_text("Ja", chat=forum, topic=topic, reply_to=copied)
    named = "Bea (Beratung):\nJa"
    seen = await fake_telegram.wait_for(lambda: [seen for seen in ada.bot_messages() if seen.text == named])
    assert seen[-1].reply_to == text.id
    bea.edit_text(answer, "Ja, gern", chat=forum)
    await wait_for_text(fake_telegram, ada, f"{named}, gern")


@pytest.mark.usefixtures("connected")
async def test_replaced_photo_is_replaced_for_the_adviser(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """When a person replaces a photo by one without a caption, the adviser sees the new one."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Schicken Sie gern den Plan.", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "den Plan")
    photo = ada.send_photo("Falsches Bild")
    copied = await wait_for_text(fake_telegram, bea, "Falsches Bild", forum)

    ada.replace_photo(photo, DEFAULT_PHOTO + b"right")

    (after,) = await fake_telegram.wait_for(
        lambda: [seen for seen in bea.bot_messages(forum) if seen.id == copied.id and seen.edited]
    )
    file = fake_telegram.world.files.by_id[after.raw["photo"][0]["file_id"]]
    assert (file.content, after.text) == (DEFAULT_PHOTO + b"right", "Ada:")


@pytest.mark.usefixtures("connected")
async def test_bot_is_silent_during_a_conversation(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """During a conversation the bot ignores questions, stickers and buttons, until the person ends it."""
    question = ada.send_text("Was ist ein Backbone?")
    answer = await ada.wait_for_reply()
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Hallo!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Hallo!")
    before = len(ada.bot_messages())
    ada.edit_text(question, "Was ist Wirkung?")
    ada.send_text("Was ist Collective Impact?")
    ada.send_sticker()
    tap = ada.tap_button("Mehr")
    await fake_telegram.wait_for(lambda: tap.answer)
    await wait_for_text(fake_telegram, bea, "Was ist Collective Impact?", forum)

    assert len(ada.bot_messages()) == before
    assert answer in ada.bot_messages()  # not changed by the edit
    ada.send_text("/frage Was ist Collective Impact?")
    await wait_for_text(fake_telegram, ada, "Sie sind gerade im Gespräch mit Bea")
    ada.tap_button("Wieder mit dem Bot schreiben")
    await wait_for_text(fake_telegram, ada, "ab jetzt antworte wieder ich")
    ada.send_text("Was ist Collective Impact?")
    assert "Aus der Fachliteratur" in (await ada.wait_for_reply()).text


@pytest.mark.usefixtures("connected")
async def test_conversations_are_not_mixed_up(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, forum: Group
) -> None:
    """Messages in the topic of a request reach only the person who made it."""
    eve = fake_telegram.add_user("Eve", language_code="de", started=True)
    refs = [
        await request(fake_telegram, ada, "Das ist Anliegen A"),
        await request(fake_telegram, eve, "Das ist Anliegen E"),
    ]
    topics = [topic_of(await card(fake_telegram, bea, forum, reference)) for reference in refs]
    cem.send_text("Für Eve", chat=forum, topic=topics[1])
    bea.send_text("Für Ada", chat=forum, topic=topics[0])
    await wait_for_text(fake_telegram, ada, "Für Ada")
    await wait_for_text(fake_telegram, eve, "Für Eve")
    eve.send_text("Von Eve")
    ada.send_text("Von Ada")

    assert (await wait_for_text(fake_telegram, bea, "Von Eve", forum)).thread_id == topics[1]
    assert (await wait_for_text(fake_telegram, bea, "Von Ada", forum)).thread_id == topics[0]
    assert not any("Für Eve" in seen.text for seen in ada.bot_messages())


async def test_plain_group_and_restarts(
    fake_telegram: FakeTelegram, ada: User, bea: User, connected_to: ConnectedTo
) -> None:
    """Without topics, replies to the card form the thread, even if the bot restarts between any two steps."""
    group = fake_telegram.add_group("Beratung", [bea], bot_is_admin=True)
    async with connected_to(group):
        reference = await request(fake_telegram, ada)
        request_card = await card(fake_telegram, bea, group, reference)
    async with connected_to(group):
        bea.send_text("Am Morgen geantwortet", chat=group, reply_to=request_card)
        await wait_for_text(fake_telegram, ada, "Am Morgen geantwortet")
    async with connected_to(group):
        ada.send_text("Danke, noch eine Frage.")
        follow_up = await wait_for_text(fake_telegram, bea, "noch eine Frage", group)
        assert follow_up.reply_to == request_card.id
    async with connected_to(group):
        bea.send_text("Ja?", chat=group, reply_to=follow_up)
        await wait_for_text(fake_telegram, ada, "Ja?")
        bea.send_text("Unter uns", chat=group)
        ada.send_text("Fertig")
        await wait_for_text(fake_telegram, bea, "Fertig", group)

    assert not any("Unter uns" in seen.text for seen in ada.bot_messages())


async def test_single_adviser(fake_telegram: FakeTelegram, ada: User, connected_to: ConnectedTo) -> None:
    """In a single adviser's chat, replies go to the person and anything else is a question to the bot."""
    jacob = fake_telegram.add_user("Jacob", language_code="de", started=True)
    async with connected_to(jacob):
        reference = await request(fake_telegram, ada)
        request_card = await wait_for_text(fake_telegram, jacob, f"Anfrage {reference}")
        jacob.send_text("Hier bin ich", reply_to=request_card)
        await wait_for_text(fake_telegram, ada, "Hier bin ich")
        jacob.send_text("Was ist ein Backbone?")
        await wait_for_text(fake_telegram, jacob, "Backbone")
        jacob.send_text("/anfragen")
        listed = await wait_for_text(fake_telegram, jacob, "Offene Anfragen")

    assert reference in listed.text
    assert not any("Backbone" in seen.text for seen in ada.bot_messages())
