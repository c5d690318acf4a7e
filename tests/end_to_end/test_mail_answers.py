"""A request goes out by e-mail, and the answer comes back by e-mail, with real servers for both."""

from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default

import pytest
from aiosmtpd import smtp

from bot.mail import receiving
from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from bot.sandbox.simulation.smtp_sink import SmtpSink
from bot.settings import Settings
from index.search.live_index import LiveIndex
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import running, wait_for_text
from tests.support.imap_server import ImapFolder, serve_imap


class KeepingSink(SmtpSink):
    """Keeps the e-mails as they were sent."""

    def __init__(self) -> None:
        super().__init__(lambda mail: None)
        self.sent: list[EmailMessage] = []

    async def handle_DATA(self, server: smtp.SMTP, session: smtp.Session, envelope: smtp.Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Accept an e-mail."""
        assert isinstance(envelope.content, bytes)
        self.sent.append(message_from_bytes(envelope.content, _class=EmailMessage, policy=default))
        return "250 OK"


@pytest.fixture
def sink() -> Iterator[KeepingSink]:
    """A mail server that takes what the bot sends."""
    started = KeepingSink()
    started.start()
    yield started
    started.stop()


async def test_answer_by_email(
    bot_settings: Settings,
    live: LiveIndex,
    fake_telegram: FakeTelegram,
    sink: KeepingSink,
    forum: Group,
    ada: User,
    bea: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An answer to the request's e-mail arrives with its file; what the person writes back goes to the topic."""
    folder = ImapFolder()
    monkeypatch.setattr(receiving, "CHECK_INTERVAL", 0.1)
    monkeypatch.setenv("GW_ADVISER_CHAT_ID", str(forum.id))
    monkeypatch.setenv("GW_SMTP_URL", sink.url)
    monkeypatch.setenv("GW_MAIL_FROM", "bot@example.org")
    with serve_imap(folder) as url:
        monkeypatch.setenv("GW_IMAP_URL", url)
        async with running(Settings(), live):
            reference = await request(fake_telegram, ada)
            (sent,) = await fake_telegram.wait_for(lambda: sink.sent)
            reply = EmailMessage(policy=SMTP)
            reply["From"], reply["To"], reply["Subject"] = sent["To"], sent["Reply-To"], f"AW: {sent['Subject']}"
            reply["In-Reply-To"], reply["Message-ID"] = sent["Message-ID"], "<antwort@phineo.org>"
            reply.set_content(f"Fragen Sie die Nachbarn.\n\nAm 1.12.2026 um 10:00 schrieb {sent['From']}:\n> Anfrage")
            reply.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Übersicht.pdf")
            await fake_telegram.wait_for(lambda: "SELECT" in str(folder.log))
            uid = folder.deliver(reply.as_bytes())
            answer = await wait_for_text(fake_telegram, ada, "Fragen Sie die Nachbarn.")
            files = await fake_telegram.wait_for(
                lambda: [seen for seen in ada.bot_messages() if "document" in seen.raw]
            )
            await wait_for_text(fake_telegram, bea, "hat per E-Mail geantwortet", forum)
            ada.send_text("Danke, das machen wir!")
            topic = topic_of(await card(fake_telegram, bea, forum, reference))
            thanks = await wait_for_text(fake_telegram, bea, "Danke, das machen wir!", forum)
            await fake_telegram.wait_for(lambda: folder.mails[uid].flags)

    assert "schrieb" not in answer.text
    assert [seen.raw["document"]["file_name"] for seen in files] == ["Übersicht.pdf"]
    assert thanks.thread_id == topic
    assert folder.mails[uid].flags == {r"\Seen"}
