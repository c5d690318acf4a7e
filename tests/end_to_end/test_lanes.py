"""What goes wrong for one request, one message or one recipient holds up no other, end to end."""

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.app.bootstrap import open_store_from_settings
from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from bot.settings import Settings
from index.search.live_index import LiveIndex
from knowledge.loader import BUILT_IN
from knowledge.records.intro import PICTURES_FOLDER
from tests.bot.mail.test_mail import free_port
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import AtDesk, running, wait_for_text
from tests.support.queues import references


async def test_requests_follow_the_advisers_to_another_chat(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, at_desk: AtDesk
) -> None:
    """Once another chat is set as the advisers', what people write comes there, with card and history, and the answer
    comes back; the former chat gets nothing more."""
    async with at_desk(forum):
        topic = topic_of(await card(fake_telegram, bea, forum, reference := await request(fake_telegram, ada)))
        bea.send_text("Guten Tag!", chat=forum, topic=topic)
        await wait_for_text(fake_telegram, ada, "Guten Tag!")
    before = len(bea.bot_messages(forum))
    other = fake_telegram.add_group("Neue Beratung", [bea], forum=True, bot_is_admin=True)
    async with at_desk(other):
        ada.send_text("Wie geht es weiter?")
        copied = await wait_for_text(fake_telegram, bea, "Wie geht es weiter?", other)
        bea.send_text("So.", chat=other, topic=topic_of(copied))
        await wait_for_text(fake_telegram, ada, "So.")

    assert topic_of(await card(fake_telegram, bea, other, reference)) == topic_of(copied)
    assert any("Guten Tag!" in seen.text and "Verlauf" in seen.text for seen in bea.bot_messages(other))
    assert len(bea.bot_messages(forum)) == before


async def test_former_chat_out_of_reach_holds_up_nobody(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, forum: Group, at_desk: AtDesk
) -> None:
    """Where the bot has been removed from the chat that was the advisers' before, old and new requests reach the
    present one; a deletion names what is left in the former one."""
    async with at_desk(forum):
        topic = topic_of(await card(fake_telegram, bea, forum, first := await request(fake_telegram, ada)))
        bea.send_text("Guten Tag!", chat=forum, topic=topic)
        await wait_for_text(fake_telegram, ada, "Guten Tag!")
    forum.remove_bot(bea.account)
    other = fake_telegram.add_group("Neue Beratung", [bea], forum=True, bot_is_admin=True)
    async with at_desk(other):
        ada.send_text("Noch da?")
        await wait_for_text(fake_telegram, bea, "Noch da?", other)
        await card(fake_telegram, bea, other, await request(fake_telegram, cem))
        ada.send_text("/loeschen")
        await wait_for_text(fake_telegram, ada, "löschen")
        ada.tap_button("Ja, alles löschen")
        told = await wait_for_text(fake_telegram, bea, "Bitte löschen Sie von Hand", other)

    assert first in told.text
    assert str(forum.id).removeprefix("-100") in told.text


async def test_what_one_message_may_not_be_stops_no_other(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, at_desk: AtDesk
) -> None:
    """A sticker that the advisers' group does not take is reported to its sender; what they write then, and others'
    requests, arrive."""
    group = fake_telegram.add_group("Beratung", [bea])
    group.forbid_kinds("sticker")
    async with at_desk(group):
        brief = await card(fake_telegram, bea, group, await request(fake_telegram, ada))
        bea.send_text("Guten Tag!", chat=group, reply_to=brief)
        await wait_for_text(fake_telegram, ada, "Guten Tag!")
        ada.send_sticker()
        await wait_for_text(fake_telegram, ada, "nicht angekommen")
        ada.send_text("Dann in Worten.")
        await wait_for_text(fake_telegram, bea, "Dann in Worten.", group)
        await card(fake_telegram, bea, group, await request(fake_telegram, cem))


