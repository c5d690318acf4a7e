"""Personal data: privacy notice, export, deletion as far as Telegram allows, and consent to store a question."""

import asyncio
import time
from email import message_from_bytes
from email.policy import default

import pytest

from bot.app.bootstrap import open_store_from_settings
from bot.sandbox.fake_telegram import FakeTelegram, FaultKind, Group, User
from bot.settings import Settings
from index.search.live_index import LiveIndex
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import ConnectedTo, running, wait_for_text
from tests.end_to_end.mydata import my_data, my_files
from tests.end_to_end.test_advice_faults import MailServer, mail_server

__all__ = ["mail_server"]  # a fixture
QUESTION = "Was ist Collective Impact?"


async def delete_all_data(person: User) -> str:
    """Delete all data of a person; return the receipt."""
    person.send_text("/loeschen")
    await person.wait_for_reply()
    return (await person.wait_for_reply(person.tap_button("Ja, alles löschen"), count=2)).text


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize(
    ("code", "first", "more", "second"),
    [
        ("de", "180 Tage", "Mehr dazu", "DSGVO"),
        ("en", "180 days", "More", "GDPR"),
        ("leicht", "nach 180 Tagen", "Mehr dazu", "Jahre alt"),
    ],
)
async def test_notice_shows_details_in_place(
    fake_telegram: FakeTelegram, ada: User, code: str, first: str, more: str, second: str
) -> None:
    """The privacy notice names operator, data, retention and rights; details appear in the same message."""
    if code != "de":
        ada.send_text("/sprache")
        await ada.wait_for_reply()
        await ada.wait_for_reply(ada.tap_button("English" if code == "en" else "Leichte Sprache"))
    ada.send_text("/datenschutz")
    notice = await ada.wait_for_reply()
    detail = await ada.wait_for_reply(ada.tap_button(more))
    back = await ada.wait_for_reply(ada.tap_button("‹"))

    assert first in notice.text
    assert "jacob.rohm@phineo.org" in notice.text
    assert second in detail.text
    assert (detail.id, back.text) == (notice.id, notice.text)
    assert max(len(notice.text), len(detail.text)) < 2_500


