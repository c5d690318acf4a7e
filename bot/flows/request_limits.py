"""How much one person may ask of the advisers. What goes beyond is refused, with the ways that remain; what is open
stays open.

The limits follow from the person's requests in the store, so a restart does not lift them.
"""

from collections.abc import Iterable

from bot.domain.consultation import Request, Status
from bot.domain.event import Event
from bot.domain.message import Button, Keyboard, Say, Toast
from bot.domain.turn import State, Turn
from bot.flows.callback_data import ASIDE
from bot.flows.context import Parts
from prompts.render import label, render

MOST_OPEN = 3  # requests of one person at a time
MOST_NEW = 5  # requests of one person within a day
MOST_REOPENED = 3  # times within a day that one person opens requests again
DAY = 86_400.0  # seconds


def new_request(parts: Parts, state: State, event: Event) -> Turn | None:
    """The turn that refuses another request; None if the person may send one."""
    requests, lang = parts.store.requests_by(event.user_id), parts.lang(state, event)
    if len(running := _open(requests)) >= MOST_OPEN:
        return _refused(parts, state, lang, "open", running)
    if len(recent((request.created for request in requests), parts.now())) >= MOST_NEW:
        return _refused(parts, state, lang, "new")
    return None


def reopening(parts: Parts, state: State, request: Request) -> Turn | None:
    """The turn that refuses to open a closed request again; None if its person may."""
    requests = parts.store.requests_by(request.user_id)
    if len(running := _open(requests)) >= MOST_OPEN:
        return _refused(parts, state, request.lang, "open", running)
    times = (time for one in requests for time in one.reopened)
    if len(recent(times, parts.now())) >= MOST_REOPENED:
        return _refused(parts, state, request.lang, "reopened")
    return None


def recent(times: Iterable[float], now: float) -> tuple[float, ...]:
    """Those of the times (Unix) that lie within the last day."""
    return tuple(time for time in times if time > now - DAY)


def _open(requests: Iterable[Request]) -> list[str]:
    return [request.reference for request in requests if request.status is not Status.CLOSED]


def _refused(parts: Parts, state: State, lang: str, why: str, running: Iterable[str] = ()) -> Turn:
    values = {"why": why, "numbers": list(running), "contact": parts.contact, "desk": parts.desk is not None}
    html = render("request_limit", lang, form=state.form is not None, **values)
    return Turn(state, (Say(html, _withdrawals(running, lang)), Toast()))


def _withdrawals(running: Iterable[str], lang: str) -> Keyboard:
    words = label("person_withdraw", lang)
    return tuple((Button(f"{words}: {reference}", f"{ASIDE}withdraw:{reference}"),) for reference in running)
