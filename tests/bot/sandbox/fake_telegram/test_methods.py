"""python-telegram-bot's own Bot against the fake Telegram: its calls are valid, and it can parse all responses."""

import json
from typing import Any

import httpx
import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    ChatMemberAdministrator,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    MessageEntity,
    ReactionTypePaid,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, Conflict, EndPointNotFound, Forbidden, InvalidToken
from telegram.request import HTTPXRequest

from bot.sandbox.fake_telegram import FakeTelegram, User
from bot.sandbox.fake_telegram.rules.images import plain_png

YES_NO = InlineKeyboardMarkup(
    [[InlineKeyboardButton("Yes", callback_data="y"), InlineKeyboardButton("No", url="https://a.de")]]
)


@pytest.fixture(autouse=True)
def _no_violations(fake_telegram: FakeTelegram, request: pytest.FixtureRequest) -> object:
    """Check that no call of a test violates the Bot API."""
    yield
    if "allow_violations" not in request.fixturenames:
        assert fake_telegram.violations == []


@pytest.fixture
def allow_violations() -> None:
    """Allow a test to violate the Bot API on purpose."""


async def test_sent_text_is_returned_as_a_full_message(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A sent message is returned with chat, sender, entities, keyboard and the message it replies to."""
    question = ada.send_text("Hi")
    sent = await bot.send_message(
        ada.id,
        "<b>Grüß</b> dich 👋 <a href='https://a.de/x'>hier</a>",
        parse_mode=ParseMode.HTML,
        reply_markup=YES_NO,
        reply_parameters=ReplyParameters(question.id),
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        disable_notification=True,
        protect_content=True,
    )

    assert sent.text == "Grüß dich 👋 hier"
    assert sent.parse_entities() == {sent.entities[0]: "Grüß", sent.entities[1]: "hier"}
    assert sent.from_user == await bot.get_me()
    assert (sent.chat.id, sent.chat.first_name, sent.chat.type) == (ada.id, "Ada", "private")
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "Hi"
    assert sent.reply_markup == YES_NO
    assert sent.link_preview_options == LinkPreviewOptions(is_disabled=True)
    assert fake_telegram.view_chat(ada).messages[-1].button_labels == ["Yes", "No"]


@pytest.mark.parametrize(
    "markup",
    [ReplyKeyboardMarkup([["A", KeyboardButton("B", request_contact=True)]]), ReplyKeyboardRemove(), ForceReply()],
    ids=["keyboard", "remove", "force"],
)
async def test_other_markups_are_accepted(
    bot: Bot, ada: User, markup: ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply
) -> None:
    """Markups other than inline keyboards are accepted and, as in Telegram, not returned."""
    sent = await bot.send_message(ada.id, "x", reply_markup=markup)

    assert sent.reply_markup is None


async def test_explicit_entities_are_kept(bot: Bot, ada: User) -> None:
    """Entities can be given instead of a parse mode."""
    sent = await bot.send_message(ada.id, "bold", entities=[MessageEntity(MessageEntity.BOLD, 0, 4)])

    assert sent.parse_entities() == {MessageEntity(MessageEntity.BOLD, 0, 4): "bold"}


async def test_messages_are_edited_and_deleted(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """The chat shows an edited text, a removed keyboard and a deletion."""
    sent = await bot.send_message(ada.id, "one", reply_markup=YES_NO)
    edited = await bot.edit_message_text("two", chat_id=ada.id, message_id=sent.id)

    assert not isinstance(edited, bool)
    assert (edited.text, edited.reply_markup) == ("two", None)
    assert [(m.text, m.edited, m.buttons) for m in fake_telegram.view_chat(ada).messages] == [("two", True, ())]

    await bot.delete_message(ada.id, sent.id)
    assert fake_telegram.view_chat(ada).messages == []


async def test_files_contacts_and_actions(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """Uploads, known file ids, contacts and chat actions are accepted."""
    photo = await bot.send_photo(ada.id, plain_png(9, 6), caption="<i>Bild</i>", parse_mode="HTML", filename="a.png")
    again = await bot.send_photo(ada.id, photo.photo[-1].file_id)
    document = await bot.send_document(ada.id, b"pdf" * 9, filename="a b.pdf", caption="Datei")
    contact = await bot.send_contact(ada.id, "+49301", "Grace", last_name="Hopper")
    await bot.send_chat_action(ada.id, ChatAction.TYPING)

    assert photo.parse_caption_entities() == {photo.caption_entities[0]: "Bild"}
    assert again.photo[-1].file_id == photo.photo[-1].file_id
    assert document.document is not None
    assert (document.document.file_name, document.document.file_size) == ("a b.pdf", 27)
    assert contact.contact is not None
    assert contact.contact.last_name == "Hopper"
    assert [message.kind for message in fake_telegram.view_chat(ada).messages] == [
        "photo",
        "photo",
        "document",
        "contact",
    ]


async def test_messages_are_copied(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A copied message comes from the bot and has the same content."""
    original = ada.send_text("see @ada_l")
    grace = fake_telegram.add_user("Grace", started=True)
    copied = await bot.copy_message(grace.id, ada.id, original.id, reply_markup=YES_NO)
    (received,) = grace.bot_messages()

    assert (received.id, received.text) == (copied.message_id, "see @ada_l")
    assert received.button_labels == ["Yes", "No"]


async def test_bot_reacts_to_messages(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A reaction can be set and removed, that of an album stands at its first message, and it counts as no reply."""
    first, second = ada.send_text("a"), ada.send_text("b")
    album = ada.send_album(["", ""])
    for message_id, reaction in ((first.id, "👍"), (first.id, None), (second.id, "✍"), (album[1].id, "🔥")):
        await bot.set_message_reaction(ada.id, message_id, reaction)

    messages = {message.id: message.reaction for message in fake_telegram.view_chat(ada).messages}
    assert [messages[number] for number in (first.id, second.id, album[0].id, album[1].id)] == [
        (),
        ("✍",),
        ("🔥",),
        (),
    ]
    assert ada.bot_messages() == []


@pytest.mark.parametrize(
    ("reaction", "problem"),
    [
        ("5368324170671202286", "Reaction_invalid"),
        (["👍", "🔥"], "Reactions_too_many"),
        (ReactionTypePaid(), "Reaction_invalid"),
    ],
)
async def test_reactions_that_bots_may_not_set(
    fake_telegram: FakeTelegram, bot: Bot, ada: User, reaction: Any, problem: str
) -> None:
    """A bot may set one reaction of the emoji that Telegram lists."""
    message = ada.send_text("a")

    with pytest.raises(BadRequest, match=problem):
        await bot.set_message_reaction(ada.id, message.id, reaction)
    assert [violation.kind for violation in fake_telegram.violations] == ["limit"]
    fake_telegram.violations.clear()


async def test_topics_pins_and_members_in_a_forum(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A bot that is an administrator can open topics, pin messages and see members, until it is removed."""
    team = fake_telegram.add_group("Team", [ada], forum=True, bot_is_admin=True)
    topic = await bot.create_forum_topic(team.id, "Anfrage 1")
    sent = await bot.send_message(team.id, "Neu", message_thread_id=topic.message_thread_id)
    await bot.pin_chat_message(team.id, sent.id)
    await bot.edit_forum_topic(team.id, topic.message_thread_id, name="Anfrage 1 ✓")

    assert sent.is_topic_message
    assert fake_telegram.view_chat(team).topic_names == {topic.message_thread_id: "Anfrage 1 ✓"}
    chat = await bot.get_chat(team.id)
    assert chat.is_forum
    assert chat.pinned_message is not None
    assert chat.pinned_message.text == "Neu"
    assert (await bot.get_chat_member(team.id, ada.id)).status == "creator"
    assert isinstance(await bot.get_chat_member(team.id, fake_telegram.bot.id), ChatMemberAdministrator)

    team.remove_bot(ada.account)
    with pytest.raises(Forbidden, match=r"^Forbidden: bot was kicked from the supergroup chat$"):
        await bot.send_message(team.id, "x")


async def test_profile_is_kept_by_language_and_scope(bot: Bot, ada: User) -> None:
    """Commands, name and descriptions are returned as they were set, per language and scope."""
    german = [BotCommand("hilfe", "Hilfe zeigen")]
    await bot.set_my_commands(german, language_code="de")
    await bot.set_my_commands([BotCommand("anfragen", "Liste")], scope=BotCommandScopeChat(ada.id))
    await bot.set_my_name("Gemeinsam")
    await bot.set_my_description("Was ich kann", language_code="de")
    await bot.set_my_short_description("Kurz")

    assert await bot.get_my_commands(language_code="de") == tuple(german)
    assert await bot.get_my_commands(scope=BotCommandScopeAllPrivateChats()) == ()
    assert len(await bot.get_my_commands(scope=BotCommandScopeChat(ada.id))) == 1
    assert (await bot.get_my_name(language_code="en")).name == "Gemeinsam"
    assert (await bot.get_my_description("de")).description == "Was ich kann"
    assert (await bot.get_my_short_description()).short_description == "Kurz"

    await bot.set_my_commands([], language_code="de")
    assert await bot.get_my_commands(language_code="de") == ()


async def test_unknown_token_and_unknown_method(
    fake_telegram: FakeTelegram, bot: Bot, allow_violations: None
) -> None:
    """An unknown token is unauthorised, and an unknown method is not found."""
    request = HTTPXRequest()
    stranger = Bot("1:AAother", base_url=fake_telegram.base_url, request=request)
    with pytest.raises(InvalidToken, match=r"Unauthorized"):
        await stranger.get_me()
    await request.shutdown()
    with pytest.raises(EndPointNotFound):
        await bot.do_api_request("makeCoffee")

    assert [(v.kind, v.method) for v in fake_telegram.violations] == [("schema", "makeCoffee")]


@pytest.mark.parametrize(
    ("endpoint", "parameters", "problem"),
    [
        ("sendMessage", {"chat_id": 1}, "text is required"),
        ("sendMessage", {"chat_id": 1, "text": "x", "colour": "red"}, "unknown parameter colour"),
        ("sendMessage", {"chat_id": 1, "text": "x", "disable_notification": "maybe"}, "must be Boolean"),
        ("deleteMessage", {"chat_id": 1, "message_id": "one"}, "message_id must be Integer"),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[{}]]}}, "text is required"),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [1]}}, "must be Array of"),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_parameters": {"message_id": 1, "q": 1}}, "no field q"),
        ("sendMessage", {"chat_id": 1, "text": "x", "link_preview_options": {"url": 5}}, "url must be String"),
        ("sendMediaGroup", {"chat_id": 1, "media": [{"type": "photo"}]}, "media is required in InputMediaPhoto"),
        ("sendMediaGroup", {"chat_id": 1, "media": [{"type": "photo", "media": "attach://a"}]}, "no file came"),
        ("setMyCommands", {"commands": [], "scope": {"type": "moon"}}, "scope must be BotCommandScope"),
    ],
)
def test_calls_that_violate_the_documentation(
    fake_telegram: FakeTelegram, allow_violations: None, endpoint: str, parameters: dict[str, object], problem: str
) -> None:
    """A call that violates the documented API at any depth is rejected and recorded."""
    answer = httpx.post(f"{fake_telegram.base_url}{fake_telegram.token}/{endpoint}", json=parameters)

    assert answer.status_code == 400
    assert answer.json()["description"].startswith("Bad Request: fake Telegram: ")
    assert [(v.kind, v.method) for v in fake_telegram.violations] == [("schema", endpoint)]
    assert problem in fake_telegram.violations[0].problem


