"""The end of a request: closing it, asking how it was, opening it again."""

from dataclasses import replace

from bot.consultation import Request, Side, Status
from bot.flows.card import ROOM
from bot.flows.parts import Parts
from bot.hours import answer_by, spoken
from bot.model import Button, ChangeRequest, Event, Say, State, Toast, Turn, Update
from prompts.render import label, render

ASIDE = "h:"  # callback data of the person's own buttons: h:<action>:<reference>[:<value>]
FACES = "😞🙁😐🙂😀"
MAX_COMMENT = 1_000  # characters


def closed(state: State, request: Request, now: float, template: str) -> Turn:
    """Close a request, tell the person by this template, and ask how it was."""
    fresh = replace(request, status=Status.CLOSED, talking=False, closed=now, remind_at=0.0)
    faces = tuple(Button(face, f"{ASIDE}rate:{request.reference}:{n}") for n, face in enumerate(FACES, 1))
    again = Button(label("person_reopen", request.lang), f"{ASIDE}reopen:{request.reference}")
    html = render(template, request.lang, number=request.reference)
    told = Say(html, (faces, (again,)), chat_id=request.chat_id, request=request.reference)
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
    by = spoken(promised, request.lang)
    told = Say(
        render("request_reopened", request.lang, number=request.reference, by=by),
        chat_id=request.chat_id,
        request=request.reference,
    )
    desk = Say(render("reopened", ROOM), request=request.reference, desk=True)
    return Turn(state, (told, Update(request.reference), desk, Toast()), (ChangeRequest(fresh),))


def rated(state: State, event: Event, request: Request, value: str) -> Turn | None:
    """Keep how it was, and ask for a comment; the next message is it."""
    if value not in set("12345") or request.status is not Status.CLOSED:
        return None
    html = render("rated", request.lang)
    none = Button(label("no_comment", request.lang), f"{ASIDE}nothing:{request.reference}")
    return Turn(
        replace(state, rated=request.reference),
        (Say(html, ((none,),)), Update(request.reference), Toast(FACES[int(value) - 1])),
        (ChangeRequest(replace(request, rating=int(value))),),
    )


def commented(parts: Parts, state: State, event: Event) -> Turn | None:
    """Keep the comment; None where none is awaited."""
    request = parts.store.request(state.rated) if state.rated else None
    if request is None or request.user_id != event.user_id:
        return None
    fresh = replace(request, comment=event.text.strip()[:MAX_COMMENT])
    thanks = Say(render("thanks_comment", request.lang))
    return Turn(replace(state, rated=""), (thanks, Update(request.reference)), (ChangeRequest(fresh),))
