"""What refusals mean for the advisers' chat."""

import pytest
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.telegram.delivery import is_chat_closed


@pytest.mark.parametrize(
    ("chat", "error", "shut"),
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
def test_the_whole_chat_or_one_message(chat: int, error: TelegramError, shut: bool) -> None:
    """What concerns one message is final and told; only what concerns the chat as a whole lets everything wait."""
    assert is_chat_closed(chat, error) is shut
