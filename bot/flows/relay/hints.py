"""How to reach whom, told now and then: to advisers who write where no requester reads it, and to a requester whose
words go to an adviser although they may have been meant for the bot."""

from dataclasses import replace

from bot.answering.language import base_language
from bot.domain.calendar import DAY
from bot.domain.commands import COMMANDS_BY_LANG, GERMAN_COMMANDS, simplify_message
from bot.domain.consultation import Request
from bot.domain.event import EventKind
from bot.domain.message import SendMessage
from bot.domain.turn import Turn
from bot.flows.context import TurnContext
from bot.flows.relay.messages import render_advisers
from prompts.render import render_template

HINT_INTERVAL = 7 * DAY  # for one person in one chat


def hint_at_topics(context: TurnContext, note_prefix: str) -> Turn:
    """Return the turn of a message outside the topics of the group: nothing, or how to write to a person."""
    event, services = context.event, context.services
    is_talk = event.kind is EventKind.TEXT and not event.thread_id and event.reply_to is None
    if not is_talk or event.text.startswith(note_prefix) or not _is_due(context):
        return Turn(context.state)
    if not any(services.find_desk(request) == event.chat_id for request in services.store.requests.active_requests()):
        return Turn(context.state)
    return _note_hint(context.reply(render_advisers("hint_topics")), services.now())


def hint_at_bot(context: TurnContext, turn: Turn, request: Request, commands: frozenset[str]) -> Turn:
    """Add to the turn of a relayed message, if it is the bare name of a command, how to reach the bot."""
    event, now = context.event, context.services.now()
    command = context.services.command_words.get(simplify_message(event.text), "").partition(" ")[0]
    is_bare = event.kind is EventKind.TEXT and event.reply_to is None and command in commands
    if not is_bare or not _is_due(context):
        return turn
    name = COMMANDS_BY_LANG[base_language(request.lang)][GERMAN_COMMANDS.index(command)]
    hint = SendMessage(render_template("hint_bot", request.lang, adviser=request.adviser, command=name))
    return _note_hint(replace(turn, messages=(*turn.messages, hint)), now)


def _is_due(context: TurnContext) -> bool:
    return not 0 <= context.services.now() - context.state.hinted < HINT_INTERVAL


def _note_hint(turn: Turn, now: float) -> Turn:
    return replace(turn, state=replace(turn.state, hinted=now))