@pytest.mark.usefixtures("connected")
async def test_history_holds_nothing_that_comes_as_a_copy(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """In a topic that is opened anew each message stands once: in the history, or as a copy behind it."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Guten Tag!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Guten Tag!")
    ada.send_text("Erstens.")
    await wait_for_text(fake_telegram, bea, "Erstens.", forum)
    forum.delete_topic(topic)
    ada.send_text("Zweitens.")
    await fake_telegram.wait_for(lambda: "Zweitens." in [seen.text for seen in bea.bot_messages(forum)])

    texts = [seen.text for seen in bea.bot_messages(forum)]
    assert sum("Erstens." in text for text in texts) == 1
    assert sum("Zweitens." in text for text in texts) == 1


class MailServer:
    """Takes mails, but for now none to ``refused``; a mail is held until ``go`` is set."""

    def __init__(self) -> None:
        self.refused = ""
        self.taken: list[tuple[str, bytes]] = []
        self.came, self.go = threading.Semaphore(0), threading.Event()
        self.begun = threading.Event()
        self.go.set()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse one recipient for now."""
        if address == self.refused:
            return "452 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Keep a mail."""
        self.begun.set()
        await asyncio.to_thread(self.go.wait, 20)
        assert isinstance(envelope.content, bytes)
        self.taken.append((envelope.rcpt_tos[0], envelope.content))
        self.came.release()
        return "250 OK"

    def subjects(self) -> list[str]:
        return [str(message_from_bytes(body, policy=default)["Subject"]) for _, body in self.taken]


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A mail server that the bot is set to use."""
    server = MailServer()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    monkeypatch.setenv("GW_SMTP_URL", f"smtp://127.0.0.1:{controller.port}")
    monkeypatch.setenv("GW_MAIL_FROM", "bot@verein-köln.example.org")
    controller.start()
    yield server
    controller.stop()


async def test_recipient_who_is_refused_for_now_holds_up_no_other(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, at_desk: AtDesk, mail_server: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """While the mail to one recipient has to wait, another one gets theirs."""
    monkeypatch.setenv("GW_OPERATOR_EMAIL", "operator@example.org")
    mail_server.refused = "jacob.rohm@phineo.org"
    async with at_desk(forum):
        reference = await request(fake_telegram, ada)
        await card(fake_telegram, bea, forum, reference)
        forum.remove_bot(bea.account)
        assert await asyncio.to_thread(mail_server.came.acquire, timeout=60)

    store = open_store_from_settings(Settings())
    waiting = references(queued for queued in store.outbox.due_calls(time.time() + 3_600) if queued.chat_id == 0)
    store.close()
    assert [to for to, _ in mail_server.taken] == ["operator@example.org"]
    assert waiting == [reference]
    sender = message_from_bytes(mail_server.taken[0][1], policy=default)["From"]
    assert "bot@xn--verein-kln-lcb.example.org" in sender


async def test_mail_of_a_request_that_is_deleted_meanwhile_is_asked_back(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, at_desk: AtDesk, mail_server: MailServer
) -> None:
    """A request that is deleted while its e-mail is under way leaves nothing: the person reads of the e-mail, and the
    contact is asked to delete it."""
    mail_server.go.clear()
    async with at_desk(forum):
        reference = await request(fake_telegram, ada)
        await card(fake_telegram, bea, forum, reference)
        assert await asyncio.to_thread(mail_server.begun.wait, 20)
        ada.send_text("/loeschen")
        await wait_for_text(fake_telegram, ada, "löschen")
        ada.tap_button("Ja, alles löschen")
        receipt = await wait_for_text(fake_telegram, ada, "Ihre Daten sind gelöscht")
        mail_server.go.set()
        for _ in range(2):
            assert await asyncio.to_thread(mail_server.came.acquire, timeout=60)

    assert f"die E-Mail zu {reference}" in receipt.text
    assert [reference in subject for subject in mail_server.subjects()] == [True, True]
    assert mail_server.subjects()[1] == f"Bitte löschen: Anfrage {reference}"


async def test_picture_that_cannot_be_sent_holds_up_no_answer(
    fake_telegram: FakeTelegram, ada: User, bot_settings: Settings, live: LiveIndex, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A page whose picture is broken is sent as text, and what comes after it is answered."""
    shutil.copytree(BUILT_IN / "intro", tmp_path / "own" / "intro")
    broken = tmp_path / "own" / "intro" / PICTURES_FOLDER / "weg.png"
    monkeypatch.setenv("GW_KNOWLEDGE_DIR", str(tmp_path / "own"))
    async with running(Settings(), live):
        broken.unlink()
        broken.mkdir()
        ada.send_text("/einfuehrung")
        first = await ada.wait_for_reply()
        ada.send_text("/hilfe")
        await wait_for_text(fake_telegram, ada, "/einfuehrung")

    assert (first.kind, first.button_labels != []) == ("text", True)