async def test_every_call_is_logged_decoded(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """Each call is logged with its decoded parameters and its response."""
    await bot.send_message(ada.id, "x", reply_markup=YES_NO)
    (call,) = fake_telegram.calls_to("sendMessage")

    assert call.params["reply_markup"] == json.loads(YES_NO.to_json())
    assert (call.status, call.response["result"]["text"]) == (200, "x")


async def test_polling_confirms_by_offset(bot: Bot, ada: User) -> None:
    """Updates are delivered until a higher offset confirms them, at most as many as requested."""
    ada.send_text("1")
    ada.send_text("2")
    first, second = await bot.get_updates()

    assert await bot.get_updates(limit=1) == (first,)
    assert await bot.get_updates(offset=second.update_id) == (second,)
    assert await bot.get_updates(offset=second.update_id + 1) == ()
    assert first.message is not None
    assert first.message.from_user is not None
    assert (first.message.text, first.message.from_user.language_code) == ("1", "de")


async def test_polling_and_a_webhook_exclude_each_other(bot: Bot) -> None:
    """While a webhook is set, getUpdates is a conflict."""
    await bot.set_webhook("http://127.0.0.1:9/hook")
    with pytest.raises(Conflict, match=r"can't use getUpdates method while webhook is active; use deleteWebhook"):
        await bot.get_updates()

    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()
