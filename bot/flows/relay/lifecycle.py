"""The end of a request: closing it, asking how it was, opening it again."""

from dataclasses import replace

from bot.domain.business_hours import answer_by
from bot.domain.consultation import Request, Side, Status
from bot.domain.effects import ChangeRequest
from bot.domain.event import Event, Kind
from bot.domain.message import Button, Say, Toast, Update
from bot.domain.turn import State, Turn
from bot.flows.callback_data import ASIDE
from bot.flows.context import Parts
from bot.flows.relay.messages import ROOM, person_button, to_desk, to_person
from prompts.dates import spoken
from prompts.render import label, render

FACES = "😞🙁😐🙂😀"
MAX_COMMENT = 1_000  # characters


def closed(state: State, request: Request, now: float, template: str) -> Turn:
    """Close a request, tell the person by this template, and ask how it was."""
    fresh = replace(request, status=Status.CLOSED, talking=False, closed=now, remind_at=0.0)
    faces = tuple(Button(face, f"{ASIDE}rate:{request.reference}:{n}") for n, face in enumerate(FACES, 1))
    html = render(template, request.lang, number=request.reference)
    told = to_person(request, html, (faces, (person_button(request, "reopen"),)))
    return Turn(state, (told, Update(request.reference), Toast()), (ChangeRequest(fresh),))


def reopened(parts: Parts, state: State, request: Request) -> Turn:
    """Open a closed request again; the advisers are told, and a new date is promised."""
    if request.status is not Status.CLOSED:
        return Turn(state, (Toast(label("gone", request.lang)),))
    now = parts.now()
    promised = answer_by(now, parts.answer_days)
    fresh = replace(
        request, status=Status.OPEN, taken_by=0, adviser="", turn=Side.ADVISER, since=now, promised=promised,
        told=0.0, reminded=0.0, warned=0.0, closed=0.0,
    )  # fmt: skip
    values = {"number": request.reference, "by": spoken(promised, request.lang), "talking": request.talking}
    end = ((person_button(request, "end"),),) if request.talking else ()
    told = to_person(request, render("request_reopened", request.lang, **values), end)
    desk = to_desk(request, render("reopened", ROOM))
    return Turn(state, (told, Update(request.reference), desk, Toast()), (ChangeRequest(fresh),))


def rated(state: State, request: Request, value: str) -> Turn | None:
    """Keep how it was, and ask for a comment; the next message is it."""
    if value not in set("12345") or request.status is not Status.CLOSED:
        return None
    html = render("rated", request.lang)
    return Turn(
        replace(state, rated=request.reference),
        (Say(html, ((person_button(request, "nothing"),),)), Update(request.reference), Toast(FACES[int(value) - 1])),
        (ChangeRequest(replace(request, rating=int(value))),),
    )


def turns_elsewhere(event: Event) -> bool:
    """Whether the person asks or does something else instead of commenting on their rating."""
    match event.kind:
        case Kind.TEXT:
            return "?" in event.text
        case Kind.BUTTON:
            return not event.text.startswith(ASIDE)
    return event.kind is Kind.COMMAND


def commented(parts: Parts, state: State, event: Event) -> Turn | None:
    """Keep the comment; None where none is awaited."""
    request = parts.store.request(state.rated) if state.rated else None
    if request is None or request.user_id != event.user_id:
        return None
    fresh = replace(request, comment=event.text.strip()[:MAX_COMMENT])
    thanks = Say(render("thanks_comment", request.lang))
    return Turn(replace(state, rated=""), (thanks, Update(request.reference)), (ChangeRequest(fresh),))
