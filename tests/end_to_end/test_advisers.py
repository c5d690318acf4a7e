"""What advisers, and only they, can do with requests."""

import pytest

from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import wait_for_text


@pytest.mark.usefixtures("connected")
async def test_notes_stay_among_advisers(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """Messages that begin with // or are written outside the request's topic are not passed on."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    note = bea.send_text("// Kennen wir die?", chat=forum, topic=topic)
    bea.send_text("Wer hat Zeit?", chat=forum)
    bea.send_text("Guten Tag!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Guten Tag!")
    await fake_telegram.wait_for(
        lambda: [m.reaction for m in fake_telegram.view_chat(forum).messages if m.id == note.id] == [("🙊",)]
    )

    assert not any("Kennen wir" in seen.text or "Wer hat Zeit" in seen.text for seen in ada.bot_messages())


@pytest.mark.usefixtures("connected")
async def test_only_one_adviser_can_take_a_request(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, forum: Group
) -> None:
    """Only one adviser can take a request; a second one is told who has taken it."""
    await card(fake_telegram, bea, forum, await request(fake_telegram, ada))
    first, second = bea.tap_button("Übernehmen", chat=forum), cem.tap_button("Übernehmen", chat=forum)
    await fake_telegram.wait_for(lambda: first.answer is not None and second.answer is not None)

    assert second.answer is not None
    assert second.answer["text"] == "Schon übernommen von Bea."
    await wait_for_text(fake_telegram, bea, "Übernommen (Bea)", forum)


@pytest.mark.usefixtures("connected")
async def test_suggested_answer_is_sent_after_one_look(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """Advisers are offered the three best entries for the person's words, see the whole text of one, and send it."""
    await card(fake_telegram, bea, forum, await request(fake_telegram, ada, "Was ist eine Backbone-Organisation?"))
    bea.tap_button("Antworten vorschlagen", chat=forum)
    offered = await wait_for_text(fake_telegram, bea, "aus der Wissenssammlung", forum)
    assert len(offered.buttons) == 3
    bea.tap_stale_button(offered.buttons[0][0].data or "", chat=forum)
    await wait_for_text(fake_telegram, bea, "So bekommt es die Person", forum)
    bea.tap_button("➤ So schicken", chat=forum)

    assert "Backbone" in (await wait_for_text(fake_telegram, ada, "Bea schickt Ihnen dazu")).text


@pytest.mark.usefixtures("connected")
async def test_only_advisers_can_act(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, forum: Group
) -> None:
    """Outsiders, former members, and people who forge another person's button change nothing."""
    reference = await request(fake_telegram, ada)
    await card(fake_telegram, bea, forum, reference)
    forum.remove_member(cem.account)
    outsider = await answer_to_forged_tap(fake_telegram, cem, forum, f"q:take:{reference}")
    assert outsider == "Das können nur Berater*innen."
    assert (
        await answer_to_forged_tap(fake_telegram, ada, None, f"q:close:{reference}")
        == "Dieser Knopf gilt nicht mehr."
    )
    eve = fake_telegram.add_user("Eve", language_code="de")
    eve.send_text("/start")
    await eve.wait_for_reply()
    for data in (
        f"h:done:{reference}",
        f"h:rate:{reference}:5",
        f"h:withdraw:{reference}:yes",
        "h:done:AAAA-AAAA",
        "q:",
        "h",
    ):
        assert await answer_to_forged_tap(fake_telegram, eve, None, data) == "Dieser Knopf gilt nicht mehr."
    ada.send_text("/anfragen")
    assert "nur Berater*innen" in (await ada.wait_for_reply()).text
    bea.send_text("/anfragen", chat=forum)

    assert "noch frei" in (await wait_for_text(fake_telegram, bea, "Offene Anfragen", forum)).text


async def answer_to_forged_tap(fake_telegram: FakeTelegram, person: User, chat: Group | None, data: str) -> str:
    """Tap a button that the person does not have; return the text of the answer."""
    tap = person.tap_stale_button(data, chat)
    await fake_telegram.wait_for(lambda: tap.answer is not None)
    assert tap.answer is not None
    return str(tap.answer.get("text", ""))


@pytest.mark.usefixtures("connected")
async def test_command_is_answered_in_its_topic(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """/anfragen, sent in a topic, is answered in that topic."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("/anfragen", chat=forum, topic=topic)

    assert (await wait_for_text(fake_telegram, bea, "Offene Anfragen", forum)).thread_id == topic


@pytest.mark.usefixtures("connected")
async def test_released_request_is_free_again(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, forum: Group
) -> None:
    """A released request can be taken by another adviser, who has it again after its end and reopening."""
    await card(fake_telegram, bea, forum, await request(fake_telegram, ada))
    bea.tap_button("Übernehmen", chat=forum)
    await wait_for_text(fake_telegram, bea, "Übernommen (Bea)", forum)
    bea.tap_button("Abgeben", chat=forum)
    await wait_for_text(fake_telegram, bea, "Wer übernimmt?", forum)
    await fake_telegram.wait_for(lambda: "Noch nicht übernommen" in _card_text(bea, forum))
    cem.tap_button("Übernehmen", chat=forum)
    await wait_for_text(fake_telegram, bea, "Übernommen (Cem)", forum)
    cem.tap_button("Abschließen", chat=forum)
    await wait_for_text(fake_telegram, ada, "abgeschlossen. Wie war es für Sie?")
    ada.tap_button("Wieder öffnen")

    await wait_for_text(fake_telegram, ada, "ist wieder offen")
    await fake_telegram.wait_for(lambda: "Übernommen (Cem)" in _card_text(bea, forum))


def _card_text(reader: User, chat: Group) -> str:
    return next(seen.text for seen in reader.bot_messages(chat) if seen.text.startswith("Anfrage "))


@pytest.mark.usefixtures("connected")
async def test_question_after_rating_is_answered(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """A question is answered even while the bot waits for a comment on the rating."""
    await card(fake_telegram, bea, forum, await request(fake_telegram, ada))
    bea.tap_button("Abschließen", chat=forum)
    await wait_for_text(fake_telegram, ada, "Wie war es für Sie?")
    ada.tap_button("🙂")
    await wait_for_text(fake_telegram, ada, "Möchten Sie noch etwas dazu sagen?")
    ada.send_text("Was ist ein Backbone?")

    assert "Aus der Fachliteratur" in (await ada.wait_for_reply()).text


@pytest.mark.usefixtures("connected")
async def test_closed_request_relays_nothing(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """After a request is closed, messages are not relayed, and either sender is told so."""
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
async def test_messages_for_a_released_request_are_kept(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, forum: Group
) -> None:
    """What a person writes after their request was released is in its topic for the next adviser."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Guten Tag!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, bea, "Übernommen (Bea)", forum)
    bea.tap_button("Abgeben", chat=forum)
    await wait_for_text(fake_telegram, ada, "jemand anderes aus dem Beratungsteam übernimmt sie")
    ada.send_text("Dann warte ich gern.")
    assert (await wait_for_text(fake_telegram, bea, "Dann warte ich gern.", forum)).thread_id == topic
    cem.send_text("Da bin ich.", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Cem schreibt Ihnen zu Ihrer Anfrage")

    await wait_for_text(fake_telegram, ada, "Da bin ich.")


@pytest.mark.usefixtures("connected")
async def test_history_in_a_new_topic_is_up_to_date(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """The history in a new topic has the corrected texts, and nothing that was withdrawn."""
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
async def test_unanswered_message_can_be_passed_on(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """Before an adviser has written, a message the bot cannot answer reaches the topic with one tap."""
    reference = await request(fake_telegram, ada)
    topic = topic_of(await card(fake_telegram, bea, forum, reference))
    ada.send_text("Sind Sie noch da?")
    await ada.wait_for_reply()
    tap = ada.tap_button(f"Ans Beratungsteam weitergeben ({reference})")
    passed = await wait_for_text(fake_telegram, bea, "Sind Sie noch da?", forum)
    assert passed.thread_id == topic
    await fake_telegram.wait_for(lambda: tap.answer)
    bea.send_text("Aber ja!", chat=forum, topic=topic, reply_to=passed)

    await wait_for_text(fake_telegram, ada, "Aber ja!")
