"""Create the client of the Bot API, connect it, set or delete the webhook, and publish the bot's profile."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from telegram import Bot, BotCommandScopeChat, User
from telegram.error import Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import BaseRequest, HTTPXRequest

from bot.domain.commands import COMMANDS_BY_LANG
from bot.errors import ConnectionFailed, StoreError
from bot.flows.command_menu import build_desk_menu, build_menu
from bot.pipeline.retry import backoff_seconds, wait_for_event
from bot.settings import Settings
from bot.telegram.rate_limited_request import tls_context
from bot.telegram.update_parser import ALLOWED_UPDATES
from prompts.render import format_label

log = logging.getLogger(__name__)


def create_client(settings: Settings, request: BaseRequest) -> Bot:
    """Create a client that makes its calls through ``request``; it does not connect yet."""
    assert settings.telegram_token is not None
    return Bot(
        settings.telegram_token.get_secret_value(),
        base_url=f"{settings.telegram_api_url}/bot",
        base_file_url=f"{settings.telegram_api_url}/file/bot",
        request=request,
        get_updates_request=HTTPXRequest(connection_pool_size=1, httpx_kwargs={"verify": tls_context()}),
    )


async def connect_with_retry(bot: Bot, stop: asyncio.Event) -> User | None:
    """Connect, retrying until Telegram can be reached; return the bot's account, or None if stopped before.

    Raises:
        ConnectionFailed: Telegram does not know the token.
    """
    attempt = 0
    while not stop.is_set():
        try:
            await bot.initialize()
            return bot.bot
        except (InvalidToken, Forbidden):
            raise ConnectionFailed("Telegram does not know this token. Check GW_TELEGRAM_TOKEN.") from None
        except (NetworkError, RetryAfter):
            log.warning("Telegram cannot be reached; retrying in %.0f s", backoff_seconds(attempt))
        await wait_for_event(stop, backoff_seconds(attempt))
        attempt += 1
    return None


async def set_webhook(bot: Bot, settings: Settings) -> None:
    """Have updates posted to the webhook; raises ConnectionFailed if Telegram refuses."""
    assert settings.webhook_url is not None
    assert settings.webhook_secret is not None
    secret = settings.webhook_secret.get_secret_value()
    try:
        await bot.set_webhook(settings.webhook_url, secret_token=secret, allowed_updates=ALLOWED_UPDATES)
    except TelegramError as error:
        raise ConnectionFailed(f"Telegram refuses the webhook {settings.webhook_url}: {error.message}") from None


async def delete_webhook(bot: Bot) -> None:
    """Have updates queued for polling. A failure is only logged, since polling will then say why it fails."""
    try:
        await bot.delete_webhook()
    except TelegramError as error:
        log.warning("a webhook, if one is set, was not deleted (%s)", type(error).__name__)


async def publish_profile(bot: Bot, default_lang: str, desk_chats: Callable[[], Iterable[int]]) -> None:
    """Publish what differs of the bot's name, descriptions and command menu, in each language.

    Errors are only logged, since the bot works without it. ``desk_chats`` reads the store, so a thread calls it.
    """
    for lang in COMMANDS_BY_LANG:
        for code in {lang, ""} if lang == default_lang else {lang}:
            try:
                await _publish_language(bot, lang, code)
            except TelegramError as error:
                log.warning("the menu in '%s' was not published: %s", code or "default", error.message)
    try:
        for chat_id in await asyncio.to_thread(desk_chats):
            menu = build_desk_menu() if chat_id < 0 else build_menu(default_lang, for_advisers=True)
            await bot.set_my_commands(menu, scope=BotCommandScopeChat(chat_id))
    except (TelegramError, StoreError) as error:
        log.warning("the advisers' menu was not published: %s", error)


async def _publish_language(bot: Bot, lang: str, code: str) -> None:
    menu = build_menu(lang)
    published = await bot.get_my_commands(language_code=code)
    if tuple((command.command, command.description) for command in published) != menu:
        await bot.set_my_commands(menu, language_code=code)
    if (await bot.get_my_name(language_code=code)).name != format_label("name", lang):
        await bot.set_my_name(format_label("name", lang), language_code=code)
    if (await bot.get_my_description(language_code=code)).description != format_label("description", lang):
        await bot.set_my_description(format_label("description", lang), language_code=code)
    if (await bot.get_my_short_description(language_code=code)).short_description != format_label("about", lang):
        await bot.set_my_short_description(format_label("about", lang), language_code=code)
