"""What is said and offered to either side of a request."""

from collections.abc import Sequence

from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.message import Button, Keyboard, SendMessage
from bot.flows.callback_data import ADVISER_CALLBACK, REQUESTER_CALLBACK
from bot.store.protocol import TranscriptLine
from prompts.dates import format_date_and_time
from prompts.render import format_label, render_template

ADVISERS_TEMPLATES, ADVISERS_LANG = "advisers", "de"  # the folder of what advisers read, and their language
MAX_TITLE_LENGTH = 128  # characters of a topic's name; Bot API, createForumTopic
STATUS_MARKS = {RequestStatus.OPEN: "🆕", RequestStatus.TAKEN: "💬", RequestStatus.CLOSED: "✅"}
STATUS_ACTIONS = {
    RequestStatus.OPEN: (("take",), ("suggest", "close")),
    RequestStatus.TAKEN: (("suggest", "close"), ("remind", "release")),
    RequestStatus.CLOSED: (("reopen",),),
}


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


def render_card(request: Request, *, in_thread: bool = True) -> str:
    """The card, in Telegram HTML; with ``thread`` it says how the person is answered beneath it."""
    return render_template(
        "card",
        ADVISERS_TEMPLATES,
        thread=in_thread,
        request=request,
        details=request.details,
        brief=request.brief,
        state=format_label(f"status_{request.status}", ADVISERS_TEMPLATES),
        created=format_date_and_time(request.created, ADVISERS_LANG),
        promised=format_date_and_time(request.promised, ADVISERS_LANG) if request.promised else "",
        waits=request.turn is Party.ADVISER and request.status is not RequestStatus.CLOSED,
        since=format_date_and_time(request.since, ADVISERS_LANG),
    )


def build_card_keyboard(request: Request) -> Keyboard:
    """What an adviser can do with the request now."""
    return tuple(tuple(adviser_button(request, action) for action in row) for row in STATUS_ACTIONS[request.status])


def format_topic_title(request: Request) -> str:
    """The name of the request's topic, with its state."""
    requester = request.details.organisation or request.name
    return f"{STATUS_MARKS[request.status]} {request.reference} {' '.join(requester.split())}"[:MAX_TITLE_LENGTH]


def render_transcript(request: Request, lines: Sequence[TranscriptLine]) -> str:
    """The request and what was said about it, for the e-mail, in Telegram HTML."""
    return "\n\n".join((render_card(request, in_thread=False), *([render_history(lines)] if lines else ())))


def render_history(lines: Sequence[TranscriptLine]) -> str:
    """What was said before the thread had to be opened anew."""
    rows = [
        (
            format_label(f"side_{line.side}", ADVISERS_TEMPLATES),
            line.text,
            format_date_and_time(line.created, ADVISERS_LANG),
        )
        for line in lines
    ]
    return render_template("history", ADVISERS_TEMPLATES, lines=rows)
