"""A request and the conversation that follows, over HTTP: in a forum, in a plain group, with a single adviser."""

import pytest

from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from bot.sandbox.fake_telegram.actors.user import DEFAULT_PHOTO
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import AtDesk, sees


@pytest.mark.usefixtures("connected")
async def test_whole_story_in_a_forum(standin: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """Request, topic with pinned card, taking, talking both ways, closing, rating, comment."""
    reference = await request(standin, ada, "Wir sind ein Verein in Kiel und suchen Partner.")
    brief = await card(standin, bea, forum, reference)
    topic = topic_of(brief)
    assert "Verein in Kiel" in brief.text
    await standin.wait_for(lambda: brief.id in standin.view_chat(forum).pinned_ids)
    assert reference in standin.view_chat(forum).topic_names[topic]

    bea.tap_button("Übernehmen", chat=forum)
    await sees(standin, ada, f"Bea kümmert sich um Ihre Anfrage {reference}")
    bea.send_text("Gern! Passt Ihnen Dienstag?", chat=forum, topic=topic)
    assert (await sees(standin, ada, "Passt Ihnen Dienstag?")).text == "Gern! Passt Ihnen Dienstag?"
    assert not any("Bisheriger Verlauf" in seen.text for seen in bea.bot_messages(forum))
    ada.send_text("Dienstag passt. Was ist ein Backbone?")
    assert (await sees(standin, bea, "Dienstag passt.", forum)).thread_id == topic

    bea.tap_button("Abschließen", chat=forum)
    await sees(standin, ada, "hat Ihre Anfrage")
    ada.tap_button("😀")
    await sees(standin, ada, "Möchten Sie noch etwas dazu sagen?")
    ada.send_text("Sehr hilfreich")
    await sees(standin, ada, "Danke für Ihre Rückmeldung")
    await sees(standin, bea, "5 von 5, „Sehr hilfreich“", forum)
    await standin.wait_for(lambda: standin.view_chat(forum).topic_names[topic].startswith("✅"))


@pytest.mark.usefixtures("connected")
async def test_everything_is_relayed_both_ways(standin: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """Photos, files, voice, contacts, places, formatting, edits and replies reach the other side as they are."""
    topic = topic_of(await card(standin, bea, forum, await request(standin, ada)))
    bea.send_text("Schicken Sie gern Unterlagen.", chat=forum, topic=topic)
    asked = await sees(standin, ada, "Unterlagen")
    for send in (ada.send_document, ada.send_voice, ada.send_contact, ada.send_location):
        send()
    photo = ada.send_photo("Unser Plan")
    await sees(standin, bea, "Unser Plan", forum)
    kinds = {seen.kind for seen in bea.bot_messages(forum) if seen.thread_id == topic}
    assert {"document", "voice", "contact", "location", "photo"} <= kinds

    ada.edit_caption(photo, "Unser neuer Plan")
    await sees(standin, bea, "Unser neuer Plan", forum)
    text = ada.send_text("Passt das so?", reply_to=asked)
    copied = await sees(standin, bea, "Passt das so?", forum)
    original = next(m for m in standin.view_chat(forum).messages if m.text == "Schicken Sie gern Unterlagen.")
    assert copied.reply_to == original.id
    ada.edit_text(text, "Passt das <so>?")
    assert (await sees(standin, bea, "<so>", forum)).edited

    answer = bea.send_text("Ja", chat=forum, topic=topic, reply_to=copied)
    seen = await standin.wait_for(lambda: [one for one in ada.bot_messages() if one.text == "Ja"])
    assert seen[-1].reply_to == text.id
    bea.edit_text(answer, "Ja, gern", chat=forum)
    await sees(standin, ada, "Ja, gern")


@pytest.mark.usefixtures("connected")
async def test_replaced_picture_is_replaced_at_the_other_side(
    standin: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """Another picture in the place of the first, without a word under it, is the one that the adviser sees."""
    topic = topic_of(await card(standin, bea, forum, await request(standin, ada)))
    bea.send_text("Schicken Sie gern den Plan.", chat=forum, topic=topic)
    await sees(standin, ada, "den Plan")
    photo = ada.send_photo("Falsches Bild")
    copied = await sees(standin, bea, "Falsches Bild", forum)

    ada.replace_photo(photo, DEFAULT_PHOTO + b"right")

    (after,) = await standin.wait_for(
        lambda: [one for one in bea.bot_messages(forum) if one.id == copied.id and one.edited]
    )
    file = standin.world.files.by_id[after.raw["photo"][0]["file_id"]]
    assert (file.content, after.text) == (DEFAULT_PHOTO + b"right", "")


@pytest.mark.usefixtures("connected")
async def test_bot_is_silent_while_a_person_is_active(
    standin: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """Questions, stickers and buttons are not answered by the bot until the person ends the conversation."""
    question = ada.send_text("Was ist ein Backbone?")
    answer = await ada.wait_for_reply()
    topic = topic_of(await card(standin, bea, forum, await request(standin, ada)))
    bea.send_text("Hallo!", chat=forum, topic=topic)
    await sees(standin, ada, "Hallo!")
    before = len(ada.bot_messages())
    ada.edit_text(question, "Was ist Wirkung?")
    ada.send_text("Was ist Collective Impact?")
    ada.send_sticker()
    tap = ada.tap_button("Warum diese Antwort?")
    await standin.wait_for(lambda: tap.answer)
    await sees(standin, bea, "Was ist Collective Impact?", forum)

    assert len(ada.bot_messages()) == before
    assert answer in ada.bot_messages()  # not changed by the edit
    ada.send_text("/frage Was ist Collective Impact?")
    await sees(standin, ada, "Sie sind gerade im Gespräch mit Bea")
    ada.tap_button("Wieder mit dem Bot schreiben")
    await sees(standin, ada, "ab jetzt antworte wieder ich")
    ada.send_text("Was ist Collective Impact?")
    assert "Aus der Fachliteratur" in (await ada.wait_for_reply()).text


@pytest.mark.usefixtures("connected")
async def test_two_people_two_advisers_are_not_mixed_up(
    standin: FakeTelegram, ada: User, bea: User, cem: User, forum: Group
) -> None:
    """Each topic leads to its own person."""
    eve = standin.add_user("Eve", language_code="de", started=True)
    refs = [await request(standin, ada, "Anliegen A"), await request(standin, eve, "Anliegen E")]
    topics = [topic_of(await card(standin, bea, forum, reference)) for reference in refs]
    cem.send_text("Für Eve", chat=forum, topic=topics[1])
    bea.send_text("Für Ada", chat=forum, topic=topics[0])
    await sees(standin, ada, "Für Ada")
    await sees(standin, eve, "Für Eve")
    eve.send_text("Von Eve")
    ada.send_text("Von Ada")

    assert (await sees(standin, bea, "Von Eve", forum)).thread_id == topics[1]
    assert (await sees(standin, bea, "Von Ada", forum)).thread_id == topics[0]
    assert not any("Für Eve" in seen.text for seen in ada.bot_messages())


async def test_plain_group_and_restarts(standin: FakeTelegram, ada: User, bea: User, at_desk: AtDesk) -> None:
    """Without topics the replies to the card are the thread; between any two steps the bot is started anew."""
    group = standin.add_group("Beratung", [bea], bot_is_admin=True)
    async with at_desk(group):
        reference = await request(standin, ada)
        brief = await card(standin, bea, group, reference)
    async with at_desk(group):
        bea.send_text("Am Morgen geantwortet", chat=group, reply_to=brief)
        await sees(standin, ada, "Am Morgen geantwortet")
    async with at_desk(group):
        ada.send_text("Danke, noch eine Frage.")
        further = await sees(standin, bea, "noch eine Frage", group)
        assert further.reply_to == brief.id
    async with at_desk(group):
        bea.send_text("Ja?", chat=group, reply_to=further)
        await sees(standin, ada, "Ja?")
        bea.send_text("Unter uns", chat=group)
        ada.send_text("Fertig")
        await sees(standin, bea, "Fertig", group)

    assert not any("Unter uns" in seen.text for seen in ada.bot_messages())


async def test_single_adviser(standin: FakeTelegram, ada: User, at_desk: AtDesk) -> None:
    """A single adviser's chat: replies go to the person, all else is a question to the bot."""
    jacob = standin.add_user("Jacob", language_code="de", started=True)
    async with at_desk(jacob):
        reference = await request(standin, ada)
        brief = await sees(standin, jacob, f"Anfrage {reference}")
        jacob.send_text("Hier bin ich", reply_to=brief)
        await sees(standin, ada, "Hier bin ich")
        jacob.send_text("Was ist ein Backbone?")
        await sees(standin, jacob, "Backbone")
        jacob.send_text("/anfragen")
        listed = await sees(standin, jacob, "Offene Anfragen")

    assert reference in listed.text
    assert not any("Backbone" in seen.text for seen in ada.bot_messages())
