"""What is said and offered to either side of a request."""

from bot.domain.consultation import Request
from bot.domain.message import Button, Keyboard, Say
from bot.flows.callback_data import ASIDE, DESK
from prompts.render import label

ROOM, LANG = "advisers", "de"  # the folder of what advisers read, and their language


def to_person(request: Request, html: str, keyboard: Keyboard = ()) -> Say:
    """A message to the person; a reply to it belongs to the request."""
    return Say(html, keyboard, chat_id=request.chat_id, request=request.reference)


def to_desk(request: Request, html: str, keyboard: Keyboard = ()) -> Say:
    """A message into the request's thread at the advisers."""
    return Say(html, keyboard, request=request.reference, desk=True)


def person_button(request: Request, action: str) -> Button:
    """One of the person's own buttons about their request."""
    return Button(label(f"person_{action}", request.lang), f"{ASIDE}{action}:{request.reference}")


def desk_button(request: Request, action: str) -> Button:
    """One of the advisers' buttons about a request."""
    return Button(label(action, ROOM), f"{DESK}{action}:{request.reference}")
