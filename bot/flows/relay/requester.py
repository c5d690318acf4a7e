"""The person's side of a request: while an adviser is in the conversation, what they write goes there."""

from dataclasses import replace

from bot.domain.commands import MEANING
from bot.domain.consultation import Request, Side, Status
from bot.domain.effects import ChangeRequest, Corrected, Said
from bot.domain.event import WRITTEN, Event, Kind
from bot.domain.message import Copy, Rewrite, Say, Toast, Update
from bot.domain.turn import State, Turn
from bot.flows import request_limits
from bot.flows.callback_data import ASIDE
from bot.flows.context import Parts
from bot.flows.relay import lifecycle
from bot.flows.relay.messages import ROOM, person_button, to_desk, to_person
from prompts.render import label, render

ALWAYS = frozenset(("abbrechen", "datenschutz", "meinedaten", "loeschen", "kontakt", "hilfe"))  # commands
PRIVACY = ("d:", "p:")  # callback data of what such a command shows


def message(parts: Parts, state: State, event: Event) -> Turn | None:
    """What goes to the advisers instead of to the bot; None where the bot is meant."""
    if parts.desk is None:
        return None
    request = _meant(parts, event) if event.kind in WRITTEN else None
    if request:
        return _brought(parts, state, event, request)
    running = talking(parts, event)
    if running is None:
        return None
    if event.kind is Kind.EDITED:
        return Turn(state)  # of what was written before the conversation
    if event.kind is Kind.COMMAND:
        return _command(state, event, running)
    if event.kind is Kind.BUTTON and not event.text.startswith((ASIDE, *PRIVACY)):
        return Turn(state, (Toast(label("talk_silent", running.lang, adviser=_partner(running))),))
    return None


def ended(state: State, request: Request) -> Turn:
    """The bot answers again; the request stays open."""
    if not request.talking:
        return Turn(state, (Toast(label("gone", request.lang)),))
    html = render("talk_ended", request.lang, number=request.reference)
    told = to_person(request, html, ((person_button(request, "done"),),))
    desk = to_desk(request, render("ended", ROOM))
    return Turn(state, (told, desk, Toast()), (ChangeRequest(replace(request, talking=False)),))


def button(parts: Parts, state: State, event: Event, rest: str) -> Turn | None:
    """A tap on a button about the person's own request; None where it is not theirs, or no longer counts."""
    action, _, rest = rest.partition(":")
    reference, _, value = rest.partition(":")
    request = parts.store.request(reference)
    if request is None or request.user_id != event.user_id or request.chat_id != event.chat_id:
        return None
    match action:
        case "end":
            return ended(state, request)
        case "done" | "withdraw" if request.status is not Status.CLOSED:
            template = "request_solved" if action == "done" else "request_withdrawn"
            desk = to_desk(request, render(action, ROOM))
            turn = lifecycle.closed(state, request, parts.now(), template)
            return replace(turn, messages=(*turn.messages, desk))
        case "wait" if request.status is not Status.CLOSED:
            return Turn(state, (Toast(label("person_waits", request.lang)),))
        case "pass" if parts.desk is not None and request.status is not Status.CLOSED:
            return _passed_on(parts, state, event, request) if value == str(state.unanswered[0]) else None
        case "reopen":
            return _opened_again(parts, state, request)
        case "rate":
            return lifecycle.rated(state, request, value)
        case "nothing" if state.rated:
            return Turn(replace(state, rated=""), (Say(render("thanks_comment", request.lang)), Toast()))
    return None


def _passed_on(parts: Parts, state: State, event: Event, request: Request) -> Turn:
    """What the bot had no answer to goes to the advisers after all, as if it had been written to them."""
    number, text = state.unanswered
    written = replace(event, kind=Kind.TEXT, text=text)
    turn = _brought(parts, replace(state, unanswered=(0, "")), written, request, copied=number)
    return replace(turn, messages=(*turn.messages, Toast(label("passed_on", request.lang))))


def _opened_again(parts: Parts, state: State, request: Request) -> Turn:
    """Opened to write to the advisers: what the person writes next goes there."""
    if request.status is Status.CLOSED and (refused := request_limits.reopening(parts, state, request)):
        return refused
    times = (*request_limits.recent(request.reopened, parts.now()), parts.now())
    return lifecycle.reopened(parts, state, replace(request, reopened=times, talking=parts.desk is not None))


def _brought(parts: Parts, state: State, event: Event, request: Request, copied: int | None = None) -> Turn:
    assert parts.desk is not None
    if event.kind is Kind.EDITED:
        changed = Rewrite(request.reference, parts.desk, event.html, caption=bool(event.what))
        return Turn(state, (changed,), (Corrected(request.reference, Side.PERSON, event.text),))
    if request.status is Status.CLOSED:
        html = render("person_closed", request.lang, number=request.reference)
        return Turn(state, (Say(html, ((person_button(request, "reopen"),),)),))
    since = request.since if request.turn is Side.ADVISER else parts.now()
    fresh = replace(request, turn=Side.ADVISER, since=since, warned=0.0)
    replies = None if event.reply_to is None else (event.chat_id, event.reply_to)
    copy = Copy(request.reference, parts.desk, desk=True, replies=replies, message=copied)
    update = (Update(request.reference),) if request.turn is Side.PERSON else ()
    said = Said(request.reference, Side.PERSON, event.text or f"[{event.what}]", copied)
    return Turn(state, (copy, *update), (ChangeRequest(fresh), said))


def _command(state: State, event: Event, running: Request) -> Turn | None:
    meaning = MEANING.get(event.command)
    if meaning == "abbrechen":
        return ended(state, running)
    if meaning in ALWAYS:
        return None
    html = render("talk_runs", running.lang, adviser=_partner(running))
    return Turn(state, (Say(html, ((person_button(running, "end"),),)),))


def _partner(running: Request) -> str:
    """Whom the person is in a conversation with: after an adviser handed it back, with whoever takes it next."""
    return running.adviser or label("advisers", running.lang)


def _meant(parts: Parts, event: Event) -> Request | None:
    """The own request that a message belongs to: by what it replies to, by its edit, or by the talk."""
    known = event.message_id if event.kind is Kind.EDITED else event.reply_to
    request = None if known is None else parts.store.request_of(event.chat_id, known)
    if request and request.user_id == event.user_id:
        return request
    return None if event.kind is Kind.EDITED else talking(parts, event)


def talking(parts: Parts, event: Event) -> Request | None:
    """The person's request in whose conversation an adviser is now."""
    running = [request for request in parts.store.requests_by(event.user_id) if request.talking]
    return max(running, key=lambda request: request.since, default=None)
