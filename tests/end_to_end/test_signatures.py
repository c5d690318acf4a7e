"""Who speaks in a conversation, as both sides see it over HTTP."""

import pytest

from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import wait_for_text


@pytest.mark.usefixtures("connected")
async def test_both_sides_see_who_speaks(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, forum: Group
) -> None:
    """The first of several messages in a row has its writer's name, with any kind of message and formatting kept."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    for text in ("Guten Tag!", "Wann passt es?"):
        bea.send_text(text, chat=forum, topic=topic)
    cem.send_text("Oder zu dritt?", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Oder zu dritt?")
    long_text = "👍" * 2_048
    ada.send_sticker()
    ada.send_text("Gern: https://example.org 👍")
    await wait_for_text(fake_telegram, bea, "Gern", forum)
    bea.send_text(long_text, chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, long_text)
    ada.send_text("Danke")
    await wait_for_text(fake_telegram, bea, "Danke", forum)

    begun = [seen.text.partition(" zu Ihrer Anfrage")[0] for seen in ada.bot_messages()]
    assert begun[begun.index("Bea schreibt Ihnen") :] == [
        "Bea schreibt Ihnen",
        "Bea (Beratung):\nGuten Tag!",
        "Wann passt es?",
        "Cem schreibt jetzt auch mit.",
        "Cem (Beratung):\nOder zu dritt?",
        "Bea (Beratung):",
        long_text,
    ]
    in_topic = [(seen.kind, seen.text) for seen in bea.bot_messages(forum) if seen.thread_id == topic]
    assert in_topic[-4:] == [
        ("text", "Ada:"),
        ("sticker", ""),
        ("text", "Gern: https://example.org 👍"),
        ("text", "Ada:\nDanke"),
    ]
