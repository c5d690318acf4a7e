"""What advisers are told of a request that was deleted: by the person, or because its time was over."""

from collections.abc import Sequence

from bot.domain.event import Event, EventKind
from bot.domain.message import SendMessage
from bot.domain.turn import State, Turn
from bot.flows.context import Services
from bot.flows.relay.messages import ADVISERS_TEMPLATES
from bot.store.protocol import ErasureReason, SourceMessage
from prompts.render import format_label, render_template

_SUPERGROUP_PREFIX = "-100"  # begins the id of a chat whose messages have links


def answer_erased_request(services: Services, state: State, event: Event, note_prefix: str) -> Turn | None:
    """Who writes about a deleted request is told that nobody gets it; None where there was no such request."""
    reference = services.store.find_erased_request(event.chat_id, event.thread_id, event.reply_to)
    if reference is None:
        return None
    if event.text.startswith(note_prefix) or event.kind is EventKind.EDITED:
        return Turn(state)
    return Turn(
        state,
        (
            SendMessage(
                render_template("erased_answered", ADVISERS_TEMPLATES, number=reference), reply_to=event.message_id
            ),
        ),
    )


def erasure_notice(
    reference: str, reason: ErasureReason, remaining: Sequence[SourceMessage], *, topic_deleted: bool
) -> str:
    """That a request is deleted, and what is left to the advisers to delete by hand; in Telegram HTML."""
    return render_template(
        "erased",
        ADVISERS_TEMPLATES,
        number=reference,
        why=reason.value,
        whole=topic_deleted,
        links=[_message_link(message) for message in remaining],
    )


def emptied_text() -> str:
    """What stands in a message that cannot be deleted."""
    return format_label("emptied", ADVISERS_TEMPLATES)


def erased_title(reference: str) -> str:
    """The name of a topic that cannot be deleted."""
    return format_label("erased_title", ADVISERS_TEMPLATES, number=reference)


def _message_link(message: SourceMessage) -> str:
    """The address of a message; "" where Telegram has none."""
    chat, number = message
    text = str(chat)
    return (
        f"https://t.me/c/{text.removeprefix(_SUPERGROUP_PREFIX)}/{number}"
        if text.startswith(_SUPERGROUP_PREFIX)
        else ""
    )
