"""One update from end to end: parse, converse, and write the outcome down in one transaction."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from telegram import Bot, Update, User

from bot.domain.commands import ADVISER_COMMANDS
from bot.domain.event import Event, EventKind
from bot.domain.turn import OnTurn, State, Turn, TurnRecord, ignore_turn
from bot.errors import StoreConflict, StoreError, StoreGone, StoreUnavailable
from bot.flows.callback_data import ADVISER_CALLBACK
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from bot.flows.inline_query import InlineOffer, offer_results
from bot.pipeline.api_calls import build_calls
from bot.pipeline.inbox import UpdateIncomplete
from bot.store.protocol import Store
from bot.telegram.update_parser import chat_key, parse_update

log = logging.getLogger(__name__)
MAX_CONFLICTS = 10
MAX_ID = 2**63  # SQLite's integers; Telegram's ids have 52 bits


class UpdateHandler:
    """Handles raw updates. ``wake`` is called when something is to be sent, ``typing`` before a look-up.

    ``offering`` sends what is offered for an inline query, named by its id.

    ``is_member`` says whether a person is in a chat now; ``observe`` is told what became of each. All are called from
    the thread that handles the update.
    """

    def __init__(
        self,
        dialogue: Dialogue,
        store: Store,
        bot: Bot,
        bot_user: User,
        wake_outbox: Callable[[], None],
        show_typing: Callable[[int], None],
        send_inline_answer: Callable[[str, InlineOffer], None],
        is_member: Callable[[int, int], bool],
        on_turn: OnTurn = ignore_turn,
    ) -> None:
        self._dialogue, self._store, self._bot, self._bot_user = dialogue, store, bot, bot_user
        self._on_turn = on_turn
        self._awaited_album = ""  # of the advisers that was waited for last
        self._wake_outbox, self._show_typing, self._send_inline_answer, self._is_member = (
            wake_outbox,
            show_typing,
            send_inline_answer,
            is_member,
        )

    def handle_update(self, update_id: int, raw_update: dict[str, Any]) -> None:
        """Handle one update; what goes wrong is answered with an apology and logged without its text.

        Raises StoreError where the store cannot be used, Incomplete where it is to be handled a moment later; an
        update that cannot be handled otherwise is given up.
        """
        try:
            self._process_update(update_id, raw_update)
        except (StoreError, UpdateIncomplete):
            raise
        except Exception:  # it would fail again each time, and hold up what comes after it
            log.exception("update %d is given up", update_id)
            self._store.finish_update(update_id, None, None, (), ())

    def _process_update(self, update_id: int, raw_update: dict[str, Any]) -> None:
        event = self._parse_event(update_id, raw_update)
        if event is None:
            self._store.finish_update(update_id, None, None, (), ())
            return
        if event.kind is EventKind.INLINE_QUERY:
            self._answer_inline_query(event)
            return
        event = self._with_captions(event, chat_key(raw_update))
        for _ in range(MAX_CONFLICTS):
            started_at = time.perf_counter()
            context, turn = self._run_dialogue(event)
            duration_ms = (time.perf_counter() - started_at) * 1000
            calls = build_calls(turn.messages, event, context.adviser_chat)
            try:
                if self._store.finish_update(update_id, event, turn.state, calls, turn.effects):
                    record = TurnRecord(
                        event.user_id, turn.decisions, duration_ms, update_id, event.chat_id, event.kind, len(calls)
                    )
                    self._on_turn(record)
                    self._wake_outbox()
                return
            except (
                StoreConflict
            ):  # somebody else changed the request in this moment: decide again on what is true now
                log.info("update %d is decided again", update_id)
            except (StoreUnavailable, StoreGone):  # the inbox tries again
                raise
            except StoreError as error:
                log.error("the outcome of update %d is refused: %s", update_id, error)
                apology = context.with_state(State()).say("failed").messages
                self._store.finish_update(
                    update_id, event, None, build_calls(apology, event, context.adviser_chat), ()
                )
                self._wake_outbox()
                return
        raise StoreConflict(f"update {update_id} came to no decision")  # it is tried again later

    def _answer_inline_query(self, event: Event) -> None:
        """Answer an inline query past the outbox, since an answer that waits is worthless; nothing of it is kept."""
        try:
            state = self._store.load_state(event.state_key)
            inline_answer = offer_results(TurnContext(self._dialogue, state, event))
        except Exception:  # the person is at the keyboard: the next letter asks again
            log.exception("update %d could not be answered", event.update_id)
        else:
            self._send_inline_answer(event.callback_id, inline_answer)
        self._store.finish_update(event.update_id, None, None, (), ())

    def _parse_event(self, update_id: int, raw_update: dict[str, Any]) -> Event | None:
        try:
            event = parse_update(Update.de_json(raw_update, self._bot), self._bot_user)
            return event if event is None or _is_well_formed(event) else None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.error("update %d is of no form we know: %s", update_id, type(error).__name__)
            return None

    def _with_membership(self, event: Event) -> Event:
        """Ask Telegram whether the person is an adviser now, where it matters."""
        is_adviser_command = event.kind is EventKind.COMMAND and event.command in ADVISER_COMMANDS
        is_adviser_button = event.kind is EventKind.BUTTON and event.text.startswith(ADVISER_CALLBACK)
        adviser_chat = self._dialogue.adviser_chat if is_adviser_command or is_adviser_button else None
        if adviser_chat is None:
            return event
        is_sole_adviser = event.private and event.chat_id == adviser_chat
        return replace(event, in_adviser_chat=is_sole_adviser or self._is_member(adviser_chat, event.user_id))

    def _with_captions(self, event: Event, chat: str) -> Event:
        """A message of an adviser's album with the texts of the others, once these have had time to come.

        Telegram delivers each message of an album by itself, and any of them may say that the album is a note.
        """
        if not event.album_id or event.kind is EventKind.EDITED or event.chat_id != self._dialogue.adviser_chat:
            return event
        if event.album_id != self._awaited_album:
            self._awaited_album = event.album_id
            raise UpdateIncomplete
        updates = [json.loads(body) for body in self._store.waiting_updates(chat)]
        others = [
            other for raw_update in updates if (other := self._parse_event(raw_update["update_id"], raw_update))
        ]
        return replace(event, captions=tuple(other.text for other in others if other.album_id == event.album_id))

    def _run_dialogue(self, event: Event) -> tuple[TurnContext, Turn]:
        state = State()
        try:
            state = self._store.load_state(event.state_key)
            context = TurnContext(self._dialogue, state, self._with_membership(event))
            if event.kind is EventKind.TEXT and event.addressed and not context.active_conversation:
                self._show_typing(event.chat_id)
            return context, self._dialogue.respond(context)
        except (StoreUnavailable, StoreGone):  # nothing is known of the person: it must not be overwritten
            raise
        except Exception:  # whatever goes wrong with one message, the person is told and the bot goes on
            log.exception("update %d could not be answered", event.update_id)
            context = TurnContext(self._dialogue, state, event)
            return context, context.say("failed")


def _is_well_formed(event: Event) -> bool:
    """Whether what identifies and words an event is of the kind that Telegram promises, and can be kept."""
    ids = (event.chat_id, event.user_id, event.message_id, event.reply_to or 0, event.thread_id)
    texts = (event.text, event.name, event.language_code, event.callback_id, event.html, event.album_id)
    return all(isinstance(value, int) and abs(value) < MAX_ID for value in ids) and all(
        isinstance(value, str) for value in texts
    )
