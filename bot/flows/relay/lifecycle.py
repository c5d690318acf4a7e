"""The end of a request: closing it, asking how it was, opening it again."""

from dataclasses import replace

from bot.domain.business_hours import answer_deadline
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, Button, RefreshCard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import REQUESTER_CALLBACK
from bot.flows.context import Services
from bot.flows.relay.messages import ADVISERS_TEMPLATES, message_to_advisers, message_to_requester, requester_button
from prompts.dates import format_date_and_time
from prompts.render import format_label, render_template

RATING_FACES = "😞🙁😐🙂😀"
MAX_COMMENT_LENGTH = 1_000  # characters


def close_request(state: State, request: Request, now: float, template: str) -> Turn:
    """Close a request, tell the person by this template, and ask how it was."""
    updated = replace(request, status=RequestStatus.CLOSED, talking=False, closed=now, remind_at=0.0)
    rating_row = tuple(
        Button(face, f"{REQUESTER_CALLBACK}rate:{request.reference}:{n}") for n, face in enumerate(RATING_FACES, 1)
    )
    html = render_template(template, request.lang, number=request.reference)
    notice = message_to_requester(request, html, (rating_row, (requester_button(request, "reopen"),)))
    return Turn(state, (notice, RefreshCard(request.reference), AnswerCallback()), (UpdateRequest(updated),))


def reopen_request(services: Services, state: State, request: Request) -> Turn:
    """Open a closed request again; the advisers are told, and a new date is promised."""
    if request.status is not RequestStatus.CLOSED:
        return Turn(state, (AnswerCallback(format_label("gone", request.lang)),))
    now = services.now()
    promised = answer_deadline(now, services.answer_days)
    updated = replace(
        request, status=RequestStatus.OPEN, taken_by=0, adviser="", turn=Party.ADVISER, since=now, promised=promised,
        told=0.0, reminded=0.0, warned=0.0, closed=0.0,
    )  # fmt: skip
    values = {
        "number": request.reference,
        "by": format_date_and_time(promised, request.lang),
        "talking": request.talking,
    }
    end_row = ((requester_button(request, "end"),),) if request.talking else ()
    notice = message_to_requester(request, render_template("request_reopened", request.lang, **values), end_row)
    adviser_notice = message_to_advisers(request, render_template("reopened", ADVISERS_TEMPLATES))
    return Turn(
        state, (notice, RefreshCard(request.reference), adviser_notice, AnswerCallback()), (UpdateRequest(updated),)
    )


def record_rating(state: State, request: Request, rating: str) -> Turn | None:
    """Keep how it was, and ask for a comment; the next message is it."""
    if rating not in set("12345") or request.status is not RequestStatus.CLOSED:
        return None
    html = render_template("rated", request.lang)
    return Turn(
        replace(state, rated=request.reference),
        (
            SendMessage(html, ((requester_button(request, "nothing"),),)),
            RefreshCard(request.reference),
            AnswerCallback(RATING_FACES[int(rating) - 1]),
        ),
        (UpdateRequest(replace(request, rating=int(rating))),),
    )


def abandons_comment(event: Event) -> bool:
    """Whether the person asks or does something else instead of commenting on their rating."""
    match event.kind:
        case EventKind.TEXT:
            return "?" in event.text
        case EventKind.BUTTON:
            return not event.text.startswith(REQUESTER_CALLBACK)
    return event.kind is EventKind.COMMAND


def record_comment(services: Services, state: State, event: Event) -> Turn | None:
    """Keep the comment; None where none is awaited."""
    request = services.store.find_request(state.rated) if state.rated else None
    if request is None or request.user_id != event.user_id:
        return None
    updated = replace(request, comment=event.text.strip()[:MAX_COMMENT_LENGTH])
    thanks = SendMessage(render_template("thanks_comment", request.lang))
    return Turn(replace(state, rated=""), (thanks, RefreshCard(request.reference)), (UpdateRequest(updated),))
