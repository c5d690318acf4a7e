"""What is said and offered to either side of a request."""

from bot.domain.consultation import Request
from bot.domain.message import Button, Keyboard, SendMessage
from bot.flows.callback_data import ADVISER_CALLBACK, REQUESTER_CALLBACK
from prompts.render import format_label

ADVISERS_TEMPLATES, ADVISERS_LANG = "advisers", "de"  # the folder of what advisers read, and their language


def message_to_requester(request: Request, html: str, keyboard: Keyboard = ()) -> SendMessage:
    """A message to the person; a reply to it belongs to the request."""
    return SendMessage(html, keyboard, chat_id=request.chat_id, reference=request.reference)


def message_to_advisers(request: Request, html: str, keyboard: Keyboard = ()) -> SendMessage:
    """A message into the request's thread at the advisers."""
    return SendMessage(html, keyboard, reference=request.reference, to_advisers=True)


def requester_button(request: Request, action: str) -> Button:
    """One of the person's own buttons about their request."""
    return Button(format_label(f"person_{action}", request.lang), f"{REQUESTER_CALLBACK}{action}:{request.reference}")


def adviser_button(request: Request, action: str) -> Button:
    """One of the advisers' buttons about a request."""
    return Button(format_label(action, ADVISERS_TEMPLATES), f"{ADVISER_CALLBACK}{action}:{request.reference}")
