"""The transcript attached to a request's e-mail, through a real SMTP server on this machine."""

from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller

from bot.domain.consultation import Party
from bot.domain.effects import AppendTranscript, CreateRequest
from bot.domain.message import SendMail
from bot.flows.dialogue import Dialogue
from bot.mail.delivery import make_mail_sender
from bot.pipeline.outbox import Sent
from bot.settings import Settings
from tests.bot.mail.test_mail import Inbox, free_port
from tests.support.relay import OPEN, REFERENCE


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """The inbox of the mail server in the settings."""
    server_inbox = Inbox()
    controller = Controller(server_inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    monkeypatch.setenv("GW_SMTP_URL", f"smtp://127.0.0.1:{controller.port}")
    monkeypatch.setenv("GW_MAIL_FROM", "bot@example.org")
    yield server_inbox
    controller.stop()


async def send_and_read_transcript(services: Dialogue, inbox: Inbox) -> str:
    assert await make_mail_sender(Settings(), services)(SendMail(REFERENCE)) == Sent(None)
    mail = message_from_bytes(inbox.received[-1], policy=default)
    texts = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
    return str(texts[f"{REFERENCE}.txt"])


async def test_transcript_has_no_hints_about_the_thread(services: Dialogue, inbox: Inbox) -> None:
    """The transcript has the request and the messages, but no hints on how to answer in a thread."""
    services.store.apply(
        (),
        [
            CreateRequest(replace(OPEN, name="Ada")),
            AppendTranscript(REFERENCE, Party.REQUESTER, "Geht es am Dienstag?"),
        ],
    )

    text = await send_and_read_transcript(services, inbox)

    assert f"Anfrage {REFERENCE} von Ada" in text
    assert "Geht es am Dienstag?" in text
    assert "Schreiben Sie hier" not in text
    assert "//" not in text


async def test_transcript_without_messages(services: Dialogue, inbox: Inbox) -> None:
    """Without messages, the transcript has no section for them."""
    services.store.apply((), [CreateRequest(OPEN)])

    assert "Verlauf" not in await send_and_read_transcript(services, inbox)
