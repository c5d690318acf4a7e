"""The same on a small scale, as in python-telegram-bot's own examples: ConversationHandler and PicklePersistence.

A form, a topic with the request in the adviser chat, and messages relayed both ways. ``careful`` saves everything
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
NEXT_BUTTONS = ("", "r:skip:organisation", "r:kind:npo", "r:skip:place", "r:reach:here", "r:skip:times", "r:send:")
TEXT = filters.TEXT & ~filters.COMMAND


def run(settings: Settings, *, careful: bool) -> None:
    """Poll until killed."""
    assert settings.telegram_token

    async def set_adviser_chat(started: Application[Any, Any, Any, Any, Any, Any]) -> None:
        started.bot_data["desk"] = settings.adviser_chat_id

    application = (
        Application.builder()
        .token(settings.telegram_token.get_secret_value())
        .base_url(f"{settings.telegram_api_url}/bot")
        .persistence(PicklePersistence(FILE))
        .post_init(set_adviser_chat)
        .build()
    )
    warnings.simplefilter("ignore", PTBUserWarning)  # taps are not distinguished by message, on purpose
    asks: dict[object, list[BaseHandler[Any, Any, Any]]] = {
        at: [CallbackQueryHandler(_take_tap, pattern="^r:")] for at in range(KIND, SEND)
    }
    asks[CONCERN] = [MessageHandler(TEXT, _take_answer)]
    asks[ORGANISATION] = [MessageHandler(TEXT, _take_answer), CallbackQueryHandler(_take_tap, pattern="^r:skip")]
    asks[SEND] = [CallbackQueryHandler(_send_request, pattern="^r:send")]
    private = filters.ChatType.PRIVATE
    application.add_handler(
        ConversationHandler(
            [CommandHandler("beratung", _begin)], asks, [], name="form", persistent=True, per_message=False
        )
    )
    application.add_handler(CallbackQueryHandler(_take, pattern="^q:take"))
    application.add_handler(CallbackQueryHandler(_close, pattern="^q:close"))
    application.add_handler(CallbackQueryHandler(_rate, pattern="^h:rate"))
    application.add_handler(CallbackQueryHandler(_answer_callback))
    application.add_handler(
        MessageHandler(private & ~filters.COMMAND & filters.UpdateType.MESSAGE, _relay_to_advisers)
    )
    application.add_handler(
        MessageHandler(filters.ChatType.SUPERGROUP & filters.UpdateType.MESSAGE, _relay_to_person)
    )
    if careful:
        application.add_handler(TypeHandler(Update, _save), group=1)
    application.run_polling(close_loop=False)


def _keyboard(*data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=label) for label in data]])


def _unpack(update: Update, context: Context) -> tuple[Message, User, dict[str, Any], dict[str, Any]]:
    assert update.effective_message
    assert update.effective_user
    person = cast(dict[str, Any], context.user_data)
    return update.effective_message, update.effective_user, person, cast(dict[str, Any], context.bot_data)


async def _begin(update: Update, context: Context) -> int:
    message, _, person, _ = _unpack(update, context)
    person["told"] = []
    await message.reply_text("Was ist Ihr Anliegen?", reply_markup=_keyboard("r:cancel:"))
    return CONCERN


async def _take_answer(update: Update, context: Context) -> int:
    message, _, person, _ = _unpack(update, context)
    person["told"].append(message.text)
    at = len(person["told"])
    await message.reply_text(f"Frage {at}", reply_markup=_keyboard(NEXT_BUTTONS[at]))
    return at


async def _take_tap(update: Update, context: Context) -> int:
    message, _, person, _ = _unpack(update, context)
    query = cast(CallbackQuery, update.callback_query)
    await query.answer()
    if query.data != NEXT_BUTTONS[len(person["told"])]:
        return len(person["told"])
    person["told"].append("")
    at = len(person["told"])
    await message.edit_text(f"Frage {at}", reply_markup=_keyboard(NEXT_BUTTONS[at]))
    return at


async def _send_request(update: Update, context: Context) -> int:
    message, user, person, shared = _unpack(update, context)
    await cast(CallbackQuery, update.callback_query).answer()
    reference = f"S{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper()
    topic = await context.bot.create_forum_topic(shared["desk"], f"🆕 {reference}")
    thread = topic.message_thread_id
    shared.setdefault("people", {})[thread] = user.id
    person["thread"] = thread
    text = f"Anfrage {reference} von {user.full_name}: {person['told'][0]} {person['told'][1]}"
    await context.bot.send_message(
        shared["desk"], text, message_thread_id=thread, reply_markup=_keyboard(f"q:take:{reference}")
    )
    await message.edit_text("Ihre Anfrage")
    await message.reply_text(f"Danke! Ihre Anfrage hat die Nummer {reference} und geht jetzt an die Beratung.")
    return ConversationHandler.END


async def _take(update: Update, context: Context) -> None:
    message, _, _, _ = _unpack(update, context)
    query = cast(CallbackQuery, update.callback_query)
    await query.answer()
    reference = cast(str, query.data).split(":")[2]
    await message.edit_reply_markup(_keyboard(f"q:release:{reference}", f"q:close:{reference}"))


async def _close(update: Update, context: Context) -> None:
    message, _, _, shared = _unpack(update, context)
    query = cast(CallbackQuery, update.callback_query)
    await query.answer()
    person = shared["people"][message.message_thread_id]
    rate = f"h:rate:{cast(str, query.data).split(':')[2]}:1"
    await context.bot.send_message(
        person, "Die Beratung hat Ihre Anfrage abgeschlossen.", reply_markup=_keyboard(rate)
    )


async def _rate(update: Update, context: Context) -> None:
    message, _, person, _ = _unpack(update, context)
    await cast(CallbackQuery, update.callback_query).answer()
    person["rating"] = 1
    await message.reply_text("Danke! Möchten Sie noch etwas dazu sagen?")


async def _answer_callback(update: Update, context: Context) -> None:
    await cast(CallbackQuery, update.callback_query).answer()


async def _relay_to_advisers(update: Update, context: Context) -> None:
    message, _, person, shared = _unpack(update, context)
    if "thread" in person:
        await message.copy(shared["desk"], message_thread_id=person["thread"])


async def _relay_to_person(update: Update, context: Context) -> None:
    message, _, _, shared = _unpack(update, context)
    person = shared.get("people", {}).get(message.message_thread_id)
    if person and cast(Chat, update.effective_chat).id == shared["desk"]:
        await message.copy(person)


async def _save(update: Update, context: Context) -> None:
    await context.application.update_persistence()
