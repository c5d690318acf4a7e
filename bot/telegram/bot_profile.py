"""Publish the bot's name, descriptions and command menu in each language."""

import asyncio
import logging
from collections.abc import Callable

from telegram import Bot, BotCommand, BotCommandScopeChat
from telegram.error import TelegramError

from bot.domain.commands import ADVISER_COMMANDS, COMMANDS_BY_LANG
from bot.errors import StoreError
from prompts.render import format_label

log = logging.getLogger(__name__)


async def publish_profile(bot: Bot, default_lang: str, adviser_chat: Callable[[], int | None]) -> None:
    """Publish whatever differs from what Telegram has. Errors are only logged, since the bot works without it.

    ``adviser_chat`` is called in a thread, since it reads the store.
    """
    for lang in COMMANDS_BY_LANG:
        for code in {lang, ""} if lang == default_lang else {lang}:
            try:
                await _publish_language(bot, lang, code)
            except TelegramError as error:
                log.warning("the menu in '%s' was not published: %s", code or "default", error.message)
    try:
        if (chat_id := await asyncio.to_thread(adviser_chat)) is not None:
            menu = build_commands(default_lang, (*COMMANDS_BY_LANG[default_lang], *ADVISER_COMMANDS))
            await bot.set_my_commands(menu, scope=BotCommandScopeChat(chat_id))
    except (TelegramError, StoreError) as error:
        log.warning("the advisers' menu was not published: %s", error)


def build_commands(lang: str, names: tuple[str, ...]) -> list[BotCommand]:
    """Return the command menu in a language."""
    return [BotCommand(name, format_label(f"command_{name}", lang)) for name in names]


async def _publish_language(bot: Bot, lang: str, code: str) -> None:
    menu = build_commands(lang, COMMANDS_BY_LANG[lang])
    if list(await bot.get_my_commands(language_code=code)) != menu:
        await bot.set_my_commands(menu, language_code=code)
    if (await bot.get_my_name(language_code=code)).name != format_label("name", lang):
        await bot.set_my_name(format_label("name", lang), language_code=code)
    if (await bot.get_my_description(language_code=code)).description != format_label("description", lang):
        await bot.set_my_description(format_label("description", lang), language_code=code)
    if (await bot.get_my_short_description(language_code=code)).short_description != format_label("about", lang):
        await bot.set_my_short_description(format_label("about", lang), language_code=code)
