"""One update from end to end: parse, converse, and write the outcome down in one transaction."""

import logging
from collections.abc import Callable
from typing import Any

from telegram import Bot, Update, User

from bot.flows.dialogue import Dialogue
from bot.handlers.incoming import to_event
from bot.handlers.outgoing import to_calls
from bot.model import Event, Kind, Say, State, Turn
from bot.store.protocol import Store
from prompts.render import render

log = logging.getLogger(__name__)


class Turns:
    """Handles raw updates. ``wake`` is called when something is to be sent, ``typing`` before a look-up.

    Both are called from the thread that handles the update.
    """

    def __init__(
        self,
        dialogue: Dialogue,
        store: Store,
        bot: Bot,
        me: User,
        wake: Callable[[], None],
        typing: Callable[[int], None],
    ) -> None:
        self._dialogue, self._store, self._bot, self._me = dialogue, store, bot, me
        self._wake, self._typing = wake, typing

    def handle(self, update_id: int, raw: dict[str, Any]) -> None:
        """Handle one update; what goes wrong is answered with an apology and logged without its text."""
        event = self._event(update_id, raw)
        if event is None:
            self._store.finish(update_id, None, None, (), ())
            return
        if event.kind is Kind.TEXT:
            self._typing(event.chat_id)
        turn = self._turn(event)
        if self._store.finish(update_id, event, turn.state, to_calls(turn.messages, event), turn.effects):
            self._wake()

    def _event(self, update_id: int, raw: dict[str, Any]) -> Event | None:
        try:
            return to_event(Update.de_json(raw, self._bot), self._me)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.error("update %d is of no form we know: %s", update_id, type(error).__name__)
            return None

    def _turn(self, event: Event) -> Turn:
        state = State()
        try:
            state = self._store.state(event.key)
            return self._dialogue.handle(state, event)
        except Exception:  # whatever goes wrong with one message, the person is told and the bot goes on
            log.exception("update %d could not be answered", event.update_id)
            return Turn(state, (Say(render("failed", self._dialogue.lang(state, event))),))
