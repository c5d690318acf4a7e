"""Albums between a person and the advisers, over HTTP: one update for each picture, the caption with one of them."""

import pytest

from bot.sandbox.fake_telegram import FakeTelegram, FaultKind, Group, User
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import ConnectedTo, wait_for_text


def album_ids(person: User, chat: Group | None = None) -> list[str | None]:
    return [seen.raw.get("media_group_id") for seen in person.bot_messages(chat) if seen.kind == "photo"]


def photo_captions(person: User, chat: Group | None = None) -> list[str]:
    return [seen.text for seen in person.bot_messages(chat) if seen.kind == "photo"]


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("captions", [("// nur für uns", "", ""), ("", "", "// nur für uns")])
async def test_album_with_a_note_stays_among_advisers(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, captions: tuple[str, ...]
) -> None:
    """If any caption makes an album a note, the person gets no picture and the request is still free."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_album(captions, forum, topic=topic)
    assert "Noch nicht übernommen" in (await wait_for_text(fake_telegram, bea, "Anfrage ", forum)).text
    bea.send_text("Guten Tag!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Guten Tag!")

    assert photo_captions(ada) == []


@pytest.mark.usefixtures("connected")
async def test_album_from_an_adviser_arrives_complete(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """An adviser's album arrives in order, before later messages; if it becomes a note, it is withdrawn."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    first, *_ = bea.send_album(["Unser Plan", "", "Seite drei"], forum, topic=topic)
    bea.send_text("Passt das?", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Passt das?")
    arrived, together = photo_captions(ada), set(album_ids(ada))
    bea.edit_caption(first, "// doch nicht", chat=forum)
    await fake_telegram.wait_for(lambda: not photo_captions(ada))
    bea.edit_caption(first, "Unser Plan", chat=forum)
    bea.send_text("Bis morgen!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Bis morgen!")

    assert len(together) == 1
    assert None not in together
    assert arrived == ["Unser Plan", "", "Seite drei"]
    assert photo_captions(ada) == []
    assert not any("Nicht zugestellt" in seen.text for seen in bea.bot_messages(forum))


@pytest.mark.usefixtures("connected")
async def test_album_from_a_person_arrives_complete(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """A person's album reaches the advisers in order, even if a caption begins with //."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Guten Tag!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Guten Tag!")
    ada.send_album(["", "// Seite zwei", ""])
    ada.send_text("Das war es.")
    await wait_for_text(fake_telegram, bea, "Das war es.", forum)

    assert photo_captions(bea, forum) == ["", "// Seite zwei", ""]
    assert "Ada:" in [seen.text for seen in bea.bot_messages(forum)]
    assert len(set(album_ids(bea, forum))) == 1
    assert None not in album_ids(bea, forum)


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("fault", [FaultKind.RATE_LIMIT, FaultKind.SERVER_ERROR])
async def test_album_arrives_once_despite_faults(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, fault: FaultKind
) -> None:
    """If Telegram asks to wait or fails, an album arrives once, as an album; then each picture can be replied to."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    fake_telegram.fail_next("copyMessages", fault, chat=ada)
    *_, third = bea.send_album(["", "", "drei"], forum, topic=topic)
    bea.send_text("Bis bald!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Bis bald!")
    last = [seen for seen in ada.bot_messages() if seen.kind == "photo"][-1]
    ada.send_text("Zu diesem Bild", reply_to=last)
    reply = await wait_for_text(fake_telegram, bea, "Zu diesem Bild", forum)

    assert (photo_captions(ada), len(set(album_ids(ada)))) == (["", "", "drei"], 1)
    assert reply.reply_to == third.id


async def test_album_in_a_group_without_topics(
    fake_telegram: FakeTelegram, ada: User, bea: User, connected_to: ConnectedTo
) -> None:
    """Without topics each picture replies to the request's card, so they arrive one by one."""
    group = fake_telegram.add_group("Beratung", [bea], bot_is_admin=True)
    async with connected_to(group):
        found = await card(fake_telegram, bea, group, await request(fake_telegram, ada))
        bea.send_text("Guten Tag!", chat=group, reply_to=found)
        await wait_for_text(fake_telegram, ada, "Guten Tag!")
        ada.send_album(["eins", "zwei"])
        ada.send_text("Fertig.")
        await wait_for_text(fake_telegram, bea, "Fertig.", group)

    pictures = [seen for seen in bea.bot_messages(group) if seen.kind == "photo"]
    assert [(seen.reply_to, seen.raw.get("media_group_id")) for seen in pictures] == [(found.id, None)] * 2
