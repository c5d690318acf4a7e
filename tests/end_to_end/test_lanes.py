"""A failure for one request, message or recipient delays no other, end to end."""

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
from tests.end_to_end.conftest import ConnectedTo, running, wait_for_text
from tests.support.queues import references


async def test_requests_move_to_a_new_adviser_chat(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, connected_to: ConnectedTo
) -> None:
    """After another adviser chat is set, messages go there, with card and history, and the old one gets nothing."""
    async with connected_to(forum):
        topic = topic_of(await card(fake_telegram, bea, forum, reference := await request(fake_telegram, ada)))
        bea.send_text("Guten Tag!", chat=forum, topic=topic)
        await wait_for_text(fake_telegram, ada, "Guten Tag!")
    before = len(bea.bot_messages(forum))
    other = fake_telegram.add_group("Neue Beratung", [bea], forum=True, bot_is_admin=True)
    async with connected_to(other):
        ada.send_text("Wie geht es weiter?")
        copied = await wait_for_text(fake_telegram, bea, "Wie geht es weiter?", other)
        bea.send_text("So.", chat=other, topic=topic_of(copied))
        await wait_for_text(fake_telegram, ada, "So.")

    assert topic_of(await card(fake_telegram, bea, other, reference)) == topic_of(copied)
    assert any("Guten Tag!" in seen.text and "Verlauf" in seen.text for seen in bea.bot_messages(other))
    assert len(bea.bot_messages(forum)) == before


async def test_inaccessible_former_adviser_chat_delays_nothing(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, forum: Group, connected_to: ConnectedTo
) -> None:
    """Without access to the former adviser chat, the new one gets all requests, and a deletion lists what remains."""
    async with connected_to(forum):
        topic = topic_of(await card(fake_telegram, bea, forum, first := await request(fake_telegram, ada)))
        bea.send_text("Guten Tag!", chat=forum, topic=topic)
        await wait_for_text(fake_telegram, ada, "Guten Tag!")
    forum.remove_bot(bea.account)
    other = fake_telegram.add_group("Neue Beratung", [bea], forum=True, bot_is_admin=True)
    async with connected_to(other):
        ada.send_text("Noch da?")
        await wait_for_text(fake_telegram, bea, "Noch da?", other)
        await card(fake_telegram, bea, other, await request(fake_telegram, cem))
        ada.send_text("/loeschen")
        await wait_for_text(fake_telegram, ada, "löschen")
        ada.tap_button("Ja, alles löschen")
        notice = await wait_for_text(fake_telegram, bea, "Bitte löschen Sie von Hand", other)

    assert first in notice.text
    assert str(forum.id).removeprefix("-100") in notice.text


async def test_forbidden_message_kind_blocks_no_other_message(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, connected_to: ConnectedTo
) -> None:
    """A sticker that the adviser chat does not allow is reported to its sender; later messages arrive."""
    group = fake_telegram.add_group("Beratung", [bea])
    group.forbid_kinds("sticker")
    async with connected_to(group):
        request_card = await card(fake_telegram, bea, group, await request(fake_telegram, ada))
        bea.send_text("Guten Tag!", chat=group, reply_to=request_card)
        await wait_for_text(fake_telegram, ada, "Guten Tag!")
        ada.send_sticker()
        await wait_for_text(fake_telegram, ada, "nicht angekommen")
        ada.send_text("Dann in Worten.")
        await wait_for_text(fake_telegram, bea, "Dann in Worten.", group)
        await card(fake_telegram, bea, group, await request(fake_telegram, cem))


@pytest.mark.usefixtures("connected")
async def test_history_and_copies_do_not_overlap(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """In a new topic each message appears once: in the history, or as a copy after it."""
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
    """Accepts mail, but rejects ``full_mailbox`` temporarily; each message waits until ``go`` is set."""

    def __init__(self) -> None:
        self.full_mailbox = ""
        self.received: list[tuple[str, bytes]] = []
        self.arrived, self.go = threading.Semaphore(0), threading.Event()
        self.data_started = threading.Event()
        self.go.set()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Reject one recipient temporarily."""
        if address == self.full_mailbox:
            return "452 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Accept a message."""
        self.data_started.set()
        await asyncio.to_thread(self.go.wait, 20)
        assert isinstance(envelope.content, bytes)
        self.received.append((envelope.rcpt_tos[0], envelope.content))
        self.arrived.release()
        return "250 OK"

    def subjects(self) -> list[str]:
        return [str(message_from_bytes(body, policy=default)["Subject"]) for _, body in self.received]


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A mail server that the bot is configured to use."""
    server = MailServer()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    monkeypatch.setenv("GW_SMTP_URL", f"smtp://127.0.0.1:{controller.port}")
    monkeypatch.setenv("GW_MAIL_FROM", "bot@verein-köln.example.org")
    controller.start()
    yield server
    controller.stop()


async def test_temporarily_rejected_recipient_delays_no_other(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, connected_to: ConnectedTo,
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """While the mail to one recipient is retried, another recipient gets theirs."""
    monkeypatch.setenv("GW_OPERATOR_EMAIL", "operator@example.org")
    mail_server.full_mailbox = "jacob.rohm@phineo.org"
    async with connected_to(forum):
        reference = await request(fake_telegram, ada)
        await card(fake_telegram, bea, forum, reference)
        forum.remove_bot(bea.account)
        assert await asyncio.to_thread(mail_server.arrived.acquire, timeout=60)

    store = open_store_from_settings(Settings())
    waiting = references(queued for queued in store.outbox.due_calls(time.time() + 3_600) if queued.chat_id == 0)
    store.close()
    assert [recipient for recipient, _ in mail_server.received] == ["operator@example.org"]
    assert waiting == [reference]
    sender = message_from_bytes(mail_server.received[0][1], policy=default)["From"]
    assert "bot@xn--verein-kln-lcb.example.org" in sender


async def test_request_is_deleted_while_its_mail_is_being_sent(
    fake_telegram: FakeTelegram,
    ada: User,
    bea: User,
    forum: Group,
    connected_to: ConnectedTo,
    mail_server: MailServer,
) -> None:
    """A request deleted while its mail is sent leaves nothing: the contact is asked to delete the mail."""
    mail_server.go.clear()
    async with connected_to(forum):
        reference = await request(fake_telegram, ada)
        await card(fake_telegram, bea, forum, reference)
        assert await asyncio.to_thread(mail_server.data_started.wait, 20)
        ada.send_text("/loeschen")
        await wait_for_text(fake_telegram, ada, "löschen")
        ada.tap_button("Ja, alles löschen")
        receipt = await wait_for_text(fake_telegram, ada, "Ihre Daten sind gelöscht")
        mail_server.go.set()
        for _ in range(2):
            assert await asyncio.to_thread(mail_server.arrived.acquire, timeout=60)

    assert f"die E-Mail zu {reference}" in receipt.text
    assert [reference in subject for subject in mail_server.subjects()] == [True, True]
    assert mail_server.subjects()[1] == f"Bitte löschen: Anfrage {reference}"


async def test_broken_picture_delays_no_answer(
    fake_telegram: FakeTelegram, ada: User, bot_settings: Settings, live: LiveIndex, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A page whose picture is broken is sent as text, and later messages are answered."""
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
