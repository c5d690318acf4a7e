"""Answer inline queries, immediately or not at all: the next letter typed sends another one."""

import logging

from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    LinkPreviewOptions,
)
from telegram.error import TelegramError

from bot.flows.inline_query import InlineOffer, InlineResult

log = logging.getLogger(__name__)
CACHE_SECONDS = 30  # how long Telegram may repeat the answer to the same person


async def answer_inline_query(bot: Bot, query_id: str, offer: InlineOffer) -> None:
    """Answer an inline query; errors, such as a query that is too old by now, are only logged."""
    try:
        await bot.answer_inline_query(
            query_id,
            [_to_article(number, result) for number, result in enumerate(offer.results, start=1)],
            cache_time=CACHE_SECONDS,
            is_personal=True,
            button=InlineQueryResultsButton(offer.button_label, start_parameter=offer.start_parameter),
        )
    except TelegramError as error:
        log.info("an inline query was not answered: %s", type(error).__name__)


def _to_article(number: int, result: InlineResult) -> InlineQueryResultArticle:
    button = InlineKeyboardButton(result.button_label, url=result.button_url)
    content = InputTextMessageContent(
        result.html, parse_mode="HTML", link_preview_options=LinkPreviewOptions(is_disabled=True)
    )
    return InlineQueryResultArticle(
        str(number),
        result.title,
        content,
        reply_markup=InlineKeyboardMarkup([[button]]),
        description=result.description,
    )
