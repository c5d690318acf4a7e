"""A request and the conversation that follows, over HTTP: in a forum, in a plain group, with a single adviser."""

import pytest

from bot.sandbox.fake_telegram import Group, StandIn, User
from bot.sandbox.fake_telegram.actors.media import PICTURE
from tests.telegram.advice import card, request, topic_of
from tests.telegram.conftest import AtDesk, sees


@pytest.mark.usefixtures("connected")
async def test_whole_story_in_a_forum(standin: StandIn, ada: User, bea: User, forum: Group) -> None:
    """Request, topic with pinned card, taking, talking both ways, closing, rating, comment."""
    reference = await request(standin, ada, "Wir sind ein Verein in Kiel und suchen Partner.")
    brief = await card(standin, bea, forum, reference)
    topic = topic_of(brief)
    assert "Verein in Kiel" in brief.text
    await standin.wait_for(lambda: brief.id in standin.chat(forum).pinned)
    assert reference in standin.chat(forum).topics[topic]

    bea.taps("Übernehmen", chat=forum)
    await sees(standin, ada, f"Bea kümmert sich um Ihre Anfrage {reference}")
    bea.says("Gern! Passt Ihnen Dienstag?", chat=forum, topic=topic)
    assert (await sees(standin, ada, "Passt Ihnen Dienstag?")).text == "Gern! Passt Ihnen Dienstag?"
    assert not any("Bisheriger Verlauf" in seen.text for seen in bea.sees(forum))
    ada.says("Dienstag passt. Was ist ein Backbone?")
    assert (await sees(standin, bea, "Dienstag passt.", forum)).thread_id == topic

    bea.taps("Abschließen", chat=forum)
    await sees(standin, ada, "hat Ihre Anfrage")
    ada.taps("😀")
    await sees(standin, ada, "Möchten Sie noch etwas dazu sagen?")
    ada.says("Sehr hilfreich")
    await sees(standin, ada, "Danke für Ihre Rückmeldung")
    await sees(standin, bea, "5 von 5, „Sehr hilfreich“", forum)
    await standin.wait_for(lambda: standin.chat(forum).topics[topic].startswith("✅"))


@pytest.mark.usefixtures("connected")
async def test_everything_is_relayed_both_ways(standin: StandIn, ada: User, bea: User, forum: Group) -> None:
    """Photos, files, voice, contacts, places, formatting, edits and replies reach the other side as they are."""
    topic = topic_of(await card(standin, bea, forum, await request(standin, ada)))
    bea.says("Schicken Sie gern Unterlagen.", chat=forum, topic=topic)
    asked = await sees(standin, ada, "Unterlagen")
    for send in (ada.sends_document, ada.sends_voice, ada.sends_contact, ada.sends_location):
        send()
    photo = ada.sends_photo("Unser Plan")
    await sees(standin, bea, "Unser Plan", forum)
    kinds = {seen.kind for seen in bea.sees(forum) if seen.thread_id == topic}
    assert {"document", "voice", "contact", "location", "photo"} <= kinds

    ada.edits_caption(photo, "Unser neuer Plan")
    await sees(standin, bea, "Unser neuer Plan", forum)
    text = ada.says("Passt das so?", reply_to=asked)
    copied = await sees(standin, bea, "Passt das so?", forum)
    original = next(m for m in standin.chat(forum).messages if m.text == "Schicken Sie gern Unterlagen.")
    assert copied.reply_to == original.id
    ada.edits(text, "Passt das <so>?")
    assert (await sees(standin, bea, "<so>", forum)).edited

    answer = bea.says("Ja", chat=forum, topic=topic, reply_to=copied)
    seen = await standin.wait_for(lambda: [one for one in ada.sees() if one.text == "Ja"])
    assert seen[-1].reply_to == text.id
    bea.edits(answer, "Ja, gern", chat=forum)
    await sees(standin, ada, "Ja, gern")


@pytest.mark.usefixtures("connected")
async def test_replaced_picture_is_replaced_at_the_other_side(
    standin: StandIn, ada: User, bea: User, forum: Group
) -> None:
    """Another picture in the place of the first, without a word under it, is the one that the adviser sees."""
    topic = topic_of(await card(standin, bea, forum, await request(standin, ada)))
    bea.says("Schicken Sie gern den Plan.", chat=forum, topic=topic)
    await sees(standin, ada, "den Plan")
    photo = ada.sends_photo("Falsches Bild")
    copied = await sees(standin, bea, "Falsches Bild", forum)

    ada.replaces_photo(photo, PICTURE + b"right")

    (after,) = await standin.wait_for(lambda: [one for one in bea.sees(forum) if one.id == copied.id and one.edited])
    file = standin.world.files.by_id[after.raw["photo"][0]["file_id"]]
    assert (file.content, after.text) == (PICTURE + b"right", "")


