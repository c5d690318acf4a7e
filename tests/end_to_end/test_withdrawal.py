"""A request is withdrawn: card, topic and mail say so, whatever fails; what was not passed on yet stays here."""

import asyncio
from email import message_from_bytes
from email.policy import default

import pytest

from bot.sandbox.fake_telegram import FakeTelegram, FaultKind, Group, User
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import ConnectedTo, wait_for_text
from tests.end_to_end.test_advice_faults import MailServer, mail_server

__all__ = ["mail_server"]  # a fixture


async def withdraw(person: User) -> None:
    """Withdraw the only open request by the word for it."""
    await person.wait_for_reply(person.send_text("Anfrage zurückziehen"))
    await person.wait_for_reply(person.tap_button("Ja, zurückziehen"))


@pytest.mark.parametrize("kind", [FaultKind.RATE_LIMIT, FaultKind.SERVER_ERROR, FaultKind.LOST])
async def test_both_sides_are_told(
    fake_telegram: FakeTelegram,
    ada: User,
    bea: User,
    forum: Group,
    connected_to: ConnectedTo,
    mail_server: MailServer,
    kind: FaultKind,
) -> None:
    """Card, title, topic and a mail in reply to the first say that it is withdrawn, and so when it is undone."""
    mail_server.controller.start()
    async with connected_to(forum):
        reference = await request(fake_telegram, ada)
        assert await asyncio.to_thread(mail_server.arrived.wait, 20)
        topic = topic_of(await card(fake_telegram, bea, forum, reference))
        bea.send_text("// nur unter uns", chat=forum, topic=topic)
        mail_server.arrived.clear()
        mail_server.busy = 1 if kind is FaultKind.SERVER_ERROR else 0
        for method in ("editMessageText", "editForumTopic", "sendMessage"):
            fake_telegram.fail_next(method, kind, chat=forum)
        await withdraw(ada)
        await wait_for_text(fake_telegram, bea, "Von der Person zurückgezogen", forum)
        await wait_for_text(fake_telegram, bea, "hat die Anfrage zurückgezogen", forum)
        assert await asyncio.to_thread(mail_server.arrived.wait, 20)
        await fake_telegram.wait_for(lambda: forum.chat.topics[topic].startswith("↩️"))
        withdrawn_message = ada.bot_messages()[-1]
        mail_server.arrived.clear()
        ada.tap_button("Doch nicht zurückziehen")
        await wait_for_text(fake_telegram, bea, "Die Anfrage ist wieder offen", forum)
        assert await asyncio.to_thread(mail_server.arrived.wait, 20)

    notices = [seen for seen in bea.bot_messages(forum) if "hat die Anfrage zurückgezogen" in seen.text]
    assert len(notices) == 1 or kind is FaultKind.LOST  # Telegram cannot tell that a message is repeated
    assert f"Ihre Anfrage {reference} ist zurückgezogen" in withdrawn_message.text
    first, second, third = (message_from_bytes(body, policy=default) for body in mail_server.received)
    assert second["Subject"] == f"Zurückgezogen: Anfrage {reference}"
    assert third["Subject"] == f"Gilt doch: Anfrage {reference}"
    assert second["In-Reply-To"] == third["In-Reply-To"] == first["Message-ID"]


async def test_withdrawn_before_it_was_passed_on(
    fake_telegram: FakeTelegram,
    ada: User,
    bea: User,
    forum: Group,
    connected_to: ConnectedTo,
    mail_server: MailServer,
) -> None:
    """What is withdrawn before it reached the advisers never reaches them, neither in a topic nor by mail."""
    forum.remove_bot(bea.account)
    async with connected_to(forum):
        await request(fake_telegram, ada, "Kanarienvögel gesucht")
        await withdraw(ada)
    forum.add_bot(bea.account)
    mail_server.controller.start()
    async with connected_to(forum):
        second = await request(fake_telegram, ada, "Wellensittiche gesucht")
        await card(fake_telegram, bea, forum, second)
        assert await asyncio.to_thread(mail_server.arrived.wait, 20)

    assert not any("Kanarien" in seen.text for seen in bea.bot_messages(forum))
    assert not any(b"Kanarien" in body for body in mail_server.received)
