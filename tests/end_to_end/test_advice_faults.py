"""Requests and conversations when something fails on the way, and requests by e-mail."""

import asyncio
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.app.bootstrap import open_store_from_settings
from bot.sandbox.fake_telegram import FakeTelegram, FaultKind, Group, MessageView, User
from bot.settings import Settings
from index.search.live_index import LiveIndex
from tests.bot.mail.test_mail import free_port
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import ConnectedTo, running, wait_for_text
from tests.support.queues import references


class MailServer:
    """Accepts mail, but rejects the next ``busy`` messages temporarily."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.arrived = threading.Event()
        self.busy = 0
        self.controller: Controller

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Accept a message, or reject it temporarily."""
        if self.busy:
            self.busy -= 1
            return "451 try again later"
        assert isinstance(envelope.content, bytes)
        self.received.append(envelope.content)
        self.arrived.set()
        return "250 OK"


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A mail server that the bot is configured to use; it listens once its controller is started."""
    server = MailServer()
    server.controller = Controller(server, hostname="127.0.0.1", port=free_port())
    monkeypatch.setenv("GW_SMTP_URL", f"smtp://127.0.0.1:{server.controller.port}")
    monkeypatch.setenv("GW_MAIL_FROM", "bot@example.org")
    yield server
    server.controller.stop()


def reactions(fake_telegram: FakeTelegram, chat: User | Group, messages: list[MessageView]) -> list[tuple[str, ...]]:
    """Return the bot's reactions to messages of a chat."""
    now = {message.id: message.reaction for message in fake_telegram.view_chat(chat).messages}
    return [now[message.id] for message in messages]


