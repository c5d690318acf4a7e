"""In groups the bot speaks only when it is spoken to."""

from contextlib import closing
from functools import partial

import pytest

from bot.app.bootstrap import open_store_from_settings
from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from bot.settings import Settings

pytestmark = pytest.mark.usefixtures("polling")


@pytest.fixture
def ben(fake_telegram: FakeTelegram) -> User:
    """Another member of the group."""
    return fake_telegram.add_user("Ben", language_code="de")


@pytest.fixture
def group(fake_telegram: FakeTelegram, ada: User, ben: User) -> Group:
    """A group in which the bot sees every message, because it is an administrator."""
    return fake_telegram.add_group("Bündnis", [ada, ben], bot_is_admin=True)


async def test_mention_is_answered_as_a_reply(ada: User, group: Group) -> None:
    """A question that mentions the bot is answered with a reply to it."""
    question = ada.send_text("@standin_bot Was ist Collective Impact?", chat=group)
    answer = await ada.wait_for_reply(chat=group)

    assert "Aus der Fachliteratur:" in answer.text
    assert answer.reply_to == question.id


async def test_only_the_mention_is_removed(ada: User, group: Group, bot_settings: Settings) -> None:
    """Only the mention is removed from a question, whatever characters precede it."""
    ada.send_text("👋 Wie groß muß ein Maßnahmenbündel sein, @standin_bot bitte?", chat=group)
    await ada.wait_for_reply(chat=group)

    with closing(open_store_from_settings(bot_settings)) as store:
        stored = store.users.load_state(f"{group.id}:{ada.id}").last_question
    assert stored == "👋 Wie groß muß ein Maßnahmenbündel sein, bitte?"


async def test_forged_tap_has_no_effect(fake_telegram: FakeTelegram, ada: User, ben: User, group: Group) -> None:
    """A member's forged tap does not change the answer to somebody else; a button that exists works."""
    ada.send_text("/datenschutz@standin_bot", chat=group)
    answer = await ada.wait_for_reply(chat=group)
    for data in ("share:bot", "p:less", "d:no", "d:yes", "v:yes:5:backbone", "v:no", "i:3", "r:resume:", "l:en"):
        tap = ben.forge_tap(data, group)
        reaction = await fake_telegram.wait_for(partial(getattr, tap, "answer"))
        assert (reaction or {})["text"] == "Dieser Knopf gilt nicht mehr."
    assert ada.bot_messages(group) == [answer]

    ben.tap_message_button(answer, "p:more", group)

    assert (await ben.wait_for_reply(chat=group)).text != answer.text


async def test_reply_is_answered(ada: User, group: Group) -> None:
    """A reply to one of the bot's messages is a question to the bot."""
    ada.send_text("@standin_bot Was ist Collective Impact?", chat=group)
    answer = await ada.wait_for_reply(chat=group)
    ada.send_text("Was ist ein Backbone?", chat=group, reply_to=answer)

    assert "Backbone" in (await ada.wait_for_reply(chat=group)).text


async def test_messages_to_others_are_ignored(
    fake_telegram: FakeTelegram, ada: User, ben: User, bot_settings: Settings
) -> None:
    """Messages between members, and commands of other bots, are ignored, and nothing is stored of who wrote them."""
    group = fake_telegram.add_group("Bündnis", [ben, ada], bot_is_admin=True)  # Ben adds the bot, which reads all
    ada.send_text("Was ist Collective Impact?", chat=group)
    ada.send_text("/start@other_bot", chat=group)
    ben.send_text("@standin_bot Was ist ein Backbone?", chat=group)
    await ben.wait_for_reply(chat=group)

    with closing(open_store_from_settings(bot_settings)) as store:
        known = [store.users.load_state(f"{group.id}:{user.id}").known for user in (ada, ben)]
    assert (len(ada.bot_messages(group)), known) == (1, [False, True])


async def test_mention_without_a_question(ada: User, group: Group) -> None:
    """A bare mention is answered by asking what the person wants to know."""
    ada.send_text("@standin_bot", chat=group)

    assert "Was möchten Sie wissen?" in (await ada.wait_for_reply(chat=group)).text


@pytest.mark.parametrize("command", ["/beratung", "/meinedaten", "/loeschen"])
async def test_private_matters_stay_private(ada: User, group: Group, command: str) -> None:
    """Requests and personal data are not handled in a group."""
    ada.send_text(f"{command}@standin_bot", chat=group)

    assert "privaten Chat" in (await ada.wait_for_reply(chat=group)).text


async def test_contact_is_sent_to_its_topic(fake_telegram: FakeTelegram, ada: User) -> None:
    """Text and contact card are both sent to the topic in which they were requested."""
    forum = fake_telegram.add_group("Bündnis", [ada], forum=True, bot_is_admin=True)
    topic = forum.create_topic("Fragen", ada.account)
    ada.send_text("/kontakt@standin_bot", chat=forum, topic=topic)
    await ada.wait_for_reply(chat=forum, count=2)

    assert [(seen.kind, seen.thread_id) for seen in ada.bot_messages(forum)] == [("text", topic), ("contact", topic)]


@pytest.mark.parametrize("button", ["Meine Daten ansehen", "Alles löschen"])
async def test_buttons_of_the_notice_stay_private(ada: User, group: Group, button: str) -> None:
    """The privacy notice is shown in a group, but personal data is neither shown nor deleted there."""
    ada.send_text("/datenschutz@standin_bot", chat=group)
    await ada.wait_for_reply(chat=group)

    assert "privaten Chat" in (await ada.wait_for_reply(ada.tap_button(button, chat=group), chat=group)).text
