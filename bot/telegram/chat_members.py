"""Ask Telegram whether a person is in a chat."""

import asyncio
from collections.abc import Callable

from telegram import Bot
from telegram.constants import ChatMemberStatus
from telegram.error import BadRequest

MEMBER_STATUSES = {ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.MEMBER}
QUERY_TIMEOUT = 20.0  # seconds


def make_membership_check(bot: Bot, loop: asyncio.AbstractEventLoop) -> Callable[[int, int], bool]:
    """Return a function of chat and person, to be called from other threads than the loop's.

    It raises TelegramError if Telegram cannot be reached, and TimeoutError after `QUERY_TIMEOUT`.
    """

    def is_member(chat_id: int, user_id: int) -> bool:
        return asyncio.run_coroutine_threadsafe(_is_member(bot, chat_id, user_id), loop).result(QUERY_TIMEOUT)

    return is_member


async def _is_member(bot: Bot, chat_id: int, user_id: int) -> bool:
    try:
        member = await bot.get_chat_member(chat_id, user_id)
    except BadRequest:  # Telegram has never seen this person there
        return False
    restricted = member.status == ChatMemberStatus.RESTRICTED and getattr(member, "is_member", False)
    return member.status in MEMBER_STATUSES or bool(restricted)
