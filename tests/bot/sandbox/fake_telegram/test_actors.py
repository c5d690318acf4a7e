"""People and groups: their actions reach the bot as updates, as in Telegram."""

import asyncio

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, Update
from telegram.error import BadRequest, Forbidden
from telegram.ext import Application, TypeHandler

from bot.sandbox.fake_telegram import Entity, FakeTelegram, User

BUTTONS = InlineKeyboardMarkup([[InlineKeyboardButton(t, callback_data=t[0]) for t in ("Ja, gern", "Nein")]])


@pytest.fixture
async def updates(bot: Bot) -> "Updates":
    """The updates that the bot receives."""
    return Updates(bot)


class Updates:
    """Fetches updates and confirms them."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.offset = 0

    async def __call__(self) -> list[Update]:
        """Return all pending updates."""
        received = await self.bot.get_updates(offset=self.offset)
        self.offset = received[-1].update_id + 1 if received else self.offset
        return list(received)


async def test_command_has_an_entity(updates: Updates, ada: User) -> None:
    """A command has an entity, counted in UTF-16 units."""
    ada.send_text("/start intro")
    ada.send_text("👋 /hilfe")
    first, second = await updates()

    assert first.message is not None
    assert second.message is not None
    assert first.message.parse_entities([MessageEntity.BOT_COMMAND]) == {first.message.entities[0]: "/start"}
    assert (second.message.entities[0].offset, second.message.entities[0].length) == (3, 6)


async def test_every_kind_of_message_is_parsed(updates: Updates, ada: User) -> None:
    """Each kind of message is parsed into its own attribute."""
    ada.send_photo("Foto")
    ada.send_voice()
    ada.send_sticker()
    ada.send_document()
    ada.send_poll()
    ada.send_contact()
    ada.send_location()
    kinds = ["photo", "voice", "sticker", "document", "poll", "contact", "location"]
    messages = [update.message for update in await updates()]

    assert [bool(getattr(message, kind)) for message, kind in zip(messages, kinds, strict=True)] == [True] * 7


async def test_replies_and_edits(updates: Updates, bot: Bot, ada: User) -> None:
    """A reply contains the message it answers, and an edit arrives as edited_message."""
    question = await bot.send_message(ada.id, "Wie?")
    message = ada.send_text("so", reply_to=question.id)
    ada.edit_text(message, "anders")
    reply, edit = await updates()

    assert reply.message is not None
    assert reply.message.reply_to_message == question
    assert edit.edited_message is not None
    assert (edit.edited_message.text, edit.edited_message.message_id) == ("anders", message.id)


async def test_tap_is_answered_once(fake_telegram: FakeTelegram, updates: Updates, bot: Bot, ada: User) -> None:
    """A tap contains data and message; its first answer is shown, a second one is too late."""
    sent = await bot.send_message(ada.id, "Ja?", reply_markup=BUTTONS)
    tap = ada.tap_button("Ja")
    (update,) = await updates()
    query = update.callback_query
    assert query is not None
    await query.answer("Danke")

    assert (query.data, query.message, query.from_user.id) == ("J", sent, ada.id)
    assert tap.answer is not None
    assert tap.answer["text"] == "Danke"
    with pytest.raises(BadRequest, match=r"Query is too old and response timeout expired or query id is invalid"):
        await query.answer()


async def test_expired_tap_cannot_be_answered(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """An expired tap cannot be answered."""
    await bot.send_message(ada.id, "Ja?", reply_markup=BUTTONS)
    tap = ada.tap_button("Nein")
    fake_telegram.expire_callback_queries()

    with pytest.raises(BadRequest, match=r"Query is too old"):
        await bot.answer_callback_query(tap.id)


async def test_tap_goes_to_the_newest_message_with_the_button(bot: Bot, updates: Updates, ada: User) -> None:
    """A tap goes to the newest message with such a button; without one, an error lists the existing buttons."""
    older = await bot.send_message(ada.id, "1", reply_markup=BUTTONS)
    only_no = InlineKeyboardMarkup([[InlineKeyboardButton("Nein", callback_data="n")]])
    newer = await bot.send_message(ada.id, "2", reply_markup=only_no)
    ada.tap_button("Ja")
    ada.tap_button("Nein")

    tapped = [u.callback_query.message for u in await updates() if u.callback_query]
    assert tapped == [older, newer]
    with pytest.raises(LookupError, match=r"no button 'Weiter' in the chat, there are: .*'Ja, gern'"):
        ada.tap_button("Weiter")


async def test_blocked_bot_is_notified_and_rejected(updates: Updates, bot: Bot, ada: User) -> None:
    """Blocking arrives as my_chat_member, and sending is forbidden until the person writes again."""
    ada.block_bot()
    with pytest.raises(Forbidden, match=r"^Forbidden: bot was blocked by the user$"):
        await bot.send_message(ada.id, "x")
    ada.send_text("/start")
    blocked, unblocked, start = await updates()

    assert blocked.my_chat_member is not None
    assert blocked.my_chat_member.new_chat_member.status == "kicked"
    assert unblocked.my_chat_member is not None
    assert unblocked.my_chat_member.new_chat_member.status == "member"
    assert start.message is not None
    await bot.send_message(ada.id, "x")


async def test_joining_and_leaving_a_group(fake_telegram: FakeTelegram, updates: Updates, ada: User) -> None:
    """Joining a group arrives as my_chat_member and then as a service message, and removal as my_chat_member."""
    team = fake_telegram.add_group("Team", [ada, fake_telegram.add_user("Grace")])
    team.remove_bot(ada.account)
    added, joined, removed = await updates()

    assert added.my_chat_member is not None
    assert (added.my_chat_member.chat.title, added.my_chat_member.from_user.id) == ("Team", ada.id)
    assert joined.message is not None
    assert joined.message.new_chat_members[0].id == fake_telegram.bot.id
    assert removed.my_chat_member is not None
    with pytest.raises(Forbidden, match=r"^Forbidden: bot was kicked from the supergroup chat$"):
        await updates.bot.send_message(team.id, "x")


async def test_privacy_mode(fake_telegram: FakeTelegram, updates: Updates, bot: Bot, ada: User) -> None:
    """In privacy mode, only commands, mentions and replies to the bot reach it, though the group shows everything."""
    team = fake_telegram.add_group("Team", [ada], chat_type="group")
    own = await bot.send_message(team.id, "Ich bin da")
    await updates()
    ada.send_text("unter uns", chat=team)
    ada.send_text("/andere@other_bot", chat=team)
    ada.send_text("schreibt an mail@standin_bot.de", chat=team)
    ada.send_text("👋 @standin_bot hallo", chat=team)
    ada.send_text("/status", chat=team)
    ada.send_text("/status@standin_bot", chat=team)
    ada.send_text("danke", chat=team, reply_to=own.id)
    received = [update.message for update in await updates()]

    assert [m.text for m in received if m] == ["👋 @standin_bot hallo", "/status", "/status@standin_bot", "danke"]
    assert received[0] is not None
    assert received[0].parse_entities() == {received[0].entities[0]: "@standin_bot"}
    assert len(fake_telegram.view_chat(team).messages) == 9


async def test_administrators_receive_everything(fake_telegram: FakeTelegram, updates: Updates, ada: User) -> None:
    """A bot that is an administrator receives all messages, with their topic."""
    team = fake_telegram.add_group("Team", [ada], forum=True, bot_is_admin=True)
    topic = team.create_topic("Fragen", ada.account)
    ada.send_text("unter uns", chat=team, topic=topic)
    message = (await updates())[-1].message

    assert message is not None
    assert (message.text, message.message_thread_id) == ("unter uns", topic)


async def test_redelivery(fake_telegram: FakeTelegram, updates: Updates, ada: User) -> None:
    """A confirmed update can be delivered once more, with the same id."""
    ada.send_text("einmal")
    (first,) = await updates()
    fake_telegram.redeliver_update(first.update_id)

    assert await updates() == [first]
    assert await updates() == []


async def test_waiting_for_a_reply(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A poll returns as soon as somebody writes, and a wait for a reply as soon as the bot answers or edits."""
    poll = asyncio.create_task(bot.get_updates(timeout=10))
    await fake_telegram.wait_for(lambda: fake_telegram.is_polling)
    message = ada.send_text("Hallo")
    (update,) = await poll
    assert update.message is not None
    reply_task = asyncio.create_task(ada.wait_for_reply())
    sent = await update.message.reply_html("<b>Auch</b> hallo")
    reply = await reply_task

    assert (reply.text, reply.entities, reply.from_bot) == ("Auch hallo", (Entity("bold", "Auch"),), True)
    await sent.edit_text("Servus")
    edited = await ada.wait_for_reply(after=reply)
    assert (edited.id, edited.text, edited.edited) == (sent.id, "Servus", True)
    assert ada.wait_for_reply_sync(after=message).text == "Servus"


