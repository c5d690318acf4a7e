"""A small bot for the same purpose, written like python-telegram-bot's own examples.

It uses ConversationHandler and PicklePersistence, and has a form, a topic with the request for the advisers, and
messages relayed both ways. Its texts and buttons are those that the people in `stories` look for.
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
PERSISTENCE_FILE = Path("stock.pickle")
# The steps of the form, and the button of each.
CONCERN, ORGANISATION, KIND, PLACE, REACH, SEND = range(6)
BUTTONS = ("", "r:skip:organisation", "r:kind:npo", "r:skip:place", "r:reach:here", "r:send:")
TEXT = filters.TEXT & ~filters.COMMAND


def run_stock_bot(settings: Settings, *, careful: bool) -> None:
    """Poll until killed.

    ``careful`` saves everything after each update; otherwise python-telegram-bot saves every 60 s.
    """
    assert settings.telegram_token

    async def set_adviser_chat(application: Application[Any, Any, Any, Any, Any, Any]) -> None:
        application.bot_data["adviser_chat"] = settings.adviser_chat_id

    application = (
        Application.builder()
        .token(settings.telegram_token.get_secret_value())
        .base_url(f"{settings.telegram_api_url}/bot")
        .persistence(PicklePersistence(PERSISTENCE_FILE))
        .post_init(set_adviser_chat)
        .build()
    )
    warnings.simplefilter("ignore", PTBUserWarning)  # it says that taps are not tracked by message, as is intended
    steps: dict[object, list[BaseHandler[Any, Any, Any]]] = {
        step: [CallbackQueryHandler(_save_choice, pattern="^r:")] for step in range(KIND, SEND)
    }
    steps[CONCERN] = [MessageHandler(TEXT, _save_text)]
    steps[ORGANISATION] = [MessageHandler(TEXT, _save_text), CallbackQueryHandler(_save_choice, pattern="^r:skip")]
    steps[SEND] = [CallbackQueryHandler(_send_request, pattern="^r:send")]
    private = filters.ChatType.PRIVATE
    application.add_handler(
        ConversationHandler(
            [CommandHandler("beratung", _start_form)], steps, [], name="form", persistent=True, per_message=False
        )
    )
    application.add_handler(CallbackQueryHandler(_take_request, pattern="^q:take"))
    application.add_handler(CallbackQueryHandler(_close_request, pattern="^q:close"))
    application.add_handler(CallbackQueryHandler(_save_rating, pattern="^h:rate"))
    application.add_handler(CallbackQueryHandler(_answer_tap))
    application.add_handler(
        MessageHandler(private & ~filters.COMMAND & filters.UpdateType.MESSAGE, _relay_to_advisers)
    )
    application.add_handler(
        MessageHandler(filters.ChatType.SUPERGROUP & filters.UpdateType.MESSAGE, _relay_to_requester)
    )
    if careful:
        application.add_handler(TypeHandler(Update, _save_everything), group=1)
    application.run_polling(close_loop=False)


def _make_keyboard(*data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(text, callback_data=text) for text in data]])


def _unpack(update: Update, context: Context) -> tuple[Message, User, dict[str, Any], dict[str, Any]]:
    """Return the message, its user, and what is saved for this user and for the bot."""
    assert update.effective_message
    assert update.effective_user
    user_data = cast(dict[str, Any], context.user_data)
    return update.effective_message, update.effective_user, user_data, cast(dict[str, Any], context.bot_data)


async def _start_form(update: Update, context: Context) -> int:
    message, _, user_data, _ = _unpack(update, context)
    user_data["answers"] = []
    await message.reply_text("Was ist Ihr Anliegen?", reply_markup=_make_keyboard("r:cancel:"))
    return CONCERN


async def _save_text(update: Update, context: Context) -> int:
    message, _, user_data, _ = _unpack(update, context)
    user_data["answers"].append(message.text)
    step = len(user_data["answers"])
    await message.reply_text(f"Frage {step}", reply_markup=_make_keyboard(BUTTONS[step]))
    return step


async def _save_choice(update: Update, context: Context) -> int:
    message, _, user_data, _ = _unpack(update, context)
    query = cast(CallbackQuery, update.callback_query)
    await query.answer()
    if query.data != BUTTONS[len(user_data["answers"])]:
        return len(user_data["answers"])
    user_data["answers"].append("")
    step = len(user_data["answers"])
    await message.edit_text(f"Frage {step}", reply_markup=_make_keyboard(BUTTONS[step]))
    return step


async def _send_request(update: Update, context: Context) -> int:
    message, user, user_data, bot_data = _unpack(update, context)
    await cast(CallbackQuery, update.callback_query).answer()
    reference = f"S{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper()
    topic = await context.bot.create_forum_topic(bot_data["adviser_chat"], f"🆕 {reference}")
    thread = topic.message_thread_id
    bot_data.setdefault("requesters", {})[thread] = user.id
    user_data["thread"] = thread
    text = f"Anfrage {reference} von {user.full_name}: {user_data['answers'][0]} {user_data['answers'][1]}"
    await context.bot.send_message(
        bot_data["adviser_chat"],
        text,
        message_thread_id=thread,
        reply_markup=_make_keyboard(f"q:take:{reference}"),
    )
    await message.edit_text("Ihre Anfrage")
    await message.reply_text(f"Danke! Ihre Anfrage hat die Nummer {reference} und geht jetzt an die Beratung.")
    return ConversationHandler.END


async def _take_request(update: Update, context: Context) -> None:
    message, _, _, _ = _unpack(update, context)
    query = cast(CallbackQuery, update.callback_query)
    await query.answer()
    reference = cast(str, query.data).split(":")[2]
    keyboard = _make_keyboard(f"q:release:{reference}", f"q:close:{reference}")
    await message.edit_text(cast(str, message.text), reply_markup=keyboard)


async def _close_request(update: Update, context: Context) -> None:
    message, _, _, bot_data = _unpack(update, context)
    query = cast(CallbackQuery, update.callback_query)
    await query.answer()
    requester = bot_data["requesters"][message.message_thread_id]
    reference = cast(str, query.data).split(":")[2]
    await context.bot.send_message(
        requester,
        "Die Beratung hat Ihre Anfrage abgeschlossen.",
        reply_markup=_make_keyboard(f"h:rate:{reference}:1"),
    )


async def _save_rating(update: Update, context: Context) -> None:
    message, _, user_data, _ = _unpack(update, context)
    await cast(CallbackQuery, update.callback_query).answer()
    user_data["rating"] = 1
    await message.reply_text("Danke! Möchten Sie noch etwas dazu sagen?")


async def _answer_tap(update: Update, context: Context) -> None:
    await cast(CallbackQuery, update.callback_query).answer()


async def _relay_to_advisers(update: Update, context: Context) -> None:
    message, _, user_data, bot_data = _unpack(update, context)
    if "thread" in user_data:
        await message.copy(bot_data["adviser_chat"], message_thread_id=user_data["thread"])


async def _relay_to_requester(update: Update, context: Context) -> None:
    message, _, _, bot_data = _unpack(update, context)
    requester = bot_data.get("requesters", {}).get(message.message_thread_id)
    if requester and cast(Chat, update.effective_chat).id == bot_data["adviser_chat"]:
        await message.copy(requester)


async def _save_everything(update: Update, context: Context) -> None:
    await context.application.update_persistence()
