"""Which of Telegram's errors mean that a whole chat is closed to the bot."""

import pytest
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.telegram.delivery import is_chat_closed


@pytest.mark.parametrize(
    ("chat", "error", "closed"),
    [
        (-1001, Forbidden("bot was kicked from the supergroup chat"), True),
        (-1001, Forbidden("bot is not a member of the supergroup chat"), True),
        (-1001, Forbidden("bot was blocked by the user"), False),
        (-1001, Forbidden("user is deactivated"), False),
        (7, Forbidden("bot was blocked by the user"), True),
        (-1001, BadRequest("not enough rights to send text messages to the chat"), True),
        (-1001, BadRequest("have no rights to send a message"), True),
        (-1001, BadRequest("not enough rights to send stickers to the chat"), False),
        (-1001, BadRequest("not enough rights to send voice notes to the chat"), False),
        (-1001, BadRequest("chat not found"), True),
        (-1001, BadRequest("message to copy not found"), False),
        (-1001, BadRequest("can't parse entities"), False),
    ],
)
def test_chat_is_closed(chat: int, error: TelegramError, closed: bool) -> None:
    """An error about the whole chat closes it, so that everything waits; an error about one message does not."""
    assert is_chat_closed(chat, error) is closed
