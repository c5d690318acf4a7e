"""The transcript that goes with a request's e-mail, through a real SMTP server on this machine."""

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
    """What the mail server of the settings takes."""
    taken = Inbox()
    controller = Controller(taken, hostname="127.0.0.1", port=free_port())
    controller.start()
    monkeypatch.setenv("GW_SMTP_URL", f"smtp://127.0.0.1:{controller.port}")
    monkeypatch.setenv("GW_MAIL_FROM", "bot@example.org")
    yield taken
    controller.stop()


async def attached(parts: Dialogue, inbox: Inbox) -> str:
    assert await make_mail_sender(Settings(), parts)(SendMail(REFERENCE)) == Sent(None)
    mail = message_from_bytes(inbox.taken[-1], policy=default)
    texts = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
    return str(texts[f"{REFERENCE}.txt"])


async def test_transcript_speaks_of_no_thread(parts: Dialogue, inbox: Inbox) -> None:
    """Who reads it cannot write beneath it: it holds the request and what was said, and nothing of how to answer."""
    parts.store.apply(
        (),
        [
            CreateRequest(replace(OPEN, name="Ada")),
            AppendTranscript(REFERENCE, Party.REQUESTER, "Geht es am Dienstag?"),
        ],
    )

    text = await attached(parts, inbox)

    assert f"Anfrage {REFERENCE} von Ada" in text
    assert "Geht es am Dienstag?" in text
    assert "Schreiben Sie hier" not in text
    assert "//" not in text


async def test_transcript_without_a_word_has_no_heading_for_it(parts: Dialogue, inbox: Inbox) -> None:
    """Where nothing was said yet, the transcript ends with the request."""
    parts.store.apply((), [CreateRequest(OPEN)])

    assert "Verlauf" not in await attached(parts, inbox)
