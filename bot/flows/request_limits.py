"""How much one person may ask of the advisers. What goes beyond is refused, with the ways that remain; what is open
stays open.

The limits follow from the person's requests in the store, so a restart does not lift them.
"""

from collections.abc import Iterable

from bot.domain.consultation import Request, RequestStatus
from bot.domain.event import Event
from bot.domain.message import AnswerCallback, Button, Keyboard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import REQUESTER_CALLBACK
from bot.flows.context import Services
from prompts.render import format_label, render_template

MAX_OPEN_REQUESTS = 3  # requests of one person at a time
MAX_NEW_REQUESTS = 5  # requests of one person within a day
MAX_REOPENINGS = 3  # times within a day that one person opens requests again
DAY = 86_400.0  # seconds


def refuse_new_request(services: Services, state: State, event: Event) -> Turn | None:
    """The turn that refuses another request; None if the person may send one."""
    requests, lang = services.store.requests_by_user(event.user_id), services.lang(state, event)
    if len(open_references := _list_open_references(requests)) >= MAX_OPEN_REQUESTS:
        return _build_refusal(services, state, lang, "open", open_references)
    if len(within_last_day((request.created for request in requests), services.now())) >= MAX_NEW_REQUESTS:
        return _build_refusal(services, state, lang, "new")
    return None


def refuse_reopening(services: Services, state: State, request: Request) -> Turn | None:
    """The turn that refuses to open a closed request again; None if its person may."""
    requests = services.store.requests_by_user(request.user_id)
    if len(open_references := _list_open_references(requests)) >= MAX_OPEN_REQUESTS:
        return _build_refusal(services, state, request.lang, "open", open_references)
    times = (time for other in requests for time in other.reopened)
    if len(within_last_day(times, services.now())) >= MAX_REOPENINGS:
        return _build_refusal(services, state, request.lang, "reopened")
    return None


def within_last_day(times: Iterable[float], now: float) -> tuple[float, ...]:
    """Those of the times (Unix) that lie within the last day."""
    return tuple(time for time in times if time > now - DAY)


def _list_open_references(requests: Iterable[Request]) -> list[str]:
    return [request.reference for request in requests if request.status is not RequestStatus.CLOSED]


def _build_refusal(
    services: Services, state: State, lang: str, limit: str, open_references: Iterable[str] = ()
) -> Turn:
    values = {
        "why": limit,
        "numbers": list(open_references),
        "contact": services.contact,
        "desk": services.adviser_chat is not None,
    }
    html = render_template("request_limit", lang, form=state.form is not None, **values)
    return Turn(state, (SendMessage(html, _withdraw_buttons(open_references, lang)), AnswerCallback()))


def _withdraw_buttons(open_references: Iterable[str], lang: str) -> Keyboard:
    button_label = format_label("person_withdraw", lang)
    return tuple(
        (Button(f"{button_label}: {reference}", f"{REQUESTER_CALLBACK}withdraw:{reference}"),)
        for reference in open_references
    )
