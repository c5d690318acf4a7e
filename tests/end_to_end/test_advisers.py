"""What advisers can do, and that nobody else can."""

import pytest

from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import wait_for_text


@pytest.mark.usefixtures("connected")
async def test_notes_stay_among_advisers(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """What begins with // is not passed on, nor is what is said outside of the request's topic."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("// Kennen wir die?", chat=forum, topic=topic)
    bea.send_text("Wer hat Zeit?", chat=forum)
    bea.send_text("Guten Tag!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Guten Tag!")

    assert not any("Kennen wir" in seen.text or "Wer hat Zeit" in seen.text for seen in ada.bot_messages())


@pytest.mark.usefixtures("connected")
async def test_of_two_advisers_one_takes_it(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, forum: Group
) -> None:
    """The second is told who was faster."""
    await card(fake_telegram, bea, forum, await request(fake_telegram, ada))
    first, second = bea.tap_button("Übernehmen", chat=forum), cem.tap_button("Übernehmen", chat=forum)
    await fake_telegram.wait_for(lambda: first.answer is not None and second.answer is not None)

    assert second.answer is not None
    assert second.answer["text"] == "Schon übernommen von Bea."
    await wait_for_text(fake_telegram, bea, "Übernommen (Bea)", forum)


@pytest.mark.usefixtures("connected")
async def test_suggested_answer_is_sent_with_one_tap(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """The three best entries for what the person wrote last, each to be sent or read."""
    await card(fake_telegram, bea, forum, await request(fake_telegram, ada, "Was ist eine Backbone-Organisation?"))
    bea.tap_button("Antworten vorschlagen", chat=forum)
    offered = await wait_for_text(fake_telegram, bea, "Wissensbasis", forum)
    assert len(offered.buttons) == 3
    answer, text = (offered.buttons[0][at].data or "" for at in (0, 1))
    bea.tap_stale_button(text, chat=forum)
    await wait_for_text(fake_telegram, bea, "Zum Kopieren", forum)
    bea.tap_stale_button(answer, chat=forum)

    assert "Backbone" in (await wait_for_text(fake_telegram, ada, "Bea schickt Ihnen dazu")).text


@pytest.mark.usefixtures("connected")
async def test_only_advisers_act(fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, forum: Group) -> None:
    """Nobody outside, nobody who has left, and nobody with another's button changes anything."""
    reference = await request(fake_telegram, ada)
    await card(fake_telegram, bea, forum, reference)
    forum.remove_member(cem.account)
    outsider = await forged(fake_telegram, cem, forum, f"q:take:{reference}")
    assert outsider == "Das können nur Berater*innen."
    assert await forged(fake_telegram, ada, None, f"q:close:{reference}") == "Dieser Knopf gilt nicht mehr."
    eve = fake_telegram.add_user("Eve", language_code="de")
    eve.send_text("/start")
    await eve.wait_for_reply()
    for data in (
        f"h:done:{reference}",
        f"h:rate:{reference}:5",
        f"h:withdraw:{reference}",
        "h:done:AAAA-AAAA",
        "q:",
        "h",
    ):
        assert await forged(fake_telegram, eve, None, data) == "Dieser Knopf gilt nicht mehr."
    ada.send_text("/anfragen")
    assert "nur Berater*innen" in (await ada.wait_for_reply()).text
    bea.send_text("/anfragen", chat=forum)

    assert "noch frei" in (await wait_for_text(fake_telegram, bea, "Offene Anfragen", forum)).text


async def forged(fake_telegram: FakeTelegram, person: User, chat: Group | None, data: str) -> str:
    """A tap with data that no button of the person's holds; returns what it was answered with."""
    tap = person.tap_stale_button(data, chat)
    await fake_telegram.wait_for(lambda: tap.answer is not None)
    assert tap.answer is not None
    return str(tap.answer.get("text", ""))


@pytest.mark.usefixtures("connected")
async def test_command_is_answered_in_its_topic(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """Who asks for the open requests inside a topic reads them there."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("/anfragen", chat=forum, topic=topic)

    assert (await wait_for_text(fake_telegram, bea, "Offene Anfragen", forum)).thread_id == topic


@pytest.mark.usefixtures("connected")
async def test_released_request_is_free_again(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, forum: Group
) -> None:
    """Handed over, it can be taken by somebody else, and reopened after it was closed."""
    await card(fake_telegram, bea, forum, await request(fake_telegram, ada))
    bea.tap_button("Übernehmen", chat=forum)
    await wait_for_text(fake_telegram, bea, "Übernommen (Bea)", forum)
    bea.tap_button("Abgeben", chat=forum)
    await wait_for_text(fake_telegram, bea, "Wer übernimmt?", forum)
    await fake_telegram.wait_for(lambda: "Noch nicht übernommen" in _card(bea, forum))
    cem.tap_button("Übernehmen", chat=forum)
    await wait_for_text(fake_telegram, bea, "Übernommen (Cem)", forum)
    cem.tap_button("Abschließen", chat=forum)
    await wait_for_text(fake_telegram, ada, "abgeschlossen. Wie war es für Sie?")
    ada.tap_button("Wieder öffnen")

    await wait_for_text(fake_telegram, ada, "ist wieder offen")
    await fake_telegram.wait_for(lambda: "Noch nicht übernommen" in _card(bea, forum))


def _card(reader: User, chat: Group) -> str:
    return next(seen.text for seen in reader.bot_messages(chat) if seen.text.startswith("Anfrage "))


@pytest.mark.usefixtures("connected")
async def test_question_after_rating_is_no_comment(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """A comment is awaited, but a question is answered."""
    await card(fake_telegram, bea, forum, await request(fake_telegram, ada))
    bea.tap_button("Abschließen", chat=forum)
    await wait_for_text(fake_telegram, ada, "Wie war es für Sie?")
    ada.tap_button("🙂")
    await wait_for_text(fake_telegram, ada, "Möchten Sie noch etwas dazu sagen?")
    ada.send_text("Was ist ein Backbone?")

    assert "Aus der Fachliteratur" in (await ada.wait_for_reply()).text


@pytest.mark.usefixtures("connected")
async def test_closed_request_relays_nothing(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """What is written after the closing goes nowhere in silence: both sides are told."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Hallo!", chat=forum, topic=topic)
    hello = await wait_for_text(fake_telegram, ada, "Hallo!")
    await wait_for_text(fake_telegram, bea, "Übernommen (Bea)", forum)
    bea.tap_button("Abschließen", chat=forum)
    await wait_for_text(fake_telegram, ada, "Wie war es für Sie?")
    bea.send_text("Noch etwas", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, bea, "nicht hinausgegangen", forum)
    ada.send_text("Ich auch", reply_to=hello)
    await wait_for_text(fake_telegram, ada, "nicht weitergegeben")

    assert not any("Noch etwas" in seen.text for seen in ada.bot_messages())
    assert not any("Ich auch" in seen.text for seen in bea.bot_messages(forum))


@pytest.mark.usefixtures("connected")
async def test_request_handed_back_loses_nothing(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, forum: Group
) -> None:
    """What a person writes after their adviser has handed the request back is in its topic, for whoever takes it."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Guten Tag!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, bea, "Übernommen (Bea)", forum)
    bea.tap_button("Abgeben", chat=forum)
    await wait_for_text(fake_telegram, ada, "jemand anderes aus der Beratung übernimmt sie")
    ada.send_text("Dann warte ich gern.")
    assert (await wait_for_text(fake_telegram, bea, "Dann warte ich gern.", forum)).thread_id == topic
    cem.send_text("Da bin ich.", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Cem schreibt Ihnen zu Ihrer Anfrage")

    await wait_for_text(fake_telegram, ada, "Da bin ich.")


@pytest.mark.usefixtures("connected")
async def test_topic_opened_anew_tells_what_was_read(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """Of what either side corrected, and what an adviser took back, the history tells what the other has read."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    number = bea.send_text("Rufen Sie an: 0431 111", chat=forum, topic=topic)
    note = bea.send_text("Sehr anstrengend", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Sehr anstrengend")
    day = ada.send_text("Passt Montag?")
    await wait_for_text(fake_telegram, bea, "Passt Montag?", forum)
    bea.edit_text(number, "Rufen Sie an: 0431 222", chat=forum)
    bea.edit_text(note, "// Sehr anstrengend", chat=forum)
    ada.edit_text(day, "Passt Dienstag?")
    await wait_for_text(fake_telegram, ada, "0431 222")
    await fake_telegram.wait_for(lambda: not any("anstrengend" in seen.text for seen in ada.bot_messages()))
    await wait_for_text(fake_telegram, bea, "Passt Dienstag?", forum)
    forum.delete_topic(topic)
    ada.send_text("Bis dann!")
    history = (await wait_for_text(fake_telegram, bea, "Bisheriger Verlauf", forum)).text

    assert "0431 222" in history
    assert "Passt Dienstag?" in history
    assert not any(words in history for words in ("0431 111", "Passt Montag?", "anstrengend"))


@pytest.mark.usefixtures("connected")
async def test_word_to_the_advisers_is_passed_on(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """Before an adviser has written, what the bot has no answer to reaches the topic with one tap."""
    reference = await request(fake_telegram, ada)
    topic = topic_of(await card(fake_telegram, bea, forum, reference))
    ada.send_text("Sind Sie noch da?")
    await ada.wait_for_reply()
    tap = ada.tap_button(f"An die Beratung weitergeben ({reference})")
    passed = await wait_for_text(fake_telegram, bea, "Sind Sie noch da?", forum)
    assert passed.thread_id == topic
    await fake_telegram.wait_for(lambda: tap.answer)
    bea.send_text("Aber ja!", chat=forum, topic=topic, reply_to=passed)

    await wait_for_text(fake_telegram, ada, "Aber ja!")
