"""A person's data: the notice, what is held, deletion as far as Telegram allows, consent to keep a question."""

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
from tests.end_to_end.conftest import AtDesk, running, wait_for_text
from tests.end_to_end.mydata import my_data, my_files
from tests.end_to_end.test_advice_faults import MailServer, mail_server

__all__ = ["mail_server"]  # a fixture
QUESTION = "Was ist Collective Impact?"


async def deletes(person: User) -> str:
    """Delete everything; the receipt."""
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
async def test_notice_turns_in_place(
    fake_telegram: FakeTelegram, ada: User, code: str, first: str, more: str, second: str
) -> None:
    """The notice names who, what, how long and the rights; details are a tap away, in the same message."""
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
    """Who runs the bot is named as the settings say; where they do not, that is said."""
    texts = []
    for operator in ("", "Verein Beispiel e. V., Musterweg 1, 10115 Berlin"):
        monkeypatch.setenv("GW_OPERATOR", operator)
        async with running(Settings(), live):
            ada.send_text("/datenschutz")
            texts.append((await ada.wait_for_reply()).text)

    assert "steht noch nicht in seinen Einstellungen" in texts[0]
    assert "Verein Beispiel e. V., Musterweg 1, 10115 Berlin betreibt diesen Bot." in texts[1]


