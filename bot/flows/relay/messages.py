"""Messages and buttons for both sides of a request, and its card, topic title and transcript for advisers."""

from collections.abc import Sequence

from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.message import Button, Keyboard, RetireButtons, SendMessage
from bot.flows.callback_data import ADVISER_CALLBACK, REQUESTER_CALLBACK
from bot.store.records import TranscriptLine
from prompts.dates import format_date_and_time
from prompts.render import format_label, render_template

ADVISERS_TEMPLATES, ADVISERS_LANG = "advisers", "de"  # folder of the advisers' templates, and their language
MAX_TITLE_LENGTH = 128  # characters of a topic's name; Bot API, createForumTopic
STATUS_MARKS = {RequestStatus.OPEN: "🆕", RequestStatus.TAKEN: "💬", RequestStatus.CLOSED: "✅"}
WITHDRAWN_MARK = "↩️"
PRIVATE_MARK = "🔒"
STATUS_ACTIONS = {
    RequestStatus.OPEN: (("take",), ("suggest", "note_on"), ("give", "close")),
    RequestStatus.TAKEN: (("suggest", "note_on"), ("remind", "give"), ("release", "close")),
    RequestStatus.CLOSED: (("reopen",),),
}


def message_to_requester(
    request: Request, template: str, keyboard: Keyboard = (), /, **values: object
) -> SendMessage:
    """Return a message to the requester; ``values`` are the template's variables besides the request's number."""
    html = render_template(template, request.lang, number=request.reference, **values)
    return SendMessage(html, keyboard, chat_id=request.chat_id, reference=request.reference)


def message_to_advisers(request: Request, template: str, keyboard: Keyboard = (), /, **values: object) -> SendMessage:
    """Return a message to the request's thread in the advisers' chat; ``values`` are the template's variables."""
    html = render_advisers(template, **values)
    return SendMessage(html, keyboard, reference=request.reference, to_advisers=True)


def retire_suggestions(request: Request) -> tuple[RetireButtons, ...]:
    """Return what takes the buttons from the answers suggested for a request; nothing if there are none."""
    html = render_advisers("suggestions_old")
    return (RetireButtons(request.reference, request.suggestions, html),) if request.suggestions else ()


def render_advisers(template: str, /, **values: object) -> str:
    """Return a text for the advisers, in Telegram HTML."""
    return render_template(template, ADVISERS_TEMPLATES, **values)


def advisers_label(key: str, /, **values: object) -> str:
    """Return a short plain text for the advisers."""
    return format_label(key, ADVISERS_TEMPLATES, **values)


def requester_row(request: Request, action: str) -> tuple[Button, ...]:
    """Return a row with one of the requester's buttons about a request."""
    label = format_label(f"person_{action}", request.lang)
    return (Button(label, f"{REQUESTER_CALLBACK}{action}:{request.reference}"),)


def adviser_button(request: Request, action: str, value: str = "") -> Button:
    """Return one of the advisers' buttons about a request."""
    data = f"{ADVISER_CALLBACK}{action}:{request.reference}"
    return Button(advisers_label(action), f"{data}:{value}" if value else data)


def render_card(request: Request, *, in_thread: bool = True) -> str:
    """Return the card of a request, in Telegram HTML; ``in_thread`` adds how to answer the requester below it."""
    return render_advisers(
        "card",
        thread=in_thread,
        request=request,
        details=request.details,
        brief=request.brief,
        state=advisers_label("status_withdrawn" if request.withdrawn else f"status_{request.status}"),
        created=format_date_and_time(request.created, ADVISERS_LANG),
        promised=format_date_and_time(request.promised, ADVISERS_LANG) if request.promised else "",
        waits=request.turn is Party.ADVISER and request.status is not RequestStatus.CLOSED,
        since=format_date_and_time(request.since, ADVISERS_LANG),
        reminded=format_date_and_time(request.last_reminder, ADVISERS_LANG) if request.last_reminder else "",
        blocked=format_date_and_time(request.blocked, ADVISERS_LANG) if request.blocked else "",
        reminds=format_date_and_time(request.remind_at, ADVISERS_LANG) if request.remind_at else "",
    )


def build_card_keyboard(request: Request) -> Keyboard:
    """Return the buttons for the actions that a request's status allows."""
    if request.withdrawn:
        return ()
    switched = {"note_on": "note_off"} if request.private_notes else {}
    switched |= {"remind": "unremind"} if request.remind_at else {}
    rows = STATUS_ACTIONS[request.status]
    return tuple(tuple(adviser_button(request, switched.get(action, action)) for action in row) for row in rows)


def format_topic_title(request: Request) -> str:
    """Return the name of a request's topic, with a mark of its status."""
    requester = request.details.organisation or request.name
    mark = STATUS_MARKS[request.status]
    if request.withdrawn or request.private_notes:
        mark = WITHDRAWN_MARK if request.withdrawn else PRIVATE_MARK
    return f"{mark} {request.reference} {' '.join(requester.split())}"[:MAX_TITLE_LENGTH]


def render_transcript(request: Request, lines: Sequence[TranscriptLine]) -> str:
    """Return a request with its transcript for the e-mail, in Telegram HTML."""
    return "\n\n".join((render_card(request, in_thread=False), *([render_history(lines)] if lines else ())))


def render_history(lines: Sequence[TranscriptLine]) -> str:
    """Return a transcript, in Telegram HTML."""
    rows = [
        (advisers_label(f"side_{line.side}"), line.text, format_date_and_time(line.created, ADVISERS_LANG))
        for line in lines
    ]
    return render_advisers("history", lines=rows)
