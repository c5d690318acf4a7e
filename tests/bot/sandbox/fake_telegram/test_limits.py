"""Telegram's limits at their exact boundaries, and its errors beyond them."""

import re

import pytest
from telegram import Bot, BotCommand, BotCommandScopeChat, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from telegram.error import BadRequest, Forbidden

from bot.sandbox.fake_telegram import FakeTelegram, User
from bot.sandbox.fake_telegram.rules.html_parser import HtmlError, parse_html
from bot.sandbox.fake_telegram.rules.images import plain_png


async def assert_rejected(fake_telegram: FakeTelegram, error: str, call: object, *, limit: bool = True) -> None:
    """Check that a call is rejected with exactly this text; only exceeding a limit is recorded as a violation."""
    with pytest.raises(BadRequest) as caught:
        await call  # type: ignore[misc]  # a coroutine of the bot

    assert str(caught.value).removeprefix("Bad Request: ").lower() == error.lower()
    assert [violation.kind for violation in fake_telegram.violations] == (["limit"] if limit else [])


@pytest.mark.parametrize("text", ["x" * 4096, "👋" * 2048, "<b>" + "ä" * 4096 + "</b>", " " * 99 + "x" * 4096])
async def test_longest_text(bot: Bot, ada: User, text: str) -> None:
    """A text may have 4096 UTF-16 units, not counting markup and surrounding white space."""
    sent = await bot.send_message(ada.id, text, parse_mode="HTML")

    assert sent.text is not None
    assert len(sent.text.encode("utf-16-le")) == 2 * 4096


@pytest.mark.parametrize("text", ["x" * 4097, "👋" * 2048 + "x"])
async def test_text_too_long(fake_telegram: FakeTelegram, bot: Bot, ada: User, text: str) -> None:
    """A text with more than 4096 units is rejected."""
    await assert_rejected(fake_telegram, "message is too long", bot.send_message(ada.id, text))


@pytest.mark.parametrize(
    ("text", "error"),
    [("", "message text is empty"), (" \n", "text must be non-empty"), ("<b></b>", "text must be non-empty")],
)
async def test_empty_text(fake_telegram: FakeTelegram, bot: Bot, ada: User, text: str, error: str) -> None:
    """An empty text, white space and empty markup are rejected."""
    await assert_rejected(fake_telegram, error, bot.send_message(ada.id, text, parse_mode="HTML"))