@pytest.mark.usefixtures("connected")
async def test_everything_held_is_sent(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """/meinedaten sends what was asked, requested and written by both sides, as JSON and as a page."""
    ada.send_text(QUESTION)
    await ada.wait_for_reply()
    reference = await request(fake_telegram, ada, "Wir suchen Kanarienvögel.")
    topic = topic_of(await card(fake_telegram, bea, forum, reference))
    bea.send_text("Wie viele?", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Wie viele?")
    whole, page = await my_files(fake_telegram, ada)

    held = whole["data"]
    assert held["states"][0]["body"]["last_question"] == QUESTION
    assert held["requests"][0]["body"]["details"]["concern"] == "Wir suchen Kanarienvögel."
    assert [(row["side"], row["text"]) for row in held["lines"]] == [("adviser", "Wie viele?")]
    assert held["threads"][0]["thread_id"] == topic
    assert whole["fields"]["lines"]["columns"]["side"] == "who wrote: person or adviser"
    for text in (QUESTION, "Wir suchen Kanarienvögel.", "Wie viele?", reference):
        assert text in page


@pytest.mark.usefixtures("connected")
async def test_files_hold_what_is_true_when_they_are_sent(fake_telegram: FakeTelegram, ada: User) -> None:
    """A chat that has to wait is sent no older copy, and the queue holds none."""
    fake_telegram.fail_next("sendDocument", FaultKind.RATE_LIMIT)
    ada.send_text(QUESTION)
    await ada.wait_for_reply()
    held, _ = await my_data(fake_telegram, ada)

    assert not any(QUESTION in str(row["params"]) for row in held["outbox"])


@pytest.mark.usefixtures("connected")
async def test_topic_goes_with_the_person(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, bot_settings: Settings
) -> None:
    """Deletion takes an open request with its whole topic; advisers are told, without a text; others stay."""
    reference = await request(fake_telegram, ada, "Kanarienvögel gesucht")
    topic = topic_of(await card(fake_telegram, bea, forum, reference))
    bea.send_text("// nur unter uns", chat=forum, topic=topic)
    ada.send_text("/loeschen")
    asked = await ada.wait_for_reply()
    receipt = (await ada.wait_for_reply(ada.tap_button("Ja, alles löschen"), count=2)).text
    told = await wait_for_text(fake_telegram, bea, f"Anfrage {reference}", forum)

    assert f"{reference} ist noch nicht abgeschlossen" in asked.text
    assert "Ihre Daten sind gelöscht" in receipt
    assert reference in receipt
    assert topic not in forum.chat.topics
    assert told.thread_id is None
    assert "auch diese Anfrage zurückgezogen" in told.text
    assert not any("Kanarien" in seen.text for seen in bea.bot_messages(forum))
    held, _ = await my_data(fake_telegram, ada)
    assert [name for name, rows in held.items() if rows] == ["states", "outbox"]  # of this very command


async def test_messages_go_one_by_one(fake_telegram: FakeTelegram, ada: User, bea: User, at_desk: AtDesk) -> None:
    """Without topics the bot deletes what it sent, empties what is too old for that, and names the rest."""
    group = fake_telegram.add_group("Beratung", [bea])
    async with at_desk(group):
        reference = await request(fake_telegram, ada, "Kanarienvögel gesucht")
        brief = await card(fake_telegram, bea, group, reference)
        theirs = bea.send_text("Welche Vögel?", chat=group, reply_to=brief)
        await wait_for_text(fake_telegram, ada, "Welche Vögel?")
        ada.send_text("Gelbe Kanarienvögel")
        await wait_for_text(fake_telegram, bea, "Gelbe Kanarienvögel", group)
        with fake_telegram.world.state_change():
            group.chat.messages[brief.id].date -= 49 * 3600
        await deletes(ada)
        told = await wait_for_text(fake_telegram, bea, "auch diese Anfrage zurückgezogen", group)
        bea.send_text("Hallo?", chat=group, reply_to=brief)
        answered = await wait_for_text(fake_telegram, bea, "gibt es nicht mehr", group)

    texts = {seen.id: seen.text for seen in bea.bot_messages(group)}
    assert texts[brief.id] == "🗑 gelöscht"
    assert not any("Kanarien" in text for text in texts.values())
    assert f"https://t.me/c/{str(group.id)[4:]}/{theirs.id}" in told.text
    assert reference in answered.text
    assert [seen.text for seen in ada.bot_messages()].count("Hallo?") == 0


async def test_deletion_is_gone_on_with_after_a_fault(
    fake_telegram: FakeTelegram, ada: User, bea: User, at_desk: AtDesk
) -> None:
    """Whatever fails on the way, each message is deleted and the advisers are told once."""
    group = fake_telegram.add_group("Beratung", [bea])
    async with at_desk(group):
        reference = await request(fake_telegram, ada, "Kanarienvögel gesucht")
        await card(fake_telegram, bea, group, reference)
        for kind in (FaultKind.RATE_LIMIT, FaultKind.SERVER_ERROR, FaultKind.LOST):
            fake_telegram.fail_next("deleteMessage", kind, chat=group)
        await deletes(ada)
        await fake_telegram.wait_for(
            lambda: [seen for seen in bea.bot_messages(group) if "zurückgezogen" in seen.text]
        )

    assert [seen.text.count(reference) for seen in bea.bot_messages(group)] == [1]


async def test_deletion_waits_for_the_chat(
    fake_telegram: FakeTelegram, ada: User, bea: User, at_desk: AtDesk, live: LiveIndex
) -> None:
    """Where the bot is not in the advisers' chat, the deletion waits until it is, and then takes all."""
    group = fake_telegram.add_group("Beratung", [bea])
    async with at_desk(group):
        await card(fake_telegram, bea, group, await request(fake_telegram, ada, "Kanarienvögel gesucht"))
        group.remove_bot(bea.account)
        await deletes(ada)
        await fake_telegram.wait_for(
            lambda: [call for call in fake_telegram.calls_to("deleteMessage") if call.status == 403]
        )
    group.add_bot(bea.account)
    async with running(Settings(), live, clock=lambda: time.time() + 400):
        await wait_for_text(fake_telegram, bea, "zurückgezogen", group)

    assert not any("Kanarien" in seen.text for seen in bea.bot_messages(group))


async def test_mail_is_asked_back(
    fake_telegram: FakeTelegram, ada: User, forum: Group, at_desk: AtDesk, mail_server: MailServer
) -> None:
    """Where a request went out by mail, its contact is asked to delete it, as a reply to that mail."""
    mail_server.controller.start()
    async with at_desk(forum):
        reference = await request(fake_telegram, ada, "Kanarienvögel gesucht")
        assert await asyncio.to_thread(mail_server.came.wait, 20)
        mail_server.came.clear()
        receipt = await deletes(ada)
        assert await asyncio.to_thread(mail_server.came.wait, 20)

    first, second = (message_from_bytes(body, policy=default) for body in mail_server.taken)
    assert second["Subject"] == f"Bitte löschen: Anfrage {reference}"
    assert second["In-Reply-To"] == first["Message-ID"]
    assert "Kanarien" not in second.get_content()
    assert "Ada" not in second.as_string()
    assert reference in receipt


@pytest.mark.usefixtures("connected")
async def test_who_waits_at_the_same_moment(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """What an adviser writes into a topic that is just being deleted reaches nobody; the notice says so."""
    reference = await request(fake_telegram, ada)
    topic = topic_of(await card(fake_telegram, bea, forum, reference))
    fake_telegram.fail_next("deleteForumTopic", FaultKind.RATE_LIMIT, chat=forum)
    await deletes(ada)
    await fake_telegram.wait_for(lambda: fake_telegram.calls_to("deleteForumTopic"))
    bea.send_text("Sind Sie da?", chat=forum, topic=topic)
    await fake_telegram.wait_for(lambda: len(fake_telegram.calls_to("deleteForumTopic")) > 1)
    await wait_for_text(fake_telegram, bea, f"Anfrage {reference}", forum)

    assert not any("Sind Sie da?" in seen.text for seen in ada.bot_messages())


@pytest.mark.usefixtures("polling")
async def test_second_question_can_be_declined(ada: User, fake_telegram: FakeTelegram) -> None:
    """Who says no keeps everything; the second question is gone from the chat either way."""
    ada.send_text(QUESTION)
    await ada.wait_for_reply()
    ada.send_text("/loeschen")
    asked = await ada.wait_for_reply()
    kept = await ada.wait_for_reply(ada.tap_button("Nein, behalten"))
    held, _ = await my_data(fake_telegram, ada)

    assert "was ich mir gemerkt habe" in asked.text
    assert (kept.id, kept.button_labels) == (asked.id, [])
    assert held["states"][0]["body"]["last_question"] == QUESTION


async def test_question_is_kept_only_with_consent(
    fake_telegram: FakeTelegram, ada: User, bot_settings: Settings, live: LiveIndex
) -> None:
    """A thumb down is counted; the question is kept after a yes, shown, and deleted where that is taken back."""
    async with running(bot_settings, live):
        ada.send_text(QUESTION)
        await ada.wait_for_reply()
        asked = await ada.wait_for_reply(ada.tap_button("👎"))
        before, _ = await my_data(fake_telegram, ada)
        kept = await ada.wait_for_reply(ada.tap_button("Ja, aufheben"))
        after, _ = await my_data(fake_telegram, ada)
        ada.send_text("/datenschutz")
        await ada.wait_for_reply()
        stopped = await ada.wait_for_reply(ada.tap_button("Keine Fragen mehr aufheben"))
        gone, _ = await my_data(fake_telegram, ada)
        ada.tap_button("👎")
        await fake_telegram.wait_for(lambda: len(fake_telegram.calls_to("answerCallbackQuery")) == 4)

    assert QUESTION in asked.text
    assert (len(before["feedback"]), before["questions"]) == (1, [])
    assert "Ich hebe Ihre Frage auf" in kept.text
    assert [row["question"] for row in after["questions"]] == [QUESTION]
    assert "gelöscht" in stopped.text
    assert gone["questions"] == []
    store = open_store_from_settings(bot_settings)
    assert (store.users.consented_questions(), store.users.feedback_counts()) == ([], [("collective-impact", 0, 1)])
    store.close()


@pytest.mark.usefixtures("polling")
async def test_no_is_asked_once(fake_telegram: FakeTelegram, ada: User) -> None:
    """Who says no is not asked again, and their thumb still counts."""
    ada.send_text(QUESTION)
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("👎"))
    declined = await ada.wait_for_reply(ada.tap_button("Nein"))
    ada.tap_button("👎")
    await fake_telegram.wait_for(lambda: len(fake_telegram.calls_to("answerCallbackQuery")) == 3)
    held, _ = await my_data(fake_telegram, ada)

    assert "hebe Ihre Frage nicht auf" in declined.text
    assert (len(held["feedback"]), held["questions"]) == (1, [])
    assert len(ada.bot_messages()) == 4  # the answer, the question about it, and the two files


async def test_time_deletes_by_itself(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, at_desk: AtDesk, live: LiveIndex
) -> None:
    """The running bot deletes what was kept long enough; the topic of a closed request goes without a word."""
    async with at_desk(forum):
        reference = await request(fake_telegram, ada)
        topic = topic_of(await card(fake_telegram, bea, forum, reference))
        bea.tap_button("Abschließen", chat=forum)
        await wait_for_text(fake_telegram, ada, "abgeschlossen")
    async with running(Settings(), live, clock=lambda: time.time() + 179 * 86_400):
        held, _ = await my_data(fake_telegram, ada)
    async with running(Settings(), live, clock=lambda: time.time() + 361 * 86_400):
        await fake_telegram.wait_for(lambda: topic not in forum.chat.topics)
        gone, _ = await my_data(fake_telegram, ada)

    assert len(held["requests"]) == 1
    assert [name for name, rows in gone.items() if rows] == ["states", "outbox"]
    assert bea.bot_messages(forum) == []
