"""What advisers can do, and that nobody else can."""

import pytest

from bot.sandbox.fake_telegram import Group, StandIn, User
from tests.telegram.advice import card, request, topic_of
from tests.telegram.conftest import sees


@pytest.mark.usefixtures("connected")
async def test_notes_stay_among_advisers(standin: StandIn, ada: User, bea: User, forum: Group) -> None:
    """What begins with // is not passed on, nor is what is said outside of the request's topic."""
    topic = topic_of(await card(standin, bea, forum, await request(standin, ada)))
    bea.says("// Kennen wir die?", chat=forum, topic=topic)
    bea.says("Wer hat Zeit?", chat=forum)
    bea.says("Guten Tag!", chat=forum, topic=topic)
    await sees(standin, ada, "Guten Tag!")

    assert not any("Kennen wir" in seen.text or "Wer hat Zeit" in seen.text for seen in ada.sees())


@pytest.mark.usefixtures("connected")
async def test_of_two_advisers_one_takes_it(standin: StandIn, ada: User, bea: User, cem: User, forum: Group) -> None:
    """The second is told who was faster."""
    await card(standin, bea, forum, await request(standin, ada))
    first, second = bea.taps("Übernehmen", chat=forum), cem.taps("Übernehmen", chat=forum)
    await standin.wait_for(lambda: first.answer is not None and second.answer is not None)

    assert second.answer is not None
    assert second.answer["text"] == "Schon übernommen von Bea."
    await sees(standin, bea, "Übernommen (Bea)", forum)


@pytest.mark.usefixtures("connected")
async def test_suggested_answer_is_sent_with_one_tap(standin: StandIn, ada: User, bea: User, forum: Group) -> None:
    """The three best entries for what the person wrote last, each to be sent or read."""
    await card(standin, bea, forum, await request(standin, ada, "Was ist eine Backbone-Organisation?"))
    bea.taps("Antworten vorschlagen", chat=forum)
    offered = await sees(standin, bea, "Wissensbasis", forum)
    assert len(offered.buttons) == 3
    answer, text = (offered.buttons[0][at].data or "" for at in (0, 1))
    bea.taps_old(text, chat=forum)
    await sees(standin, bea, "Zum Kopieren", forum)
    bea.taps_old(answer, chat=forum)

    assert "Backbone" in (await sees(standin, ada, "Bea schickt Ihnen dazu")).text


@pytest.mark.usefixtures("connected")
async def test_only_advisers_act(standin: StandIn, ada: User, bea: User, cem: User, forum: Group) -> None:
    """Nobody outside, nobody who has left, and nobody with another's button changes anything."""
    reference = await request(standin, ada)
    await card(standin, bea, forum, reference)
    forum.leaves(cem)
    outsider = await forged(standin, cem, forum, f"q:take:{reference}")
    assert outsider == "Das können nur Berater*innen."
    assert await forged(standin, ada, None, f"q:close:{reference}") == "Dieser Knopf gilt nicht mehr."
    eve = standin.user("Eve", language_code="de")
    eve.says("/start")
    await eve.wait_reply()
    for data in (
        f"h:done:{reference}",
        f"h:rate:{reference}:5",
        f"h:withdraw:{reference}",
        "h:done:AAAA-AAAA",
        "q:",
        "h",
    ):
        assert await forged(standin, eve, None, data) == "Dieser Knopf gilt nicht mehr."
    ada.says("/anfragen")
    assert "nur Berater*innen" in (await ada.wait_reply()).text
    bea.says("/anfragen", chat=forum)

    assert "noch frei" in (await sees(standin, bea, "Offene Anfragen", forum)).text


async def forged(standin: StandIn, person: User, chat: Group | None, data: str) -> str:
    """A tap with data that no button of the person's holds; returns what it was answered with."""
    tap = person.taps_old(data, chat)
    await standin.wait_for(lambda: tap.answer is not None)
    assert tap.answer is not None
    return str(tap.answer.get("text", ""))


@pytest.mark.usefixtures("connected")
async def test_command_is_answered_in_its_topic(standin: StandIn, ada: User, bea: User, forum: Group) -> None:
    """Who asks for the open requests inside a topic reads them there."""
    topic = topic_of(await card(standin, bea, forum, await request(standin, ada)))
    bea.says("/anfragen", chat=forum, topic=topic)

    assert (await sees(standin, bea, "Offene Anfragen", forum)).thread_id == topic


@pytest.mark.usefixtures("connected")
async def test_released_request_is_free_again(
    standin: StandIn, ada: User, bea: User, cem: User, forum: Group
) -> None:
    """Handed over, it can be taken by somebody else, and reopened after it was closed."""
    await card(standin, bea, forum, await request(standin, ada))
    bea.taps("Übernehmen", chat=forum)
    await sees(standin, bea, "Übernommen (Bea)", forum)
    bea.taps("Abgeben", chat=forum)
    await sees(standin, bea, "Wer übernimmt?", forum)
    await standin.wait_for(lambda: "Noch nicht übernommen" in _card(bea, forum))
    cem.taps("Übernehmen", chat=forum)
    await sees(standin, bea, "Übernommen (Cem)", forum)
    cem.taps("Abschließen", chat=forum)
    await sees(standin, ada, "abgeschlossen. Wie war es für Sie?")
    ada.taps("Wieder öffnen")

    await sees(standin, ada, "ist wieder offen")
    await standin.wait_for(lambda: "Noch nicht übernommen" in _card(bea, forum))


