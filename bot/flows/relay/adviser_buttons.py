"""The buttons of advisers: on the card of a request, and under what follows from it."""

from collections.abc import Callable
from dataclasses import replace

from bot.domain.business_hours import next_opening
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import AppendTranscript, UpdateRequest
from bot.domain.event import Event
from bot.domain.message import AnswerCallback, Button, RefreshCard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import ADVISER_CALLBACK, fits_button
from bot.flows.context import Services
from bot.flows.relay import lifecycle
from bot.flows.relay.adviser import assign_adviser
from bot.flows.relay.messages import (
    ADVISERS_LANG,
    ADVISERS_TEMPLATES,
    message_to_advisers,
    message_to_requester,
    requester_button,
)
from prompts.dates import format_date_and_time
from prompts.render import format_label, render_template

MAX_SUGGESTIONS = 3
AdviserAction = Callable[[Services, State, Event, Request, str], Turn]


def handle_adviser_callback(services: Services, state: State, event: Event, data: str) -> Turn | None:
    """An adviser's tap; None where the button does not exist, or is not theirs."""
    action, _, data = data.partition(":")
    reference, _, value = data.partition(":")
    request = services.store.find_request(reference)
    if action not in ADVISER_ACTIONS or event.chat_id != services.adviser_chat:
        return None
    if request is None:
        return Turn(state, (AnswerCallback(format_label("erased", ADVISERS_TEMPLATES)),))
    if not services.advisers.includes(event):
        return Turn(state, (AnswerCallback(format_label("advisers_only", ADVISERS_TEMPLATES)),))
    return ADVISER_ACTIONS[action](services, state, event, request, value)


def _take_request(services: Services, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is not RequestStatus.OPEN:
        return Turn(
            state,
            (AnswerCallback(format_label("taken_already", ADVISERS_TEMPLATES, adviser=request.adviser or "—")),),
        )
    notice = render_template("request_taken", request.lang, adviser=event.name, number=request.reference)
    return _update_request(state, assign_adviser(request, event), message_to_requester(request, notice))


def _release_request(services: Services, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is not RequestStatus.TAKEN:
        return Turn(state, (AnswerCallback(format_label("gone", ADVISERS_TEMPLATES)),))
    released = replace(request, status=RequestStatus.OPEN, taken_by=0, adviser="")
    notices: tuple[SendMessage, ...] = ()
    if request.talking:  # the conversation goes on with whoever takes it next
        html = render_template("request_released", request.lang, adviser=event.name, number=request.reference)
        notices = (message_to_requester(request, html, ((requester_button(request, "end"),),)),)
    return _update_request(
        state,
        released,
        *notices,
        message_to_advisers(request, render_template("released", ADVISERS_TEMPLATES, adviser=event.name)),
    )


def _close_request(services: Services, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is RequestStatus.CLOSED:
        return Turn(state, (AnswerCallback(format_label("gone", ADVISERS_TEMPLATES)),))
    return lifecycle.close_request(state, request, services.now(), "request_closed")


def _reopen_closed(services: Services, state: State, event: Event, request: Request, _: str) -> Turn:
    return lifecycle.reopen_request(services, state, request)


def _schedule_reminder(services: Services, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is RequestStatus.CLOSED:
        return Turn(state, (AnswerCallback(format_label("gone", ADVISERS_TEMPLATES)),))
    remind_at = next_opening(services.now())
    toast = AnswerCallback(
        format_label("reminds", ADVISERS_TEMPLATES, when=format_date_and_time(remind_at, ADVISERS_LANG))
    )
    return Turn(state, (toast,), (UpdateRequest(replace(request, remind_at=remind_at)),))


def _suggest_entries(services: Services, state: State, event: Event, request: Request, _: str) -> Turn:
    """The best entries for what the person wrote last, each with a button to send it and one to read it first."""
    lines = [line.text for line in services.store.load_transcript(request.reference) if line.side == Party.REQUESTER]
    query = lines[-1] if lines else request.details.concern
    rows = []
    for entry in services.answerer.nearest_entries(query, MAX_SUGGESTIONS, request.lang):
        data = f"{request.reference}:{entry.id}"
        if fits_button(f"{ADVISER_CALLBACK}answer:{data}"):
            rows.append(
                (
                    Button(f"➤ {entry.title}", f"{ADVISER_CALLBACK}answer:{data}"),
                    Button("✎", f"{ADVISER_CALLBACK}read:{data}"),
                )
            )
    html = render_template("suggestions", ADVISERS_TEMPLATES, found=bool(rows))
    return Turn(state, (message_to_advisers(request, html, tuple(rows)), AnswerCallback()))


def _send_entry(services: Services, state: State, event: Event, request: Request, entry_id: str) -> Turn:
    """Send an entry as the adviser's answer."""
    answer = services.answerer.show_entry(entry_id, request.lang)
    if answer is None or answer.source is None or request.status is RequestStatus.CLOSED:
        return Turn(state, (AnswerCallback(format_label("gone", ADVISERS_TEMPLATES)),))
    updated = assign_adviser(request, event) if request.status is RequestStatus.OPEN else request
    updated = replace(updated, turn=Party.REQUESTER, since=services.now(), told=0.0, reminded=0.0, warned=0.0)
    html = render_template("adviser_sends", request.lang, adviser=event.name, html=answer.html)
    message = message_to_requester(request, html)
    confirmation = message_to_advisers(
        request, render_template("sent", ADVISERS_TEMPLATES, title=answer.source.title)
    )
    transcript_line = AppendTranscript(request.reference, Party.ADVISER, answer.plain_text)
    return Turn(
        state,
        (message, confirmation, RefreshCard(request.reference), AnswerCallback()),
        (UpdateRequest(updated), transcript_line),
    )


def _preview_entry(services: Services, state: State, event: Event, request: Request, entry_id: str) -> Turn:
    """Show an entry's text among the advisers, to be changed and sent by hand."""
    answer = services.answerer.show_entry(entry_id, request.lang)
    if answer is None:
        return Turn(state, (AnswerCallback(format_label("gone", ADVISERS_TEMPLATES)),))
    return Turn(
        state,
        (
            message_to_advisers(request, render_template("text", ADVISERS_TEMPLATES, text=answer.plain_text)),
            AnswerCallback(),
        ),
    )


def _update_request(state: State, request: Request, *notices: SendMessage) -> Turn:
    return Turn(state, (*notices, RefreshCard(request.reference), AnswerCallback()), (UpdateRequest(request),))


ADVISER_ACTIONS: dict[str, AdviserAction] = {
    "take": _take_request,
    "release": _release_request,
    "close": _close_request,
    "reopen": _reopen_closed,
    "remind": _schedule_reminder,
    "suggest": _suggest_entries,
    "answer": _send_entry,
    "read": _preview_entry,
}
