"""The same small thing as python-telegram-bot's own examples do it: ConversationHandler and PicklePersistence.

A form, a topic with the request at the advisers, and messages carried both ways. ``careful`` writes everything down
after each update; otherwise python-telegram-bot does so every 60 s.
"""

import secrets
import warnings
from pathlib import Path
from typing import Any, cast

from telegram import CallbackQuery, Chat, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update, User
from telegram.ext import (
    Application,
    BaseHandler,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    PicklePersistence,
    TypeHandler,
    filters,
)
from telegram.warnings import PTBUserWarning

from bot.settings import Settings

Context = ContextTypes.DEFAULT_TYPE
FILE = Path("stock.pickle")
CONCERN, ORGANISATION, KIND, PLACE, REACH, TIMES, SEND = range(7)
NEXT = ("", "r:skip:organisation", "r:kind:npo", "r:skip:place", "r:reach:here", "r:skip:times", "r:send:")
TEXT = filters.TEXT & ~filters.COMMAND


def run(settings: Settings, *, careful: bool) -> None:
    """Poll until killed."""
    assert settings.telegram_token

    async def name_desk(started: Application[Any, Any, Any, Any, Any, Any]) -> None:
        started.bot_data["desk"] = settings.adviser_chat_id

    application = (
        Application.builder()
        .token(settings.telegram_token.get_secret_value())
        .base_url(f"{settings.telegram_api_url}/bot")
        .persistence(PicklePersistence(FILE))
        .post_init(name_desk)
        .build()
    )
    warnings.simplefilter("ignore", PTBUserWarning)  # that taps are not told apart by message, which is meant
    asks: dict[object, list[BaseHandler[Any, Any, Any]]] = {
        at: [CallbackQueryHandler(_tapped, pattern="^r:")] for at in range(KIND, SEND)
    }
    asks[CONCERN] = [MessageHandler(TEXT, _told)]
    asks[ORGANISATION] = [MessageHandler(TEXT, _told), CallbackQueryHandler(_tapped, pattern="^r:skip")]
    asks[SEND] = [CallbackQueryHandler(_sent, pattern="^r:send")]
    private = filters.ChatType.PRIVATE
    application.add_handler(
        ConversationHandler(
            [CommandHandler("beratung", _begin)], asks, [], name="form", persistent=True, per_message=False
        )
    )
    application.add_handler(CallbackQueryHandler(_take, pattern="^q:take"))
    application.add_handler(CallbackQueryHandler(_close, pattern="^q:close"))
    application.add_handler(CallbackQueryHandler(_rate, pattern="^h:rate"))
    application.add_handler(CallbackQueryHandler(_answered))
    application.add_handler(MessageHandler(private & ~filters.COMMAND & filters.UpdateType.MESSAGE, _to_desk))
    application.add_handler(MessageHandler(filters.ChatType.SUPERGROUP & filters.UpdateType.MESSAGE, _to_person))
    if careful:
        application.add_handler(TypeHandler(Update, _write_down), group=1)
    application.run_polling(close_loop=False)


def _row(*data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(one, callback_data=one) for one in data]])


def _parts(update: Update, context: Context) -> tuple[Message, User, dict[str, Any], dict[str, Any]]:
    assert update.effective_message
    assert update.effective_user
    person = cast(dict[str, Any], context.user_data)
    return update.effective_message, update.effective_user, person, cast(dict[str, Any], context.bot_data)


async def _begin(update: Update, context: Context) -> int:
    message, _, person, _ = _parts(update, context)
    person["told"] = []
    await message.reply_text("Was ist Ihr Anliegen?", reply_markup=_row("r:cancel:"))
    return CONCERN


async def _told(update: Update, context: Context) -> int:
    message, _, person, _ = _parts(update, context)
    person["told"].append(message.text)
    at = len(person["told"])
    await message.reply_text(f"Frage {at}", reply_markup=_row(NEXT[at]))
    return at


async def _tapped(update: Update, context: Context) -> int:
    message, _, person, _ = _parts(update, context)
    query = cast(CallbackQuery, update.callback_query)
    await query.answer()
    if query.data != NEXT[len(person["told"])]:
        return len(person["told"])
    person["told"].append("")
    at = len(person["told"])
    await message.edit_text(f"Frage {at}", reply_markup=_row(NEXT[at]))
    return at


async def _sent(update: Update, context: Context) -> int:
    message, user, person, shared = _parts(update, context)
    await cast(CallbackQuery, update.callback_query).answer()
    reference = f"S{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper()
    topic = await context.bot.create_forum_topic(shared["desk"], f"🆕 {reference}")
    thread = topic.message_thread_id
    shared.setdefault("people", {})[thread] = user.id
    person["thread"] = thread
    text = f"Anfrage {reference} von {user.full_name}: {person['told'][0]} {person['told'][1]}"
    await context.bot.send_message(
        shared["desk"], text, message_thread_id=thread, reply_markup=_row(f"q:take:{reference}")
    )
    await message.edit_text("Ihre Anfrage")
    await message.reply_text(f"Danke! Ihre Anfrage hat die Nummer {reference} und geht jetzt an die Beratung.")
    return ConversationHandler.END


async def _take(update: Update, context: Context) -> None:
    message, _, _, _ = _parts(update, context)
    query = cast(CallbackQuery, update.callback_query)
    await query.answer()
    reference = cast(str, query.data).split(":")[2]
    await message.edit_reply_markup(_row(f"q:release:{reference}", f"q:close:{reference}"))


async def _close(update: Update, context: Context) -> None:
    message, _, _, shared = _parts(update, context)
    query = cast(CallbackQuery, update.callback_query)
    await query.answer()
    person = shared["people"][message.message_thread_id]
    rate = f"h:rate:{cast(str, query.data).split(':')[2]}:1"
    await context.bot.send_message(person, "Die Beratung hat Ihre Anfrage abgeschlossen.", reply_markup=_row(rate))


async def _rate(update: Update, context: Context) -> None:
    message, _, person, _ = _parts(update, context)
    await cast(CallbackQuery, update.callback_query).answer()
    person["rating"] = 1
    await message.reply_text("Danke! Möchten Sie noch etwas dazu sagen?")


async def _answered(update: Update, context: Context) -> None:
    await cast(CallbackQuery, update.callback_query).answer()


async def _to_desk(update: Update, context: Context) -> None:
    message, _, person, shared = _parts(update, context)
    if "thread" in person:
        await message.copy(shared["desk"], message_thread_id=person["thread"])


async def _to_person(update: Update, context: Context) -> None:
    message, _, _, shared = _parts(update, context)
    person = shared.get("people", {}).get(message.message_thread_id)
    if person and cast(Chat, update.effective_chat).id == shared["desk"]:
        await message.copy(person)


async def _write_down(update: Update, context: Context) -> None:
    await context.application.update_persistence()
