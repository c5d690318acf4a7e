"""What advisers are told of a request that was deleted: by the person, or because its time was over."""

from collections.abc import Sequence

from bot.domain.event import Event, Kind
from bot.domain.message import Say
from bot.domain.turn import State, Turn
from bot.flows.context import Parts
from bot.flows.relay.messages import ROOM
from bot.store.protocol import Origin, Why
from prompts.render import label, render

_SUPERGROUP = "-100"  # begins the id of a chat whose messages have links


def answered(parts: Parts, state: State, event: Event, note: str) -> Turn | None:
    """Who writes about a deleted request is told that nobody gets it; None where there was no such request."""
    reference = parts.store.erased(event.chat_id, event.thread_id, event.reply_to)
    if reference is None:
        return None
    if event.text.startswith(note) or event.kind is Kind.EDITED:
        return Turn(state)
    return Turn(state, (Say(render("erased_answered", ROOM, number=reference), reply_to=event.message_id),))


def notice(reference: str, why: Why, left: Sequence[Origin], *, whole: bool) -> str:
    """That a request is deleted, and what is left to the advisers to delete by hand; in Telegram HTML."""
    return render("erased", ROOM, number=reference, why=why.value, whole=whole, links=[_link(one) for one in left])


def emptied() -> str:
    """What stands in a message that cannot be deleted."""
    return label("emptied", ROOM)


def title(reference: str) -> str:
    """The name of a topic that cannot be deleted."""
    return label("erased_title", ROOM, number=reference)


def _link(message: Origin) -> str:
    """The address of a message; "" where Telegram has none."""
    chat, number = message
    text = str(chat)
    return f"https://t.me/c/{text.removeprefix(_SUPERGROUP)}/{number}" if text.startswith(_SUPERGROUP) else ""