def test_wait_that_times_out(fake_telegram: FakeTelegram, ada: User) -> None:
    """A wait for a reply that times out reports the last calls."""
    ada.send_text("Hallo")
    with pytest.raises(TimeoutError, match=r"last calls: none; violations: none"):
        ada.wait_for_reply_sync(timeout=0.01)


async def test_whole_bot_in_the_same_loop(fake_telegram: FakeTelegram, ada: User) -> None:
    """A polling Application answers texts and taps in the same event loop, and stops cleanly."""

    async def answer(update: Update, _: object) -> None:
        if update.callback_query:
            await update.callback_query.answer()
            await update.callback_query.edit_message_text(f"Du hast {update.callback_query.data} gewählt")
        elif update.effective_message:
            await update.effective_message.reply_text("Wirklich?", reply_markup=BUTTONS)

    app = Application.builder().token(fake_telegram.token).base_url(fake_telegram.base_url).build()
    app.add_handler(TypeHandler(Update, answer))
    async with app:
        await app.start()
        assert app.updater is not None
        await app.updater.start_polling(timeout=10)
        ada.send_text("/start")
        question = await ada.wait_for_reply()
        tap = ada.tap_button("Nein")
        answered = await ada.wait_for_reply()
        await app.updater.stop()
        await app.stop()

    assert (question.button_labels, answered.text) == (["Ja, gern", "Nein"], "Du hast N gewählt")
    assert tap.answer is not None
    assert fake_telegram.updates_confirmed
    assert fake_telegram.violations == []
