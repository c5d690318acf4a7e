"""Handle one update from end to end: parse it, run the dialogue, and save the outcome in one transaction."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.domain.commands import ADVISER_COMMANDS
from bot.domain.event import Event, EventKind
from bot.domain.turn import OnTurn, State, Turn, TurnRecord
from bot.errors import StoreConflict, StoreError, StoreGone, StoreUnavailable
from bot.flows.callback_data import ADVISER_CALLBACK
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from bot.flows.inline_query import InlineOffer, offer_results
from bot.pipeline.api_calls import build_calls, route_to_desks
from bot.pipeline.inbox import UpdateIncomplete

log = logging.getLogger(__name__)
MAX_CONFLICTS = 10
GREETING_COMMANDS = ("start", "hilfe", "help")  # tell an adviser where the requests are
ParseUpdate = Callable[[int, dict[str, Any]], Event | None]  # id and raw update; None if it is not for the bot


@dataclass(slots=True)
class UpdateHandler:
    """Handles raw updates. Every callable is called from the thread that handles the update.

    Attributes:
        wake_outbox: called once calls have been queued.
        show_typing: called with the chat before a question is looked up.
        send_inline_answer: sends the results for an inline query, given the query's id.
        is_member: asks Telegram whether a person (second) is in a chat (first).
        turn_observers: called with the outcome of each update.
    """

    dialogue: Dialogue
    parse_update: ParseUpdate
    wake_outbox: Callable[[], object]
    show_typing: Callable[[int], object]
    send_inline_answer: Callable[[str, InlineOffer], object]
    is_member: Callable[[int, int], bool]
    turn_observers: tuple[OnTurn, ...] = ()
    _awaited_albums: dict[int, str] = field(default_factory=dict, init=False)  # chat -> album that was waited for

    def handle_update(self, update_id: int, raw_update: dict[str, Any]) -> None:
        """Handle one update. If the dialogue fails, the person gets an apology, and their text is not logged.

        Raises:
            StoreError: the store cannot be used; nothing has changed.
            UpdateIncomplete: more of the same album may be about to arrive; try again in a moment.
        """
        try:
            self._process_update(update_id, raw_update)
        except (StoreError, UpdateIncomplete):
            raise
        except Exception:  # it would fail every time and block the updates behind it
            log.exception("update %d is dropped", update_id)
            self.dialogue.store.finish_update(update_id, None, None, (), ())

    def _process_update(self, update_id: int, raw_update: dict[str, Any]) -> None:
        event = self.parse_update(update_id, raw_update)
        if event is None or self._is_overheard(event):
            self.dialogue.store.finish_update(update_id, None, None, (), ())
            return
        if event.kind is EventKind.INLINE_QUERY:
            self._answer_inline_query(event)
            return
        event = self._with_captions(event)
        for _ in range(MAX_CONFLICTS):
            started_at = time.perf_counter()
            context, turn = self._run_dialogue(event)
            duration_ms = (time.perf_counter() - started_at) * 1000
            built_calls = build_calls(turn.messages, event, context.adviser_chat)
            calls = route_to_desks(self.dialogue, built_calls, turn.effects)
            try:
                if self.dialogue.store.finish_update(update_id, event, turn.state, calls, turn.effects):
                    record = TurnRecord(
                        event.user_id, turn.decisions, duration_ms, update_id, event.chat_id, event.kind, len(calls)
                    )
                    for observe_turn in self.turn_observers:
                        observe_turn(record)
                    self.wake_outbox()
                return
            except StoreConflict:  # the request changed in the meantime: decide again on its current state
                log.info("update %d is decided again", update_id)
            except (StoreUnavailable, StoreGone):  # the inbox tries again
                raise
            except StoreError as error:
                log.error("the store rejects the outcome of update %d: %s", update_id, error)
                apology = build_calls(
                    context.with_state(State(lang=context.state.lang)).say("failed").messages, event
                )
                self.dialogue.store.finish_update(update_id, event, None, apology, ())
                self.wake_outbox()
                return
        raise StoreConflict(f"update {update_id} conflicted {MAX_CONFLICTS} times")  # the inbox tries again later

    def _is_overheard(self, event: Event) -> bool:
        """Return whether a message of a group is not for the bot, so that nothing is stored of its writer.

        In the advisers' chats all messages are read.
        """
        is_general_talk = event.kind is EventKind.TEXT and not event.thread_id and event.reply_to is None
        is_for_bot = event.private or event.addressed or not is_general_talk
        return not is_for_bot and event.chat_id not in self.dialogue.desk_chats

    def _answer_inline_query(self, event: Event) -> None:
        """Answer an inline query without the outbox, since a late answer is worthless; store nothing."""
        try:
            state = self.dialogue.store.users.load_state(event.state_key)
            inline_answer = offer_results(TurnContext(self.dialogue, state, event))
        except Exception:  # the person is still typing: the next letter sends another query
            log.exception("update %d could not be answered", event.update_id)
        else:
            self.send_inline_answer(event.callback_id, inline_answer)
        self.dialogue.store.finish_update(event.update_id, None, None, (), ())

    def _with_membership(self, event: Event) -> Event:
        """Ask Telegram whether the person is an adviser, if only advisers may cause the event, or it greets them."""
        is_adviser_command = event.kind is EventKind.COMMAND and event.command in ADVISER_COMMANDS
        is_adviser_button = event.kind is EventKind.BUTTON and event.text.startswith(ADVISER_CALLBACK)
        is_greeted = event.kind is EventKind.COMMAND and event.private and event.command in GREETING_COMMANDS
        if not (is_adviser_command or is_adviser_button or is_greeted):
            return event
        if (adviser_chat := self.dialogue.find_own_desk(event.chat_id)) is None:
            return event
        known = self.dialogue.store.desk.colleagues(adviser_chat, 0.0) if is_greeted else ()
        if is_greeted and event.user_id not in [colleague.user_id for colleague in known]:
            return event
        is_sole_adviser = event.private and event.chat_id == adviser_chat
        return replace(event, in_adviser_chat=is_sole_adviser or self.is_member(adviser_chat, event.user_id))

    def _with_captions(self, event: Event) -> Event:
        """Add the rest of an album between requester and advisers to its message, once it has had time to arrive.

        Telegram delivers each message of an album separately, and any caption may say that the album is a note.
        """
        if not event.album_id or event.kind is EventKind.EDITED or not self._is_relayed(event):
            return event
        if event.album_id != self._awaited_albums.get(event.chat_id):
            self._awaited_albums[event.chat_id] = event.album_id
            raise UpdateIncomplete
        chat = str(event.chat_id)  # the key under which the inbox queues the chat's messages
        updates = [json.loads(body) for body in self.dialogue.store.inbox.waiting_updates(chat)]
        others = [self.parse_update(raw_update["update_id"], raw_update) for raw_update in updates]
        rest = [other for other in others if other and other.album_id == event.album_id]
        new_ids = (other.message_id for other in rest if other.kind is not EventKind.EDITED)
        ids = tuple(message_id for message_id in new_ids if message_id != event.message_id)
        return replace(event, album_rest=ids, captions=tuple(other.text for other in rest))

    def _is_relayed(self, event: Event) -> bool:
        """Return whether a message of an album may go to the other side of a request as a whole."""
        if event.chat_id == self.dialogue.find_own_desk(event.chat_id):
            return True
        requests = self.dialogue.store.requests.requests_by_user(event.user_id) if event.private else ()
        return any(request.talking for request in requests)

    def _run_dialogue(self, event: Event) -> tuple[TurnContext, Turn]:
        state = State()
        try:
            state = self.dialogue.store.users.load_state(event.state_key)
            context = TurnContext(self.dialogue, state, self._with_membership(event))
            if event.kind is EventKind.TEXT and event.addressed and not context.active_conversation:
                self.show_typing(event.chat_id)
            return context, self.dialogue.respond(context)
        except (StoreUnavailable, StoreGone):  # the person's state is unknown and must not be overwritten
            raise
        except Exception:  # whatever fails for one message, the person gets an apology and the bot continues
            log.exception("update %d could not be answered", event.update_id)
            context = TurnContext(self.dialogue, state, event)
            return context, context.say("failed")
