"""Help for whoever writes of suicide, of violence that they suffer or fear, or of an emergency.

They get the emergency numbers before anything else. A question gets them in place of an answer; any other text, such
as an answer to the form or a message to the advisers, then takes its ordinary way. Who was recognised is stored and
logged nowhere.
"""

from dataclasses import replace

from bot.answering.answerer import NOTED_LANGUAGES
from bot.answering.language import choose_reply_language
from bot.domain.message import Button, SendMessage
from bot.domain.turn import Turn
from bot.flows.callback_data import REQUEST_ADVICE
from bot.flows.context import TurnContext
from prompts.render import format_label, render_template

FALLBACK_LANGUAGE = "en"  # for a text in a language that the bot does not write


def answer_with_help(context: TurnContext) -> Turn | None:
    """Return the turn that only says where there is help; None if the event does not ask for it."""
    if not context.crisis_language:
        return None
    # With its id, an edit that turns the text into a question finds the message to put the answer in.
    return Turn(context.state, (replace(_help_message(context), question_id=context.event.message_id),))


def put_help_first(context: TurnContext, turn: Turn) -> Turn:
    """Return a turn that begins with where there is help, if the event asks for it and the turn does not say so."""
    if not context.crisis_language:
        return turn
    message = _help_message(context)
    if any(isinstance(other, SendMessage) and other.html == message.html for other in turn.messages):
        return turn
    return replace(turn, messages=(message, *turn.messages))


def _help_message(context: TurnContext) -> SendMessage:
    event, found = context.event, context.crisis_language
    lang = context.state.lang or choose_reply_language(found, event.language_code[:2].lower(), FALLBACK_LANGUAGE)
    note = format_label(f"crisis_{found}", lang) if found in NOTED_LANGUAGES else ""
    is_talking = event.private and context.adviser_chat is not None and context.active_conversation is not None
    html = render_template("crisis", lang, note=note, talking=is_talking)
    keyboard = () if is_talking else ((Button(format_label("talk", lang), REQUEST_ADVICE),),)
    return SendMessage(html, keyboard, reply_to=None if event.private else event.message_id)
