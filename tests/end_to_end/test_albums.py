"""Albums between a person and the advisers, over HTTP: one update for each picture, the caption with one of them."""

import pytest

from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import wait_for_text


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
    arrived = photo_captions(ada)
    bea.edit_caption(first, "// doch nicht", chat=forum)
    await fake_telegram.wait_for(lambda: not photo_captions(ada))
    bea.edit_caption(first, "Unser Plan", chat=forum)
    bea.send_text("Bis morgen!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Bis morgen!")

    assert arrived == ["Bea (Beratung):\nUnser Plan", "", "Seite drei"]
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

    assert photo_captions(bea, forum) == ["Ada:", "// Seite zwei", ""]
