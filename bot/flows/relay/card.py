"""What advisers see of a request: the card at the top of its thread, its buttons and the topic's title."""

from collections.abc import Sequence

from bot.domain.consultation import Request, Side, Status
from bot.domain.message import Keyboard
from bot.flows.relay.messages import LANG, ROOM, desk_button
from bot.store.protocol import Line
from prompts.dates import spoken
from prompts.render import label, render

TITLE = 128  # characters of a topic's name; Bot API, createForumTopic
MARKS = {Status.OPEN: "🆕", Status.TAKEN: "💬", Status.CLOSED: "✅"}
ACTIONS = {
    Status.OPEN: (("take",), ("suggest", "close")),
    Status.TAKEN: (("suggest", "close"), ("remind", "release")),
    Status.CLOSED: (("reopen",),),
}


def html(request: Request, *, thread: bool = True) -> str:
    """The card, in Telegram HTML; with ``thread`` it says how the person is answered beneath it."""
    return render(
        "card",
        ROOM,
        thread=thread,
        request=request,
        details=request.details,
        brief=request.brief,
        state=label(f"status_{request.status}", ROOM),
        created=spoken(request.created, LANG),
        promised=spoken(request.promised, LANG) if request.promised else "",
        waits=request.turn is Side.ADVISER and request.status is not Status.CLOSED,
        since=spoken(request.since, LANG),
    )


def keyboard(request: Request) -> Keyboard:
    """What an adviser can do with the request now."""
    return tuple(tuple(desk_button(request, action) for action in row) for row in ACTIONS[request.status])


def title(request: Request) -> str:
    """The name of the request's topic, with its state."""
    who = request.details.organisation or request.name
    return f"{MARKS[request.status]} {request.reference} {' '.join(who.split())}"[:TITLE]


def transcript(request: Request, lines: Sequence[Line]) -> str:
    """The request and what was said about it, for the e-mail, in Telegram HTML."""
    return "\n\n".join((html(request, thread=False), *([history(lines)] if lines else ())))


def history(lines: Sequence[Line]) -> str:
    """What was said before the thread had to be opened anew."""
    told = [(label(f"side_{line.side}", ROOM), line.text, spoken(line.created, LANG)) for line in lines]
    return render("history", ROOM, lines=told)
