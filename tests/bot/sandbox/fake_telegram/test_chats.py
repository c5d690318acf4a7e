"""Inline mode, deep links, topics and snapshots, as python-telegram-bot sends and reads them."""

import json

import pytest
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputMediaPhoto,
    InputTextMessageContent,
    Message,
    Update,
)
from telegram.error import BadRequest

from bot.sandbox.fake_telegram import FakeTelegram, User
from bot.sandbox.fake_telegram.rules import schema
from bot.sandbox.fake_telegram.rules.images import plain_png
from bot.sandbox.fake_telegram.world.snapshot import dump_world, load_world, restore_world
from bot.sandbox.fake_telegram.world.world import World

KEYS = InlineKeyboardMarkup([[InlineKeyboardButton("Mehr", callback_data="m")]])


def article(number: str, text: str = "<b>Text</b>") -> InlineQueryResultArticle:
    """Return an inline result."""
    return InlineQueryResultArticle(number, "Titel", InputTextMessageContent(text, "HTML"), reply_markup=KEYS)


async def test_inline_mode(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A person queries inline, sends a result and taps its button, and the bot edits that message."""
    query = ada.send_inline_query("back")
    (update,) = await bot.get_updates()
    assert update.inline_query is not None
    assert await update.inline_query.answer([article("1"), article("2")], cache_time=0)
    sent = ada.choose_result(query, "2")
    tap_event = ada.tap_message_button(sent, "m")
    chosen, message, tap = await bot.get_updates(update.update_id + 1)
    assert chosen.chosen_inline_result is not None
    inline_id = chosen.chosen_inline_result.inline_message_id
    assert tap.callback_query is not None
    await tap.callback_query.answer("ja")
    edited = await bot.edit_message_text("neu", inline_message_id=inline_id)

    assert (update.inline_query.query, update.inline_query.from_user.id) == ("back", ada.id)
    assert (sent.text, sent.entities[0].type) == ("Text", "bold")
    assert message.message is not None
    assert message.message.via_bot == await bot.get_me()
    assert tap.callback_query.inline_message_id == inline_id
    assert tap_event.answer is not None
    assert edited is True
    assert fake_telegram.view_chat(ada).messages[-1].text == "neu"
    assert fake_telegram.violations == []


@pytest.mark.parametrize(
    ("results", "error"),
    [
        ([article(str(number)) for number in range(51)], "RESULTS_TOO_MUCH"),
        ([article("1"), article("1")], "RESULT_ID_DUPLICATE"),
        ([article("x" * 65)], "RESULT_ID_INVALID"),
        ([article("1", "<b>")], "can't parse entities"),
    ],
)
async def test_inline_limits(
    fake_telegram: FakeTelegram, bot: Bot, ada: User, results: list[InlineQueryResultArticle], error: str
) -> None:
    """Results beyond a limit are rejected with Telegram's error text."""
    query = ada.send_inline_query("x")

    with pytest.raises(BadRequest, match=f"(?i){error}"):
        await bot.answer_inline_query(query.id, results)
    assert [violation.kind for violation in fake_telegram.violations] == ["limit"]


async def test_inline_queries_are_answered_once(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A second answer, or one to an unknown query, is too late."""
    query = ada.send_inline_query("x")
    await bot.answer_inline_query(query.id, [])

    for query_id in (query.id, "1"):
        with pytest.raises(BadRequest, match=r"(?i)query is too old"):
            await bot.answer_inline_query(query_id, [])
    assert fake_telegram.violations == []


async def test_deep_links(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A deep link arrives as /start with its parameter, and an invalid parameter is an error."""
    ada.open_deep_link("frage-backbone")

    (update,) = await bot.get_updates()

    assert update.message is not None
    assert update.message.text == "/start frage-backbone"
    assert [entity.type for entity in update.message.entities] == ["bot_command"]
    for parameter in ("", "a b", "ä", "x" * 65):
        with pytest.raises(ValueError, match="deep link"):
            ada.open_deep_link(parameter)


async def test_topics_are_deleted_once(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A topic is deleted with its messages and pins, and is then unknown."""
    team = fake_telegram.add_group("Team", [ada], forum=True, bot_is_admin=True)
    topic = (await bot.create_forum_topic(team.id, "Eins")).message_thread_id
    sent = await bot.send_message(team.id, "x", message_thread_id=topic)
    await bot.pin_chat_message(team.id, sent.id)
    await bot.delete_forum_topic(team.id, topic)
    chat = fake_telegram.view_chat(team)

    assert (chat.topic_names, chat.pinned_ids, chat.messages[1:]) == ({}, [], [])
    with pytest.raises(BadRequest, match=r"(?i)message thread not found"):
        await bot.send_message(team.id, "x", message_thread_id=topic)
    assert fake_telegram.violations == []


async def test_menus_and_names(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A person sees the commands of the narrowest scope, and the bot's name in their language."""
    await bot.set_my_commands([("a", "A")])
    await bot.set_my_commands([("b", "B")], language_code="de")
    await bot.set_my_name("Bot", language_code="de")
    chat, profile = fake_telegram.world.chats[ada.id], fake_telegram.world.profile

    assert [item["command"] for item in profile.visible_commands(chat, ada.account)] == ["b"]
    assert [item["command"] for item in profile.visible_commands(chat)] == ["a"]
    assert profile.visible_text("name", ada.account) == "Bot"
    assert profile.visible_text("name") == "Stand-in bot"


async def test_snapshot_is_restored(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A snapshot restored from JSON is the same: chats, topics, files, pending updates, taps, menus and ids."""
    team = fake_telegram.add_group("Team", [ada], forum=True, bot_is_admin=True)
    topic = (await bot.create_forum_topic(team.id, "Eins")).message_thread_id
    await bot.send_message(team.id, "x", message_thread_id=topic)
    await bot.set_my_commands([("a", "A")])
    photo = await bot.send_photo(ada.id, plain_png(), caption="Bild", reply_markup=KEYS)
    ada.send_text("Antwort", reply_to=photo.id)
    ada.tap_button("Mehr")
    ada.send_inline_query("x")
    data = json.loads(json.dumps(dump_world(fake_telegram.world)))
    other = World(fake_telegram.bot)
    restore_world(other, load_world(other, data))

    before, after = fake_telegram.world, other

    assert dump_world(after) == data
    for chat_id, chat in before.chats.items():
        restored = [message.to_json() for message in after.chats[chat_id].messages.values()]
        assert restored == [message.to_json() for message in chat.messages.values()]
    assert after.updates.pending == before.updates.pending
    assert after.updates.next_id == before.updates.next_id


@pytest.mark.parametrize("part", ["accounts", "chats", "numbers", "updates", "files"])
def test_damaged_snapshot_is_not_loaded(fake_telegram: FakeTelegram, ada: User, part: str) -> None:
    """A snapshot in which a part is missing or malformed is not loaded."""
    data = dump_world(fake_telegram.world)

    for broken in ({name: value for name, value in data.items() if name != part}, {**data, part: ["x"]}):
        with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
            load_world(fake_telegram.world, broken)


async def test_every_update_conforms_to_the_documentation(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """The updates of all actions conform to the documentation, and python-telegram-bot parses them completely."""
    team = fake_telegram.add_group("Team", [ada], forum=True, bot_is_admin=True)
    topic = team.create_topic("Thema", ada.account)
    shown = await bot.send_message(ada.id, "x", reply_markup=KEYS)
    ada.send_text("Hallo @standin_bot", team, topic=topic)
    ada.edit_text(ada.send_text("eins", reply_to=shown.id), "zwei")
    ada.edit_caption(ada.send_photo("Bild"), "anders")
    for send in (ada.send_voice, ada.send_sticker, ada.send_document, ada.send_poll, ada.send_contact):
        send()
    ada.send_location()
    ada.tap_button("Mehr")
    ada.open_deep_link("x")
    ada.send_inline_query("y")
    ada.block_bot()
    ada.unblock_bot()

    for raw in fake_telegram.updates:
        parsed = Update.de_json(raw, bot)
        kind = next(name for name in raw if name != "update_id")

        assert schema.check_value(raw, ["Update"], "update") == []
        assert getattr(parsed, kind) is not None
        assert parsed.api_kwargs == {}
        if isinstance(parsed.message, Message):
            assert parsed.message.api_kwargs == {}
            assert parsed.effective_chat is not None
    assert {next(name for name in raw if name != "update_id") for raw in fake_telegram.updates} == {
        "message", "edited_message", "callback_query", "inline_query", "my_chat_member"
    }  # fmt: skip


async def test_upload_needs_its_file(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """An edit that refers to a file that was not uploaded violates the Bot API."""
    sent = await bot.send_photo(ada.id, plain_png())

    with pytest.raises(BadRequest, match=r"(?i)no file came for attach://none"):
        await bot.edit_message_media(InputMediaPhoto("attach://none"), ada.id, sent.id)
    assert [violation.kind for violation in fake_telegram.violations] == ["schema"]
