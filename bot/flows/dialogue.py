"""The whole conversation: an event becomes a turn. Reads the store but never writes to it."""

from dataclasses import dataclass, replace

from bot.domain.commands import CANONICAL_COMMANDS
from bot.domain.effects import MigrateChat
from bot.domain.event import MESSAGE_KINDS, Event, EventKind
from bot.domain.message import AlertOperator, AnswerCallback, EditMessage, SendMessage
from bot.domain.selfcheck import SelfCheckStage
from bot.domain.turn import State, Turn
from bot.flows import callbacks, commands, crisis, intro, questions, request_limits, short_replies, spoken_language
from bot.flows.absence import add_absence_notice
from bot.flows.consultation import form, typed_answers
from bot.flows.context import Advisers, EventHandler, Services, TurnContext
from bot.flows.relay import adviser, colleagues, hints, lifecycle, reception, requester, signature, withdrawal
from bot.flows.selfcheck import questionnaire, team, typed
from prompts.render import render_template

__all__ = ["Advisers", "Dialogue"]

LANGUAGE_COMMAND = "sprache"  # its words are no answer to anything, and no short reply


@dataclass(frozen=True, slots=True)
class Dialogue(Services):
    """The services and the conversation that uses them."""

    def handle(self, state: State, event: Event) -> Turn:
        """Return the turn that follows from an event."""
        return self.respond(TurnContext(self, state, event))

    def respond(self, context: TurnContext) -> Turn:
        """Return the turn that follows from the event of a context; a call for help gets emergency numbers first."""
        before, context = context, spoken_language.hear_language(context)
        turn = spoken_language.follow_language(before, context, self._take_turn(context))
        turn = add_absence_notice(context, turn)
        turn = colleagues.note_colleague(context, crisis.put_help_first(context, turn))
        return signature.end_row_of_messages(context, request_limits.withhold_advice(context, turn))

    def _take_turn(self, context: TurnContext) -> Turn:
        state, event = context.state, context.event
        if event.kind is EventKind.CHAT_MIGRATED:
            return Turn(state, (), (MigrateChat(int(event.text)),))
        if event.kind is EventKind.BOT_ADDED:
            return reception.handle_arrival(context)
        in_adviser_chat = event.chat_id == context.adviser_chat
        if event.kind is EventKind.BOT_REMOVED:
            return Turn(state, (AlertOperator(),) if in_adviser_chat and self.sends_mail else ())
        if in_adviser_chat and reception.is_addressed_to_bot(context):
            return reception.show_desk_help(context)
        if in_adviser_chat and (turn := adviser.handle_adviser_message(context)):
            return turn
        if event.kind is EventKind.EDITED and event.private and (turn := typed_answers.handle_form_edit(context)):
            return turn
        if event.private and not in_adviser_chat and (turn := requester.handle_requester_message(context)):
            return short_replies.remember_question(context, turn)
        if in_adviser_chat and not event.private and event.kind in MESSAGE_KINDS:
            return hints.hint_at_topics(context, adviser.NOTE_PREFIX)
        if not event.addressed:
            return Turn(state)  # not meant for the bot
        if state.rated and lifecycle.abandons_comment(event):
            context = context.change(rated="")
        turn = _add_reminder(context, intro.add_intro_button(context, EVENT_HANDLERS[event.kind](context)))
        turn = short_replies.remember_question(context, turn)
        callbacks_last = tuple(sorted(turn.messages, key=lambda message: isinstance(message, AnswerCallback)))
        return replace(turn, messages=callbacks_last)  # the button stops waiting once everything else has arrived


def _handle_text(context: TurnContext) -> Turn:
    state = context.state
    if turn := short_replies.answer_comment_offer(context) or lifecycle.record_comment(context):
        return turn
    if state.form and withdrawal.is_worded(context) and not withdrawal.is_wish(context):
        return _cancel_unsent(context)
    if state.form and not state.form.paused:
        command = commands.find_worded_command(context)
        if command and typed_answers.is_form_command(context, command.event.command):
            return _run_within_form(command)
        return typed_answers.handle_form_text(context)
    command = commands.find_worded_command(context)
    if command and CANONICAL_COMMANDS.get(command.event.command) == LANGUAGE_COMMAND:
        return commands.handle_command(command)
    is_joining = state.check is not None and state.check.stage is SelfCheckStage.JOINING
    if is_joining and (turn := team.handle_typed_code(context)):
        return turn
    if turn := typed.handle_selfcheck_text(context) or intro.handle_intro_text(context):
        return turn
    if turn := short_replies.answer_reply(context):
        return requester.offer_passing_on(context, questions.welcome_writer(context, turn))
    if command:
        return commands.handle_command(command)
    if withdrawal.is_moot(context):
        return withdrawal.choose_withdrawal(context)
    return requester.offer_passing_on(context, questions.answer_question(context))


def _cancel_unsent(context: TurnContext) -> Turn:
    """Cancel the form, for which the words to withdraw a request are meant; an open request may be meant too."""
    turn = form.cancel_form(context)
    if not context.open_requests:
        return turn
    question = withdrawal.choose_withdrawal(context.with_state(turn.state))
    return replace(question, messages=(*turn.messages, *question.messages))


def _run_within_form(context: TurnContext) -> Turn:
    """Run a command, and ask the form's question again unless that is what the command did, or it ended the form."""
    turn = commands.handle_command(context)
    if turn.state.form is not context.state.form:
        return turn
    form_turn = form.show_form(context.with_state(turn.state))
    return replace(turn, state=form_turn.state, messages=(*turn.messages, *form_turn.messages))


def _handle_media(context: TurnContext) -> Turn:
    """Answer the caption of a picture or file; say to anything else that cannot be read what to do instead."""
    event, form = context.event, context.state.form
    if turn := crisis.answer_with_help(context):
        return turn
    turn = context.say("unsupported", media=event.media_type, blocked=context.is_blocked)
    if event.text.strip() and (form is None or form.paused):
        note, turn = render_template("caption_only", context.lang), questions.answer_question(context)
        if turn.messages:
            first, *others = turn.messages
            assert isinstance(first, SendMessage)
            turn = replace(turn, messages=(replace(first, html=f"<i>{note}</i>\n\n{first.html}"), *others))
    return requester.offer_passing_on(context, turn)


def _add_reminder(context: TurnContext, turn: Turn) -> Turn:
    """Pause a form or self-check that the person left for something else, and show once how to return to it.

    A question within the form does not pause it: the form repeats its own question anyway.
    """
    before, after = context.state, turn.state
    if not any(isinstance(message, SendMessage | EditMessage) for message in turn.messages):
        return turn
    lang = context.with_state(after).lang
    if after.form:
        is_left = after.form is before.form and context.event.kind in (EventKind.COMMAND, EventKind.BUTTON)
        if after.form.paused or not is_left:
            return turn
        paused, reminder = replace(after, form=replace(after.form, paused=True)), form.form_reminder(lang)
    elif after.check and after.check is before.check and after.check.stage is SelfCheckStage.ASKING:
        paused = replace(after, check=replace(after.check, stage=SelfCheckStage.PAUSED))
        reminder = questionnaire.selfcheck_reminder(lang)
    else:
        return turn
    return replace(turn, state=paused, messages=(*turn.messages, reminder))


EVENT_HANDLERS: dict[EventKind, EventHandler] = {
    EventKind.TEXT: _handle_text,
    EventKind.EDITED: lambda context: requester.offer_passing_on(context, questions.answer_edit(context)),
    EventKind.COMMAND: commands.handle_command,
    EventKind.BUTTON: callbacks.handle_callback,
    EventKind.OTHER: _handle_media,
}