@pytest.mark.usefixtures("connected")
async def test_reaction_that_is_not_allowed(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """If the advisers' group forbids reactions, their messages arrive all the same, and nobody is told."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    forum.forbid_kinds("reaction")
    bea.send_text("Hallo!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Hallo!")
    sent = ada.send_text("Guten Tag!")
    await fake_telegram.wait_for(lambda: reactions(fake_telegram, ada, [sent]) == [("✍",)])

    assert [call.status for call in fake_telegram.calls_to("setMessageReaction")] == [400, 200]
    assert not any("Nicht zugestellt" in seen.text for seen in bea.bot_messages(forum))


@pytest.mark.parametrize("kind", [FaultKind.RATE_LIMIT, FaultKind.RESET], ids=lambda kind: kind.name)
@pytest.mark.usefixtures("connected")
async def test_message_is_passed_on_once_when_telegram_fails(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, kind: FaultKind
) -> None:
    """A message that is passed on twice, and was edited and deleted by its writer, arrives once, as it was last."""
    reference = await request(fake_telegram, ada)
    topic = topic_of(await card(fake_telegram, bea, forum, reference))
    sent = ada.send_text("Sind Sie noch da?")
    await ada.wait_for_reply()
    ada.edit_text(sent, "Sind Sie da, Herr <Rohm>?")
    await ada.wait_for_reply()
    del fake_telegram.world.chats[ada.id].messages[sent.id]
    fake_telegram.fail_next("sendMessage", kind, chat=forum)
    taps = [ada.tap_button(f"Ans Beratungsteam weitergeben ({reference})") for _ in range(2)]
    second = await fake_telegram.wait_for(lambda: taps[1].answer or {})
    await wait_for_text(fake_telegram, ada, "Das habe ich ans Beratungsteam weitergegeben")
    passed = await wait_for_text(fake_telegram, bea, "Sind Sie", forum)
    await fake_telegram.wait_for(lambda: fake_telegram.calls_to("setMessageReaction"))

    assert (passed.text, passed.thread_id) == ("Ada:\nSind Sie da, Herr <Rohm>?", topic)
    assert len([seen for seen in bea.bot_messages(forum) if "Sind Sie" in seen.text]) == 1
    assert second["text"] == "Das haben Sie schon weitergegeben."


@pytest.mark.usefixtures("connected")
async def test_blocked_bot_is_reported(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """When a person has blocked the bot, the adviser is told that a message could not be delivered."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    ada.block_bot()
    bea.send_text("Hallo?", chat=forum, topic=topic)

    assert (await wait_for_text(fake_telegram, bea, "Nicht zugestellt", forum)).thread_id == topic


@pytest.mark.usefixtures("connected")
async def test_deleted_topic_is_replaced(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """After a topic was deleted, the person's next message opens a new one that begins with the history."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Hallo!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Hallo!")
    forum.delete_topic(topic)
    ada.send_text("Sind Sie noch da?")
    copied = await wait_for_text(fake_telegram, bea, "Sind Sie noch da?", forum)

    new_topic = topic_of(copied)
    assert new_topic != topic
    assert any("Hallo!" in seen.text and seen.thread_id == new_topic for seen in bea.bot_messages(forum))


async def test_migration_to_a_supergroup_is_followed(
    fake_telegram: FakeTelegram, ada: User, bea: User, connected_to: ConnectedTo
) -> None:
    """The configured chat id still works after Telegram has given the group a new one."""
    group = fake_telegram.add_group("Beratung", [bea], chat_type="group", bot_is_admin=True)
    async with connected_to(group):
        first = await request(fake_telegram, ada)
        await card(fake_telegram, bea, group, first)
        group.upgrade_to_supergroup(bea.account)
        second = await request(fake_telegram, ada, "Noch etwas")
        request_card = await card(fake_telegram, bea, group, second)
        bea.send_text("Ja bitte?", chat=group, reply_to=request_card)
        await wait_for_text(fake_telegram, ada, "Ja bitte?")


@pytest.mark.parametrize(
    "kind",
    [FaultKind.RATE_LIMIT, FaultKind.SERVER_ERROR, FaultKind.BAD_GATEWAY, FaultKind.RESET],
    ids=lambda kind: kind.name,
)
@pytest.mark.usefixtures("connected")
async def test_nothing_is_lost_when_telegram_fails(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, kind: FaultKind
) -> None:
    """Whatever the fault, the request and each relayed message arrive once and in order."""
    for method in ("createForumTopic", "sendMessage", "copyMessage"):
        fake_telegram.fail_next(method, kind, chat=forum)
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Hallo!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Hallo!")
    fake_telegram.fail_next("sendMessage", kind, chat=forum)
    fake_telegram.fail_next("setMessageReaction", kind, chat=ada)
    sent = [ada.send_text(f"Nachricht {number}") for number in range(3)]
    await wait_for_text(fake_telegram, bea, "Nachricht 2", forum)

    texts = [seen.text for seen in bea.bot_messages(forum) if seen.text[:-1].endswith("Nachricht ")]
    assert texts == ["Ada:\nNachricht 0", "Nachricht 1", "Nachricht 2"]
    await fake_telegram.wait_for(lambda: reactions(fake_telegram, ada, sent) == [("✍",)] * 3)
    assert list(fake_telegram.view_chat(forum).topic_names) == [topic]


@pytest.mark.usefixtures("connected")
async def test_history_is_sent_once_when_telegram_fails(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """After a fault, setting up a new topic resumes: there is one topic, one pinned card and one history."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Hallo!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Hallo!")
    forum.delete_topic(topic)
    for method in ("sendMessage", "pinChatMessage"):
        fake_telegram.fail_next(method, FaultKind.BAD_GATEWAY, chat=forum)
    ada.send_text("Sind Sie noch da?")
    new_topic = topic_of(await wait_for_text(fake_telegram, bea, "Sind Sie noch da?", forum))

    in_topic = [seen for seen in bea.bot_messages(forum) if seen.thread_id == new_topic and seen.kind == "text"]
    assert ["Bisheriger Verlauf" in seen.text for seen in in_topic].count(True) == 1
    assert ["Anfrage" in seen.text.split("\n")[0] for seen in in_topic].count(True) == 1
    assert in_topic[0].id in fake_telegram.view_chat(forum).pinned_ids
    assert list(fake_telegram.view_chat(forum).topic_names) == [new_topic]


@pytest.mark.usefixtures("connected")
async def test_unanswered_call_is_retried(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """A call that Telegram never answers is cancelled and made again; later calls wait their turn."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Hallo!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Hallo!")
    fake_telegram.fail_next("sendMessage", FaultKind.HANG, chat=forum)
    ada.send_text("Eins")
    ada.send_text("Zwei")
    await fake_telegram.wait_for(lambda: "Zwei" in [seen.text for seen in bea.bot_messages(forum)])

    arrived = [seen.text for seen in bea.bot_messages(forum)]
    assert [text for text in arrived if text in ("Ada:\nEins", "Zwei")] == ["Ada:\nEins", "Zwei"]


@pytest.mark.usefixtures("connected")
async def test_lost_response_causes_a_duplicate(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """A message whose response was lost is sent again: it appears twice, but in order."""
    topic = topic_of(await card(fake_telegram, bea, forum, await request(fake_telegram, ada)))
    bea.send_text("Hallo!", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Hallo!")
    for method in ("sendMessage", "copyMessage"):
        fake_telegram.fail_next(method, FaultKind.LOST, chat=forum)
    for text in ("Eins", "Zwei", "Drei"):
        ada.send_text(text)
    await wait_for_text(fake_telegram, bea, "Drei", forum)

    arrived = [seen.text for seen in bea.bot_messages(forum)]
    expected = ["Ada:\nEins", "Ada:\nEins", "Zwei", "Zwei", "Drei"]
    assert [text for text in arrived if text in expected] == expected


async def test_reply_to_a_card_that_was_sent_twice(
    fake_telegram: FakeTelegram, ada: User, bea: User, connected_to: ConnectedTo
) -> None:
    """An adviser who replies to a duplicate card that the bot does not know is told so."""
    group = fake_telegram.add_group("Beratung", [bea], bot_is_admin=True)
    async with connected_to(group):
        await wait_for_text(fake_telegram, bea, "So arbeiten Sie hier", group)
        fake_telegram.fail_next("sendMessage", FaultKind.LOST, chat=group)
        reference = await request(fake_telegram, ada)
        await fake_telegram.wait_for(
            lambda: len([seen for seen in bea.bot_messages(group) if reference in seen.text]) == 2
        )
        first, second = (seen for seen in bea.bot_messages(group) if reference in seen.text)
        bea.send_text("Guten Tag!", chat=group, reply_to=first)
        await wait_for_text(fake_telegram, bea, "ging an niemanden", group)
        bea.send_text("Guten Abend!", chat=group, reply_to=second)
        await wait_for_text(fake_telegram, ada, "Guten Abend!")


async def test_bot_removed_from_the_adviser_chat(
    fake_telegram: FakeTelegram,
    ada: User,
    bea: User,
    forum: Group,
    monkeypatch: pytest.MonkeyPatch,
    connected_to: ConnectedTo,
    mail_server: MailServer,
) -> None:
    """If the bot is removed from the adviser chat, requests stay queued and the operator gets an e-mail."""
    mail_server.controller.start()
    monkeypatch.setenv("GW_OPERATOR_EMAIL", "operator@example.org")
    async with connected_to(forum):
        forum.remove_bot(bea.account)
        assert await asyncio.to_thread(mail_server.arrived.wait, 20)
        reference = await request(fake_telegram, ada)
        await fake_telegram.wait_for(
            lambda: [call for call in fake_telegram.calls_to("createForumTopic") if call.status == 403]
        )

    store = open_store_from_settings(Settings())
    assert store.requests.find_request(reference) is not None
    assert message_from_bytes(mail_server.received[0], policy=default)["To"] == "operator@example.org"
    assert reference in references(store.outbox.due_calls(time.time() + 3600))
    store.close()


@pytest.mark.parametrize("trouble", ["busy", "down"])
async def test_request_is_also_sent_by_mail(
    fake_telegram: FakeTelegram,
    ada: User,
    bea: User,
    forum: Group,
    connected_to: ConnectedTo,
    mail_server: MailServer,
    trouble: str,
) -> None:
    """The contact gets the request by mail once, even after the mail server failed; Telegram does not wait."""
    if trouble == "busy":
        mail_server.busy = 1
        mail_server.controller.start()
    async with connected_to(forum):
        reference = await request(fake_telegram, ada, "Bitte auch per Mail")
        await card(fake_telegram, bea, forum, reference)
        if trouble == "down":
            mail_server.controller.start()
        assert await asyncio.to_thread(mail_server.arrived.wait, 20)

    (mail,) = (message_from_bytes(body, policy=default) for body in mail_server.received)
    assert mail["To"] == "Jacob Rohm <jacob.rohm@phineo.org>"
    assert reference in mail["Subject"]
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "Bitte auch per Mail" in plain.get_content()


async def test_forum_without_admin_rights(
    fake_telegram: FakeTelegram, ada: User, bea: User, connected_to: ConnectedTo
) -> None:
    """In a forum where it may not create topics, the bot uses replies and pins nothing."""
    forum = fake_telegram.add_group("Beratung", [bea], forum=True)
    async with connected_to(forum):
        request_card = await card(fake_telegram, bea, forum, await request(fake_telegram, ada))
        bea.send_text("Guten Tag!", chat=forum, reply_to=request_card)
        await wait_for_text(fake_telegram, ada, "Guten Tag!")

    assert request_card.thread_id is None


async def test_reminders_for_an_unanswered_request(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, bot_settings: Settings, live: LiveIndex,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """If nobody answers by the promised date, the person gets a message with options, and the advisers a reminder."""
    monkeypatch.setenv("GW_ADVISER_CHAT_ID", str(forum.id))
    monkeypatch.setenv("GW_ANSWER_DAYS", "2")
    async with running(Settings(), live):
        reference = await request(fake_telegram, ada)
        topic = topic_of(await card(fake_telegram, bea, forum, reference))
    async with running(Settings(), live, clock=lambda: time.time() + 10 * 86_400):
        await wait_for_text(fake_telegram, ada, "hat sich bis heute niemand gemeldet")
        assert (await wait_for_text(fake_telegram, bea, "wartet jemand auf Antwort", forum)).thread_id == topic
        await ada.wait_for_reply(ada.tap_button("Anfrage zurückziehen"))
        ada.tap_button("Ja, zurückziehen")
        await wait_for_text(fake_telegram, ada, f"Ihre Anfrage {reference} ist zurückgezogen")
        await wait_for_text(fake_telegram, bea, "hat die Anfrage zurückgezogen", forum)
