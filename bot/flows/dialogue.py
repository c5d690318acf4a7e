"""The whole conversation: what a person did -> what the bot says and keeps. Reads the store, never writes it."""

from dataclasses import dataclass, replace

from bot.domain.effects import MigrateChat
from bot.domain.event import MESSAGE_KINDS, Event, EventKind
from bot.domain.message import AlertOperator, AnswerCallback, EditMessage, SendMessage
from bot.domain.selfcheck import SelfCheckStage
from bot.domain.turn import State, Turn
from bot.flows import callbacks, commands, intro, questions
from bot.flows.consultation import form, typed_answers
from bot.flows.context import Advisers, EventHandler, Services
from bot.flows.relay import adviser, lifecycle, requester
from bot.flows.selfcheck import questionnaire, team

__all__ = ["Advisers", "Dialogue"]


@dataclass(frozen=True, slots=True)
class Dialogue(Services):
    """The parts with the flows over them."""

    def handle(self, state: State, event: Event) -> Turn:
        """The turn of the conversation that this event brings."""
        if event.kind is EventKind.CHAT_MIGRATED:
            return Turn(state, (), (MigrateChat(int(event.text)),))
        in_adviser_chat = event.chat_id == self.adviser_chat
        if event.kind is EventKind.BOT_REMOVED:
            return Turn(state, (AlertOperator(),) if in_adviser_chat and self.sends_mail else ())
        if in_adviser_chat and (turn := adviser.handle_adviser_message(self, state, event)):
            return turn
        if (
            event.kind is EventKind.EDITED
            and event.private
            and (turn := typed_answers.handle_form_edit(self, state, event))
        ):
            return turn
        if event.private and not in_adviser_chat and (turn := requester.handle_requester_message(self, state, event)):
            return turn
        adviser_talk = in_adviser_chat and not event.private and event.kind in MESSAGE_KINDS
        if adviser_talk or not event.addressed:
            return Turn(state)  # people talk among themselves
        if lifecycle.abandons_comment(event):
            state = replace(state, rated="")
        turn = intro.add_intro_button(self, event, EVENT_HANDLERS[event.kind](self, state, event))
        turn = _remind_of_selfcheck(self, state, event, _remind_of_form(self, state, event, turn))
        callbacks_last = tuple(sorted(turn.messages, key=lambda message: isinstance(message, AnswerCallback)))
        return replace(turn, messages=callbacks_last)  # the button stops waiting when all that it brought is there


def _handle_text(services: Services, state: State, event: Event) -> Turn:
    if turn := lifecycle.record_comment(services, state, event):
        return turn
    if state.form and not state.form.paused:
        return typed_answers.handle_form_text(services, state, event)
    joining = state.check is not None and state.check.stage is SelfCheckStage.JOINING
    if joining and (turn := team.handle_typed_code(services, state, event)):
        return turn
    return requester.offer_passing_on(services, event, questions.answer_question(services, state, event))


def _reject_media(services: Services, state: State, event: Event) -> Turn:
    return services.say(state, event, "unsupported")


def _remind_of_form(services: Services, state: State, event: Event, turn: Turn) -> Turn:
    """Somebody who does something else in the middle of the form is shown the way back, and not asked on."""
    untouched = state.form is not None and not state.form.paused and turn.state.form is state.form
    if not untouched or event.kind not in (EventKind.COMMAND, EventKind.BUTTON) or not _sends_text(turn):
        return turn
    assert turn.state.form is not None
    paused_state = replace(turn.state, form=replace(turn.state.form, paused=True))
    return replace(
        turn, state=paused_state, messages=(*turn.messages, form.form_reminder(services, paused_state, event))
    )


def _remind_of_selfcheck(services: Services, state: State, event: Event, turn: Turn) -> Turn:
    """Who asks or does something else in the middle of the self-check is shown the way back, once."""
    progress = turn.state.check
    untouched = progress is not None and progress.stage is SelfCheckStage.ASKING and progress is state.check
    if progress is None or not untouched or turn.state.form or not _sends_text(turn):
        return turn
    paused_state = replace(turn.state, check=replace(progress, stage=SelfCheckStage.PAUSED))
    return replace(
        turn,
        state=paused_state,
        messages=(*turn.messages, questionnaire.selfcheck_reminder(services, paused_state, event)),
    )


def _sends_text(turn: Turn) -> bool:
    return any(isinstance(message, SendMessage | EditMessage) for message in turn.messages)


EVENT_HANDLERS: dict[EventKind, EventHandler] = {
    EventKind.TEXT: _handle_text,
    EventKind.EDITED: questions.answer_edit,
    EventKind.COMMAND: commands.handle_command,
    EventKind.BUTTON: callbacks.handle_callback,
    EventKind.OTHER: _reject_media,
}
