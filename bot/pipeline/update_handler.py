"""One update from end to end: parse, converse, and write the outcome down in one transaction."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from telegram import Bot, Update, User

from bot.domain.commands import ADVISERS
from bot.domain.event import Event, Kind
from bot.domain.message import Say
from bot.domain.turn import Observe, Observed, State, Turn, unobserved
from bot.errors import Conflict, StoreError, StoreGone, StoreUnavailable
from bot.flows.callback_data import DESK
from bot.flows.dialogue import Dialogue
from bot.flows.inline_query import Offer, offer
from bot.flows.relay.requester import talking
from bot.pipeline.api_calls import to_calls
from bot.pipeline.inbox import Incomplete
from bot.store.protocol import Store
from bot.telegram.update_parser import chat_key, to_event
from prompts.render import render

log = logging.getLogger(__name__)
MOST_CONFLICTS = 10
MOST_ID = 2**63  # SQLite's integers; Telegram's ids have 52 bits


class Turns:
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
        me: User,
        wake: Callable[[], None],
        typing: Callable[[int], None],
        offering: Callable[[str, Offer], None],
        is_member: Callable[[int, int], bool],
        observe: Observe = unobserved,
    ) -> None:
        self._dialogue, self._store, self._bot, self._me = dialogue, store, bot, me
        self._observe = observe
        self._album = ""  # of the advisers that was waited for last
        self._wake, self._typing, self._offering, self._is_member = wake, typing, offering, is_member

    def handle(self, update_id: int, raw: dict[str, Any]) -> None:
        """Handle one update; what goes wrong is answered with an apology and logged without its text.

        Raises StoreError where the store cannot be used, Incomplete where it is to be handled a moment later; an
        update that cannot be handled otherwise is given up.
        """
        try:
            self._handle(update_id, raw)
        except (StoreError, Incomplete):
            raise
        except Exception:  # it would fail again each time, and hold up what comes after it
            log.exception("update %d is given up", update_id)
            self._store.finish(update_id, None, None, (), ())

    def _handle(self, update_id: int, raw: dict[str, Any]) -> None:
        event = self._event(update_id, raw)
        if event is None:
            self._store.finish(update_id, None, None, (), ())
            return
        if event.kind is Kind.INLINE:
            self._offer(event)
            return
        event = self._with_captions(event, chat_key(raw))
        if event.kind is Kind.TEXT and event.addressed and not talking(self._dialogue, event):
            self._typing(event.chat_id)
        for _ in range(MOST_CONFLICTS):
            began = time.perf_counter()
            turn = self._turn(event)
            took = (time.perf_counter() - began) * 1000
            calls = to_calls(turn.messages, event, self._dialogue.desk)
            try:
                if self._store.finish(update_id, event, turn.state, calls, turn.effects):
                    seen = Observed(
                        event.user_id, turn.decided, took, update_id, event.chat_id, event.kind, len(calls)
                    )
                    self._observe(seen)
                    self._wake()
                return
            except Conflict:  # somebody else changed the request in this moment: decide again on what is true now
                log.info("update %d is decided again", update_id)
            except (StoreUnavailable, StoreGone):  # the inbox tries again
                raise
            except StoreError as error:
                log.error("the outcome of update %d is refused: %s", update_id, error)
                sorry = self._apology(State(), event).messages
                self._store.finish(update_id, event, None, to_calls(sorry, event, self._dialogue.desk), ())
                self._wake()
                return
        raise Conflict(f"update {update_id} came to no decision")  # it is tried again later

    def _offer(self, event: Event) -> None:
        """Answer an inline query past the outbox, since an answer that waits is worthless; nothing of it is kept."""
        try:
            made = offer(self._dialogue, self._store.state(event.key), event)
        except Exception:  # the person is at the keyboard: the next letter asks again
            log.exception("update %d could not be answered", event.update_id)
        else:
            self._offering(event.callback_id, made)
        self._store.finish(event.update_id, None, None, (), ())

    def _event(self, update_id: int, raw: dict[str, Any]) -> Event | None:
        try:
            event = to_event(Update.de_json(raw, self._bot), self._me)
            return event if event is None or _is_well_formed(event) else None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.error("update %d is of no form we know: %s", update_id, type(error).__name__)
            return None

    def _with_membership(self, event: Event) -> Event:
        """Ask Telegram whether the person is an adviser now, where it matters."""
        desk = self._dialogue.desk
        command = event.kind is Kind.COMMAND and event.command in ADVISERS
        tap = event.kind is Kind.BUTTON and event.text.startswith(DESK)
        if desk is None or not (command or tap):
            return event
        alone = event.private and event.chat_id == desk
        return replace(event, member=alone or self._is_member(desk, event.user_id))

    def _with_captions(self, event: Event, chat: str) -> Event:
        """A message of an adviser's album with the texts of the others, once these have had time to come.

        Telegram delivers each message of an album by itself, and any of them may say that the album is a note.
        """
        if not event.album or event.kind is Kind.EDITED or event.chat_id != self._dialogue.desk:
            return event
        if event.album != self._album:
            self._album = event.album
            raise Incomplete
        updates = [json.loads(body) for body in self._store.waiting_updates(chat)]
        others = [other for raw in updates if (other := self._event(raw["update_id"], raw))]
        return replace(event, captions=tuple(other.text for other in others if other.album == event.album))

    def _turn(self, event: Event) -> Turn:
        state = State()
        try:
            state = self._store.state(event.key)
            return self._dialogue.handle(state, self._with_membership(event))
        except (StoreUnavailable, StoreGone):  # nothing is known of the person: it must not be overwritten
            raise
        except Exception:  # whatever goes wrong with one message, the person is told and the bot goes on
            log.exception("update %d could not be answered", event.update_id)
            return self._apology(state, event)

    def _apology(self, state: State, event: Event) -> Turn:
        return Turn(state, (Say(render("failed", self._dialogue.lang(state, event))),))


def _is_well_formed(event: Event) -> bool:
    """Whether what identifies and words an event is of the kind that Telegram promises, and can be kept."""
    ids = (event.chat_id, event.user_id, event.message_id, event.reply_to or 0, event.thread_id)
    words = (event.text, event.name, event.language_code, event.callback_id, event.html, event.album)
    return all(isinstance(one, int) and abs(one) < MOST_ID for one in ids) and all(
        isinstance(one, str) for one in words
    )
