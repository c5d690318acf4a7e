"""The language that a person writes in, if it differs from that of their Telegram and they have chosen none.

Many use Telegram in English and write German, or the other way round. Forms, hints and the menu of commands follow
what they write; a choice by /sprache stays above it. Names typed into a form say nothing.
"""

from dataclasses import replace

from bot.answering.language import base_language
from bot.domain.commands import ENGLISH_COMMANDS, GERMAN_COMMANDS
from bot.domain.event import EventKind
from bot.domain.turn import Turn
from bot.flows.command_menu import show_chosen_menu
from bot.flows.context import TurnContext

MIN_WORDS = 3  # a single English word means little among German ones: "Backbone", "stop"


def hear_language(context: TurnContext) -> TurnContext:
    """Return the context in the language that the person writes, which is remembered."""
    state, event = context.state, context.event
    if state.lang or not event.private or event.chat_id == context.adviser_chat:
        return context
    heard = _find_language(context) or state.spoken
    spoken = heard if heard != context.lang else ""
    if spoken == state.spoken == "":
        return context
    code = spoken or event.language_code
    return replace(context, state=replace(state, spoken=spoken), event=replace(event, language_code=code))


def follow_language(before: TurnContext, after: TurnContext, turn: Turn) -> Turn:
    """Add the menu of commands in the language that the person was just heard to write."""
    if after.state.spoken == before.state.spoken or turn.state.lang:
        return turn
    return replace(turn, messages=(*turn.messages, *show_chosen_menu(after)))


def _find_language(context: TurnContext) -> str:
    """Return the language of a typed command or text; "" if that is not clear enough to change anything."""
    event, default_lang = context.event, context.services.default_lang
    if event.kind is EventKind.COMMAND and event.command:
        names = {"de": GERMAN_COMMANDS, "en": ENGLISH_COMMANDS}
        languages = [lang for lang, commands in names.items() if event.command in commands]
        return languages[0] if len(languages) == 1 else ""
    form = context.state.form
    if event.kind is not EventKind.TEXT or (form and not form.paused):
        return ""
    lang = context.services.answerer.written_language(event.text, context.state.spoken or event.language_code)
    is_enough = lang == base_language(default_lang) or len(event.text.split()) >= MIN_WORDS
    return lang if is_enough else ""