async def test_notice_names_the_operator(
    bot_settings: Settings, live: LiveIndex, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The notice names the configured operator, or says that none is configured."""
    texts = []
    for operator in ("", "Verein Beispiel e. V., Musterweg 1, 10115 Berlin"):
        monkeypatch.setenv("GW_OPERATOR", operator)
        async with running(Settings(), live):
            ada.send_text("/datenschutz")
            texts.append((await ada.wait_for_reply()).text)

    assert "Hier gehört hin, wer mich betreibt" in texts[0]
    assert "Verein Beispiel e. V., Musterweg 1, 10115 Berlin betreibt diesen Bot." in texts[1]


@pytest.mark.usefixtures("connected")
async def test_export_is_complete(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """/meinedaten sends questions, requests and the messages of both sides, as JSON and as a page."""
    ada.send_text(QUESTION)
    await ada.wait_for_reply()
    reference = await request(fake_telegram, ada, "Wir suchen Kanarienvögel.")
    topic = topic_of(await card(fake_telegram, bea, forum, reference))
    bea.send_text("Wie viele?", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Wie viele?")
    export, page = await my_files(fake_telegram, ada)

    tables = export["data"]
    assert tables["states"][0]["body"]["last_question"] == QUESTION
    assert tables["requests"][0]["body"]["details"]["concern"] == "Wir suchen Kanarienvögel."
    assert [(row["side"], row["text"]) for row in tables["lines"]] == [("adviser", "Wie viele?")]
    assert tables["threads"][0]["thread_id"] == topic
    assert export["fields"]["lines"]["columns"]["side"] == "who wrote: person or adviser"
    for text in (QUESTION, "Wir suchen Kanarienvögel.", "Wie viele?", reference):
        assert text in page


@pytest.mark.usefixtures("connected")
async def test_export_is_created_when_sent(fake_telegram: FakeTelegram, ada: User) -> None:
    """An export that is delayed is created when it is sent; the queue never holds a copy."""
    fake_telegram.fail_next("sendDocument", FaultKind.RATE_LIMIT)
    ada.send_text(QUESTION)
    await ada.wait_for_reply()
    tables, _ = await my_data(fake_telegram, ada)

    assert not any(QUESTION in str(row["params"]) for row in tables["outbox"])


@pytest.mark.usefixtures("connected")
async def test_deletion_removes_the_topic(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, bot_settings: Settings
) -> None:
    """Deletion removes an open request with its topic; the advisers are told, but read none of its text."""
    reference = await request(fake_telegram, ada, "Kanarienvögel gesucht")
    topic = topic_of(await card(fake_telegram, bea, forum, reference))
    bea.send_text("// nur unter uns", chat=forum, topic=topic)
    ada.send_text("/loeschen")
    question = await ada.wait_for_reply()
    receipt = (await ada.wait_for_reply(ada.tap_button("Ja, alles löschen"), count=2)).text
    notice = await wait_for_text(fake_telegram, bea, f"Anfrage {reference}", forum)

    assert f"ist auch die Anfrage {reference} zurückgezogen" in question.text
    assert "Ihre Daten sind gelöscht" in receipt
    assert reference in receipt
    assert topic not in forum.chat.topics
    assert notice.thread_id is None
    assert "auch diese Anfrage zurückgezogen" in notice.text
    assert not any("Kanarien" in seen.text for seen in bea.bot_messages(forum))
    stored, _ = await my_data(fake_telegram, ada)
    assert [name for name, rows in stored.items() if rows] == ["states", "outbox"]  # of this very command


async def test_deletion_without_topics(
    fake_telegram: FakeTelegram, ada: User, bea: User, connected_to: ConnectedTo
) -> None:
    """Without topics, the bot deletes its messages, blanks those too old to delete, and lists the rest."""
    group = fake_telegram.add_group("Beratung", [bea])
    async with connected_to(group):
        reference = await request(fake_telegram, ada, "Kanarienvögel gesucht")
        request_card = await card(fake_telegram, bea, group, reference)
        adviser_message = bea.send_text("Welche Vögel?", chat=group, reply_to=request_card)
        await wait_for_text(fake_telegram, ada, "Welche Vögel?")
        ada.send_text("Gelbe Kanarienvögel")
        await wait_for_text(fake_telegram, bea, "Gelbe Kanarienvögel", group)
        with fake_telegram.world.state_change():
            group.chat.messages[request_card.id].date -= 49 * 3600
        await delete_all_data(ada)
        notice = await wait_for_text(fake_telegram, bea, "auch diese Anfrage zurückgezogen", group)
        bea.send_text("Hallo?", chat=group, reply_to=request_card)
        rejection = await wait_for_text(fake_telegram, bea, "gibt es nicht mehr", group)

    texts = {seen.id: seen.text for seen in bea.bot_messages(group)}
    assert texts[request_card.id] == "🗑 gelöscht"
    assert not any("Kanarien" in text for text in texts.values())
    assert f"https://t.me/c/{str(group.id)[4:]}/{adviser_message.id}" in notice.text
    assert reference in rejection.text
    assert [seen.text for seen in ada.bot_messages()].count("Hallo?") == 0


async def test_deletion_resumes_after_a_fault(
    fake_telegram: FakeTelegram, ada: User, bea: User, connected_to: ConnectedTo
) -> None:
    """Whatever the fault, each message is deleted and the advisers are told once."""
    group = fake_telegram.add_group("Beratung", [bea])
    async with connected_to(group):
        reference = await request(fake_telegram, ada, "Kanarienvögel gesucht")
        await card(fake_telegram, bea, group, reference)
        for kind in (FaultKind.RATE_LIMIT, FaultKind.SERVER_ERROR, FaultKind.LOST):
            fake_telegram.fail_next("deleteMessage", kind, chat=group)
        await delete_all_data(ada)
        await fake_telegram.wait_for(
            lambda: [seen for seen in bea.bot_messages(group) if "zurückgezogen" in seen.text]
        )

    assert sum(seen.text.count(reference) for seen in bea.bot_messages(group)) == 1


async def test_deletion_waits_for_the_adviser_chat(
    fake_telegram: FakeTelegram, ada: User, bea: User, connected_to: ConnectedTo, live: LiveIndex
) -> None:
    """If the bot is not in the adviser chat, a deletion waits until it is, and then removes everything."""
    group = fake_telegram.add_group("Beratung", [bea])
    async with connected_to(group):
        await card(fake_telegram, bea, group, await request(fake_telegram, ada, "Kanarienvögel gesucht"))
        group.remove_bot(bea.account)
        await delete_all_data(ada)
        await fake_telegram.wait_for(
            lambda: [call for call in fake_telegram.calls_to("deleteMessage") if call.status == 403]
        )
    group.add_bot(bea.account)
    async with running(Settings(), live, clock=lambda: time.time() + 400):
        await wait_for_text(fake_telegram, bea, "zurückgezogen", group)

    assert not any("Kanarien" in seen.text for seen in bea.bot_messages(group))


async def test_contact_is_asked_to_delete_the_mail(
    fake_telegram: FakeTelegram, ada: User, forum: Group, connected_to: ConnectedTo, mail_server: MailServer
) -> None:
    """If a request was sent by mail, its contact is asked to delete it, in a reply to that mail."""
    mail_server.controller.start()
    async with connected_to(forum):
        reference = await request(fake_telegram, ada, "Kanarienvögel gesucht")
        assert await asyncio.to_thread(mail_server.arrived.wait, 20)
        mail_server.arrived.clear()
        receipt = await delete_all_data(ada)
        assert await asyncio.to_thread(mail_server.arrived.wait, 20)

    first, second = (message_from_bytes(body, policy=default) for body in mail_server.received)
    assert second["Subject"] == f"Bitte löschen: Anfrage {reference}"
    assert second["In-Reply-To"] == first["Message-ID"]
    assert "Kanarien" not in second.get_content()
    assert "Ada" not in second.as_string()
    assert reference in receipt


@pytest.mark.usefixtures("connected")
async def test_message_in_a_topic_being_deleted(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """What an adviser writes in a topic that is being deleted reaches nobody, and a notice follows."""
    reference = await request(fake_telegram, ada)
    topic = topic_of(await card(fake_telegram, bea, forum, reference))
    fake_telegram.fail_next("deleteForumTopic", FaultKind.RATE_LIMIT, chat=forum)
    await delete_all_data(ada)
    await fake_telegram.wait_for(lambda: fake_telegram.calls_to("deleteForumTopic"))
    bea.send_text("Sind Sie da?", chat=forum, topic=topic)
    await fake_telegram.wait_for(lambda: len(fake_telegram.calls_to("deleteForumTopic")) > 1)
    await wait_for_text(fake_telegram, bea, f"Anfrage {reference}", forum)

    assert not any("Sind Sie da?" in seen.text for seen in ada.bot_messages())


@pytest.mark.usefixtures("polling")
async def test_deletion_can_be_declined(ada: User, fake_telegram: FakeTelegram) -> None:
    """A person who declines the deletion keeps everything, and the buttons disappear."""
    ada.send_text(QUESTION)
    await ada.wait_for_reply()
    ada.send_text("/loeschen")
    question = await ada.wait_for_reply()
    declined = await ada.wait_for_reply(ada.tap_button("Nein, behalten"))
    stored, _ = await my_data(fake_telegram, ada)

    assert "was ich mir gemerkt habe" in question.text
    assert (declined.id, declined.button_labels) == (question.id, [])
    assert stored["states"][0]["body"]["last_question"] == QUESTION


async def test_question_is_stored_only_with_consent(
    fake_telegram: FakeTelegram, ada: User, bot_settings: Settings, live: LiveIndex
) -> None:
    """A thumb down is counted; the question is stored only with consent, and deleted if that is withdrawn."""
    async with running(bot_settings, live):
        ada.send_text(QUESTION)
        await ada.wait_for_reply()
        await ada.wait_for_reply(ada.tap_button("👎"))
        ada.tap_button("Veraltet")
        question = await wait_for_text(fake_telegram, ada, "Darf ich diese Frage auch aufheben")
        before, _ = await my_data(fake_telegram, ada)
        consented = await ada.wait_for_reply(ada.tap_button("Ja, aufheben"))
        after, _ = await my_data(fake_telegram, ada)
        ada.send_text("/datenschutz")
        await ada.wait_for_reply()
        withdrawn = await ada.wait_for_reply(ada.tap_button("Keine Fragen mehr aufheben"))
        after_withdrawal, _ = await my_data(fake_telegram, ada)
        ada.tap_button("👎 ✓")
        await fake_telegram.wait_for(lambda: len(fake_telegram.calls_to("answerCallbackQuery")) == 5)

    assert QUESTION in question.text
    assert ([row["flaw"] for row in before["feedback"]], before["questions"]) == (["outdated"], [])
    assert "Ich hebe Ihre Frage auf" in consented.text
    assert [row["question"] for row in after["questions"]] == [QUESTION]
    assert "gelöscht" in withdrawn.text
    assert after_withdrawal["questions"] == []
    store = open_store_from_settings(bot_settings)
    assert (store.users.consented_questions(), store.users.feedback_counts()) == ([], [("collective-impact", 0, 1)])
    store.close()


@pytest.mark.usefixtures("polling")
async def test_declined_consent_is_not_requested_again(fake_telegram: FakeTelegram, ada: User) -> None:
    """A person who has declined is not asked again, and their thumb still counts."""
    ada.send_text(QUESTION)
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("👎"))
    ada.tap_button("Falsch")
    await wait_for_text(fake_telegram, ada, "Darf ich diese Frage auch aufheben")
    declined = await ada.wait_for_reply(ada.tap_button("Nein"))
    await ada.wait_for_reply(ada.tap_button("👎 ✓"))
    ada.tap_button("Falsch")
    await fake_telegram.wait_for(lambda: len(fake_telegram.calls_to("answerCallbackQuery")) == 5)
    stored, _ = await my_data(fake_telegram, ada)

    assert "hebe Ihre Frage nicht auf" in declined.text
    assert (len(stored["feedback"]), stored["questions"]) == (1, [])
    assert len(ada.bot_messages()) == 4  # the answer, the question about it, and the two files


async def test_expired_data_is_deleted(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, connected_to: ConnectedTo, live: LiveIndex
) -> None:
    """The running bot deletes expired data, and the topic of a closed request without a notice."""
    async with connected_to(forum):
        reference = await request(fake_telegram, ada)
        topic = topic_of(await card(fake_telegram, bea, forum, reference))
        bea.tap_button("Abschließen", chat=forum)
        await wait_for_text(fake_telegram, ada, "abgeschlossen")
    async with running(Settings(), live, clock=lambda: time.time() + 179 * 86_400):
        before, _ = await my_data(fake_telegram, ada)
    async with running(Settings(), live, clock=lambda: time.time() + 361 * 86_400):
        await fake_telegram.wait_for(lambda: topic not in forum.chat.topics)
        after, _ = await my_data(fake_telegram, ada)

    assert len(before["requests"]) == 1
    assert [name for name, rows in after.items() if rows] == ["states", "outbox"]
    # Nothing but the greeting, which comes again if its note was deleted before the bot looked for it.
    assert {"So arbeiten Sie hier" in seen.text for seen in bea.bot_messages(forum)} == {True}