def _card(reader: User, chat: Group) -> str:
    return next(seen.text for seen in reader.sees(chat) if seen.text.startswith("Anfrage "))


@pytest.mark.usefixtures("connected")
async def test_question_after_rating_is_no_comment(standin: StandIn, ada: User, bea: User, forum: Group) -> None:
    """A comment is awaited, but a question is answered."""
    await card(standin, bea, forum, await request(standin, ada))
    bea.taps("Abschließen", chat=forum)
    await sees(standin, ada, "Wie war es für Sie?")
    ada.taps("🙂")
    await sees(standin, ada, "Möchten Sie noch etwas dazu sagen?")
    ada.says("Was ist ein Backbone?")

    assert "Aus der Fachliteratur" in (await ada.wait_reply()).text


@pytest.mark.usefixtures("connected")
async def test_closed_request_relays_nothing(standin: StandIn, ada: User, bea: User, forum: Group) -> None:
    """What is written after the closing goes nowhere in silence: both sides are told."""
    topic = topic_of(await card(standin, bea, forum, await request(standin, ada)))
    bea.says("Hallo!", chat=forum, topic=topic)
    hello = await sees(standin, ada, "Hallo!")
    await sees(standin, bea, "Übernommen (Bea)", forum)
    bea.taps("Abschließen", chat=forum)
    await sees(standin, ada, "Wie war es für Sie?")
    bea.says("Noch etwas", chat=forum, topic=topic)
    await sees(standin, bea, "nicht hinausgegangen", forum)
    ada.says("Ich auch", reply_to=hello)
    await sees(standin, ada, "nicht weitergegeben")

    assert not any("Noch etwas" in seen.text for seen in ada.sees())
    assert not any("Ich auch" in seen.text for seen in bea.sees(forum))


@pytest.mark.usefixtures("connected")
async def test_request_handed_back_loses_nothing(
    standin: StandIn, ada: User, bea: User, cem: User, forum: Group
) -> None:
    """What a person writes after their adviser has handed the request back is in its topic, for whoever takes it."""
    topic = topic_of(await card(standin, bea, forum, await request(standin, ada)))
    bea.says("Guten Tag!", chat=forum, topic=topic)
    await sees(standin, bea, "Übernommen (Bea)", forum)
    bea.taps("Abgeben", chat=forum)
    await sees(standin, ada, "jemand anderes aus der Beratung übernimmt sie")
    ada.says("Dann warte ich gern.")
    assert (await sees(standin, bea, "Dann warte ich gern.", forum)).thread_id == topic
    cem.says("Da bin ich.", chat=forum, topic=topic)
    await sees(standin, ada, "Cem schreibt Ihnen zu Ihrer Anfrage")

    await sees(standin, ada, "Da bin ich.")


@pytest.mark.usefixtures("connected")
async def test_topic_opened_anew_tells_what_was_read(standin: StandIn, ada: User, bea: User, forum: Group) -> None:
    """Of what either side corrected, and what an adviser took back, the history tells what the other has read."""
    topic = topic_of(await card(standin, bea, forum, await request(standin, ada)))
    number = bea.says("Rufen Sie an: 0431 111", chat=forum, topic=topic)
    note = bea.says("Sehr anstrengend", chat=forum, topic=topic)
    await sees(standin, ada, "Sehr anstrengend")
    day = ada.says("Passt Montag?")
    await sees(standin, bea, "Passt Montag?", forum)
    bea.edits(number, "Rufen Sie an: 0431 222", chat=forum)
    bea.edits(note, "// Sehr anstrengend", chat=forum)
    ada.edits(day, "Passt Dienstag?")
    await sees(standin, ada, "0431 222")
    await standin.wait_for(lambda: not any("anstrengend" in seen.text for seen in ada.sees()))
    await sees(standin, bea, "Passt Dienstag?", forum)
    forum.deletes_topic(topic)
    ada.says("Bis dann!")
    history = (await sees(standin, bea, "Bisheriger Verlauf", forum)).text

    assert "0431 222" in history
    assert "Dienstag" in history
    assert not any(words in history for words in ("0431 111", "Montag", "anstrengend"))


@pytest.mark.usefixtures("connected")
async def test_word_to_the_advisers_is_passed_on(standin: StandIn, ada: User, bea: User, forum: Group) -> None:
    """Before an adviser has written, what the bot has no answer to reaches the topic with one tap."""
    reference = await request(standin, ada)
    topic = topic_of(await card(standin, bea, forum, reference))
    ada.says("Sind Sie noch da?")
    await ada.wait_reply()
    tap = ada.taps(f"An die Beratung weitergeben ({reference})")
    passed = await sees(standin, bea, "Sind Sie noch da?", forum)
    assert passed.thread_id == topic
    await standin.wait_for(lambda: tap.answer)
    bea.says("Aber ja!", chat=forum, topic=topic, reply_to=passed)

    await sees(standin, ada, "Aber ja!")
