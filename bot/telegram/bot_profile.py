"""What Telegram shows of the bot: name, descriptions and the command menu, per language."""

import asyncio
import logging
from collections.abc import Callable

from telegram import Bot, BotCommand, BotCommandScopeChat
from telegram.error import TelegramError

from bot.domain.commands import ADVISERS, MENU
from bot.errors import StoreError
from prompts.render import label

log = logging.getLogger(__name__)


async def publish(bot: Bot, default_lang: str, adviser_chat: Callable[[], int | None]) -> None:
    """Publish what differs from what Telegram has. A refusal is logged; the bot works without.

    ``adviser_chat`` is called in a thread, since it may read the store.
    """
    for lang in MENU:
        for code in {lang, ""} if lang == default_lang else {lang}:
            try:
                await _publish_language(bot, lang, code)
            except TelegramError as error:
                log.warning("the menu in '%s' was not published: %s", code or "default", error.message)
    try:
        if (chat := await asyncio.to_thread(adviser_chat)) is not None:
            menu = commands(default_lang, (*MENU[default_lang], *ADVISERS))
            await bot.set_my_commands(menu, scope=BotCommandScopeChat(chat))
    except (TelegramError, StoreError) as error:
        log.warning("the advisers' menu was not published: %s", error)


def commands(lang: str, names: tuple[str, ...]) -> list[BotCommand]:
    """The command menu in a language."""
    return [BotCommand(name, label(f"command_{name}", lang)) for name in names]


async def _publish_language(bot: Bot, lang: str, code: str) -> None:
    wanted = commands(lang, MENU[lang])
    if list(await bot.get_my_commands(language_code=code)) != wanted:
        await bot.set_my_commands(wanted, language_code=code)
    if (await bot.get_my_name(language_code=code)).name != label("name", lang):
        await bot.set_my_name(label("name", lang), language_code=code)
    if (await bot.get_my_description(language_code=code)).description != label("description", lang):
        await bot.set_my_description(label("description", lang), language_code=code)
    if (await bot.get_my_short_description(language_code=code)).short_description != label("about", lang):
        await bot.set_my_short_description(label("about", lang), language_code=code)
