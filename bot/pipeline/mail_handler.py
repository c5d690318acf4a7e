"""Handle one e-mail about a request: the outcome is saved in one transaction that also marks it as done."""

import logging
from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

from bot.domain.mail_answer import MailAnswer
from bot.errors import StoreConflict
from bot.flows.context import Services
from bot.flows.relay.mail_answers import take_mail_answer
from bot.pipeline.api_calls import calls_without_event, route_to_desks

log = logging.getLogger(__name__)
MAIL_KEY = "mail"  # of an update that is an e-mail
MAIL_ADAPTER: TypeAdapter[MailAnswer] = TypeAdapter(MailAnswer)
MAX_CONFLICTS = 10


def handle_mail(
    services: Services, wake_outbox: Callable[[], object], update_id: int, update: dict[str, Any]
) -> None:
    """Handle an update that is an e-mail. Raises StoreError, with nothing changed."""
    answer = MAIL_ADAPTER.validate_python(update[MAIL_KEY], strict=False)
    for _ in range(MAX_CONFLICTS):
        turn = take_mail_answer(services, answer)
        calls = route_to_desks(services, calls_without_event(turn.messages, services.adviser_chat))
        try:
            if services.store.finish_update(update_id, None, None, calls, turn.effects):
                wake_outbox()
            return
        except StoreConflict:  # the request changed in the meantime: decide again on its current state
            log.info("an e-mail is decided again")
    raise StoreConflict(f"an e-mail conflicted {MAX_CONFLICTS} times")  # the inbox tries again later