async def test_caption_too_long(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A caption may have 1024 units, and a longer one is rejected."""
    await bot.send_photo(ada.id, plain_png(), caption="c" * 1024)
    await assert_rejected(
        fake_telegram, "message caption is too long", bot.send_photo(ada.id, plain_png(), caption="c" * 1025)
    )


def keyboard(data: str) -> InlineKeyboardMarkup:
    """Return a keyboard with one button with this data."""
    return InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data=data)]])


@pytest.mark.parametrize("data", ["x", "x" * 64, "ä" * 32])
async def test_button_data_within_the_limit(bot: Bot, ada: User, data: str) -> None:
    """Callback data may have 1 to 64 bytes."""
    sent = await bot.send_message(ada.id, "x", reply_markup=keyboard(data))

    assert sent.reply_markup == keyboard(data)


@pytest.mark.parametrize("data", ["", "x" * 65, "ä" * 32 + "x"])
async def test_button_data_beyond_the_limit(fake_telegram: FakeTelegram, bot: Bot, ada: User, data: str) -> None:
    """Empty callback data, or more than 64 bytes, are rejected."""
    await assert_rejected(
        fake_telegram, "BUTTON_DATA_INVALID", bot.send_message(ada.id, "x", reply_markup=keyboard(data))
    )


@pytest.mark.parametrize(
    ("button", "error"),
    [
        (
            InlineKeyboardButton("x"),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (InlineKeyboardButton("x", url="nowhere"), "inline keyboard button URL 'nowhere' is invalid: Wrong HTTP URL"),
    ],
    ids=["no action", "no address"],
)
async def test_buttons_without_action(
    fake_telegram: FakeTelegram, bot: Bot, ada: User, button: InlineKeyboardButton, error: str
) -> None:
    """A button without an action, or with an invalid URL, is rejected."""
    await assert_rejected(
        fake_telegram, error, bot.send_message(ada.id, "x", reply_markup=InlineKeyboardMarkup([[button]]))
    )


@pytest.mark.parametrize("command", [BotCommand("a", "d"), BotCommand("a_1" + "z" * 29, "d" * 256)])
async def test_commands_within_the_limits(bot: Bot, command: BotCommand) -> None:
    """A command may have 1 to 32 characters of a-z0-9_, and a description of 1 to 256 characters."""
    await bot.set_my_commands([command])

    assert await bot.get_my_commands() == (command,)


@pytest.mark.parametrize(
    ("name", "description", "error"),
    [
        ("Hilfe", "d", "BOT_COMMAND_INVALID"),
        ("einführung", "d", "BOT_COMMAND_INVALID"),
        ("", "d", "command must be non-empty"),
        ("x" * 33, "d", "command length must not exceed 32"),
        ("x", "", "command description must be non-empty"),
        ("x", "d" * 257, "command description length must not exceed 256"),
    ],
)
async def test_commands_beyond_the_limits(
    fake_telegram: FakeTelegram, bot: Bot, name: str, description: str, error: str
) -> None:
    """Each violation of the rules for commands has its own error text."""
    await assert_rejected(fake_telegram, error, bot.set_my_commands([BotCommand(name, description)]))


@pytest.mark.parametrize(
    ("html", "text", "spans"),
    [
        ("a &lt;b&gt; &amp; &quot;c&quot; &#228;&#x1F44B;", 'a <b> & "c" ä👋', []),
        ("&nbsp; &copy", "&nbsp; &copy", []),
        ("<B>x</B><strong>y</strong>", "xy", [("bold", 0, 1), ("bold", 1, 1)]),
        ("👋<i>a<u>b</u></i>", "👋ab", [("italic", 2, 2), ("underline", 3, 1)]),
        (
            "<s>1</s><del>2</del><code>3</code>",
            "123",
            [("strikethrough", 0, 1), ("strikethrough", 1, 1), ("code", 2, 1)],
        ),
        ('<pre><code class="language-python">x</code></pre>', "x", [("pre", 0, 1)]),
        ("<span class='tg-spoiler'>x</span><tg-spoiler>y</tg-spoiler>", "xy", [("spoiler", 0, 1), ("spoiler", 1, 1)]),
        ("<blockquote expandable>x</blockquote>", "x", [("expandable_blockquote", 0, 1)]),
        ('<a href="https://a.de/?b=1&amp;c=2">x</a><a href="#top">y</a>', "xy", [("text_link", 0, 1)]),
        ('<a href="tg://user?id=5">x</a>', "x", [("text_mention", 0, 1)]),
        ("<b>x</>", "x", [("bold", 0, 1)]),
    ],
)
def test_telegram_html_is_parsed(html: str, text: str, spans: list[tuple[str, int, int]]) -> None:
    """Telegram's tags become entities in UTF-16 units; its HTML entities become characters, others are kept."""
    plain, entities = parse_html(html)

    assert plain == text
    assert [(e["type"], e["offset"], e["length"]) for e in entities] == spans


@pytest.mark.parametrize(
    ("html", "error"),
    [
        ("ä<p>x</p>", 'Unsupported start tag "p" at byte offset 2'),
        ("a<br/>", 'Unsupported start tag "br/" at byte offset 1'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<a ="x">y</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=x/y>z</a>", "Unexpected end of name token at byte offset 8"),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
    ],
)
def test_broken_html_is_rejected(html: str, error: str) -> None:
    """Each mistake in HTML is rejected with Telegram's error text and byte offset."""
    with pytest.raises(HtmlError, match=f"^{re.escape(error)}$"):
        parse_html(html)


async def test_broken_html_in_a_call(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """An error in HTML reaches the bot after "can't parse entities"."""
    error = 'can\'t parse entities: Unsupported start tag "x" at byte offset 3'
    await assert_rejected(fake_telegram, error, bot.send_message(ada.id, "1. <x>", parse_mode="HTML"))


async def test_unchanged_message(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """An edit that changes nothing is rejected with Telegram's error text."""
    sent = await bot.send_message(ada.id, "<b>x</b>", parse_mode="HTML", reply_markup=keyboard("1"))
    same = bot.edit_message_text("<strong>x</strong>", ada.id, sent.id, parse_mode="HTML", reply_markup=keyboard("1"))
    error = (
        "message is not modified: specified new message content and reply markup are exactly the same as a current "
        "content and reply markup of the message"
    )
    await assert_rejected(fake_telegram, error, same, limit=False)


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("send_message", {"chat_id": 7, "text": "x"}, "chat not found"),
        ("edit_message_text", {"message_id": 99, "text": "x"}, "message to edit not found"),
        ("edit_message_text", {"message_id": 1, "text": "x"}, "message can't be edited"),
        ("delete_message", {"message_id": 99}, "message to delete not found"),
        ("copy_message", {"from_chat_id": 7, "message_id": 99}, "chat not found"),
        ("pin_chat_message", {"message_id": 99}, "message to pin not found"),
        ("create_forum_topic", {"name": "x"}, "the chat is not a forum"),
        ("send_message", {"text": "x", "message_thread_id": 99}, "message thread not found"),
        ("send_message", {"text": "x", "reply_parameters": ReplyParameters(99)}, "message to be replied not found"),
        ("send_photo", {"photo": "unheard-of"}, "wrong file identifier/HTTP URL specified"),
        ("get_chat_member", {"user_id": 7}, "user not found"),
        ("set_my_commands", {"commands": [], "scope": BotCommandScopeChat(7)}, "chat not found"),
    ],
)
async def test_errors_of_a_correct_bot(
    fake_telegram: FakeTelegram, bot: Bot, ada: User, method: str, arguments: dict[str, object], error: str
) -> None:
    """An error that a correct bot may run into has Telegram's text and is no violation."""
    ada.send_text("message 1")
    chat = {} if method == "set_my_commands" else {"chat_id": ada.id}
    await assert_rejected(fake_telegram, error, getattr(bot, method)(**{**chat, **arguments}), limit=False)


async def test_missing_reply_target_may_be_allowed(bot: Bot, ada: User) -> None:
    """With allow_sending_without_reply, a message whose target is missing is sent without a reply."""
    sent = await bot.send_message(ada.id, "x", reply_parameters=ReplyParameters(99, allow_sending_without_reply=True))

    assert sent.reply_to_message is None


async def test_bot_cannot_write_to_strangers(fake_telegram: FakeTelegram, bot: Bot, ada: User) -> None:
    """A person who never started the bot is unknown to it, or cannot be written to if both are in a group."""
    stranger, colleague = fake_telegram.add_user("Stranger"), fake_telegram.add_user("Colleague")
    fake_telegram.add_group("Team", [ada, colleague])

    await assert_rejected(fake_telegram, "chat not found", bot.send_message(stranger.id, "x"), limit=False)
    with pytest.raises(Forbidden, match=r"^Forbidden: bot can't initiate conversation with a user$"):
        await bot.send_message(colleague.id, "x")