@pytest.mark.usefixtures("connected")
async def test_bot_is_silent_while_a_person_is_active(standin: StandIn, ada: User, bea: User, forum: Group) -> None:
    """Questions, stickers and buttons are not answered by the bot until the person ends the conversation."""
    question = ada.says("Was ist ein Backbone?")
    answer = await ada.wait_reply()
    topic = topic_of(await card(standin, bea, forum, await request(standin, ada)))
    bea.says("Hallo!", chat=forum, topic=topic)
    await sees(standin, ada, "Hallo!")
    before = len(ada.sees())
    ada.edits(question, "Was ist Wirkung?")
    ada.says("Was ist Collective Impact?")
    ada.sends_sticker()
    tap = ada.taps("Warum diese Antwort?")
    await standin.wait_for(lambda: tap.answer)
    await sees(standin, bea, "Was ist Collective Impact?", forum)

    assert len(ada.sees()) == before
    assert answer in ada.sees()  # not changed by the edit
    ada.says("/frage Was ist Collective Impact?")
    await sees(standin, ada, "Sie sind gerade im Gespräch mit Bea")
    ada.taps("Wieder mit dem Bot schreiben")
    await sees(standin, ada, "ab jetzt antworte wieder ich")
    ada.says("Was ist Collective Impact?")
    assert "Aus der Fachliteratur" in (await ada.wait_reply()).text


@pytest.mark.usefixtures("connected")
async def test_two_people_two_advisers_are_not_mixed_up(
    standin: StandIn, ada: User, bea: User, cem: User, forum: Group
) -> None:
    """Each topic leads to its own person."""
    eve = standin.user("Eve", language_code="de", started=True)
    refs = [await request(standin, ada, "Anliegen A"), await request(standin, eve, "Anliegen E")]
    topics = [topic_of(await card(standin, bea, forum, reference)) for reference in refs]
    cem.says("Für Eve", chat=forum, topic=topics[1])
    bea.says("Für Ada", chat=forum, topic=topics[0])
    await sees(standin, ada, "Für Ada")
    await sees(standin, eve, "Für Eve")
    eve.says("Von Eve")
    ada.says("Von Ada")

    assert (await sees(standin, bea, "Von Eve", forum)).thread_id == topics[1]
    assert (await sees(standin, bea, "Von Ada", forum)).thread_id == topics[0]
    assert not any("Für Eve" in seen.text for seen in ada.sees())


async def test_plain_group_and_restarts(standin: StandIn, ada: User, bea: User, at_desk: AtDesk) -> None:
    """Without topics the replies to the card are the thread; between any two steps the bot is started anew."""
    group = standin.group("Beratung", [bea], admin=True)
    async with at_desk(group):
        reference = await request(standin, ada)
        brief = await card(standin, bea, group, reference)
    async with at_desk(group):
        bea.says("Am Morgen geantwortet", chat=group, reply_to=brief)
        await sees(standin, ada, "Am Morgen geantwortet")
    async with at_desk(group):
        ada.says("Danke, noch eine Frage.")
        further = await sees(standin, bea, "noch eine Frage", group)
        assert further.reply_to == brief.id
    async with at_desk(group):
        bea.says("Ja?", chat=group, reply_to=further)
        await sees(standin, ada, "Ja?")
        bea.says("Unter uns", chat=group)
        ada.says("Fertig")
        await sees(standin, bea, "Fertig", group)

    assert not any("Unter uns" in seen.text for seen in ada.sees())


async def test_single_adviser(standin: StandIn, ada: User, at_desk: AtDesk) -> None:
    """A single adviser's chat: replies go to the person, all else is a question to the bot."""
    jacob = standin.user("Jacob", language_code="de", started=True)
    async with at_desk(jacob):
        reference = await request(standin, ada)
        brief = await sees(standin, jacob, f"Anfrage {reference}")
        jacob.says("Hier bin ich", reply_to=brief)
        await sees(standin, ada, "Hier bin ich")
        jacob.says("Was ist ein Backbone?")
        await sees(standin, jacob, "Backbone")
        jacob.says("/anfragen")
        listed = await sees(standin, jacob, "Offene Anfragen")

    assert reference in listed.text
    assert not any("Backbone" in seen.text for seen in ada.sees())
