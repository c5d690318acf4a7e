"""Who speaks: the name above a relayed message, which would otherwise look as if the bot had written it.

As in a messenger's group, the name stands above the first of several messages in a row, and again after a pause. In
the advisers' chat, where much else is written, a row also ends with anything that is not the requester's.
"""

from dataclasses import replace
from html import escape

from bot.domain.consultation import Party, Request
from bot.domain.effects import UpdateRequest
from bot.domain.event import MESSAGE_KINDS, Event, EventKind
from bot.domain.message import EditRelayed, RelayMessage, SendMessage
from bot.domain.turn import Turn
from bot.flows.context import TurnContext
from bot.flows.relay.desk import find_addressed_request
from bot.flows.relay.messages import advisers_label
from prompts.message_splitter import MESSAGE_LIMIT, visible_length
from prompts.render import format_label

SPEAKER_PAUSE = 1_800.0  # seconds after which the same writer is named again
CAPTION_LIMIT = 1_024  # UTF-16 units; Bot API, copyMessage
CAPTIONED_MEDIA = frozenset(("photo", "video", "animation", "audio", "document", "voice"))


def sign_relay(
    request: Request, side: Party, relay: RelayMessage, event: Event, now: float
) -> tuple[Request, RelayMessage]:
    """Return the request with a side's writer as the last one, and the relay of what they wrote, named if needed.

    A name that does not fit into the message becomes a message of its own.
    """
    speaker = f"{side.value}:{event.user_id}"
    is_same = request.speaker == speaker and 0 <= now - request.spoken < SPEAKER_PAUSE
    updated = replace(request, speaker=speaker, spoken=now)
    if is_same:
        return updated, relay
    heading = _heading(request, side, event)
    if relay.album:  # copied together, with the captions as they are
        return updated, replace(relay, heading=heading)
    if html := _join_heading(heading, event):
        return updated, replace(relay, html=html, is_caption=bool(event.media_type))
    return updated, replace(relay, heading=heading)


def end_row_of_messages(context: TurnContext, turn: Turn) -> Turn:
    """Return a turn after which the requester is named anew, if something else now stands below what they wrote.

    That is a message of the bot in the request's thread, or an adviser's there that is not relayed.
    """
    effects = list(turn.effects)
    for reference in _list_interrupted(context, turn):
        updates = [effect for effect in effects if isinstance(effect, UpdateRequest)]
        update = next((each for each in reversed(updates) if each.request.reference == reference), None)
        request = update.request if update else context.services.store.requests.find_request(reference)
        if request is None or not request.speaker.startswith(f"{Party.REQUESTER.value}:"):
            continue
        unnamed = UpdateRequest(replace(request, speaker=""))
        effects = [unnamed if each is update else each for each in effects] if update else [*effects, unnamed]
    return replace(turn, effects=tuple(effects))


def _list_interrupted(context: TurnContext, turn: Turn) -> list[str]:
    """Return the references of the requests in whose threads something other than the requester's words is last."""
    event, interrupted = context.event, dict[str, None]()
    is_written = event.kind is EventKind.COMMAND or (
        event.kind in MESSAGE_KINDS and event.kind is not EventKind.EDITED
    )
    if is_written and event.chat_id == context.adviser_chat and (request := find_addressed_request(context)):
        interrupted[request.reference] = None
    for message in turn.messages:
        if isinstance(message, SendMessage) and message.to_advisers:
            interrupted[message.reference] = None
        elif isinstance(message, RelayMessage) and message.to_advisers:
            interrupted.pop(message.reference, None)
    return list(interrupted)


def sign_edit(request: Request, side: Party, edit: EditRelayed, event: Event, *, signed: bool) -> EditRelayed:
    """Return the edit of a copy that contains its writer's name or not; it loses the name if there is no room."""
    html = _join_heading(_heading(request, side, event), event) if signed else ""
    return replace(edit, html=html or edit.html)


def _heading(request: Request, side: Party, event: Event) -> str:
    """Return the line with the name: the requester reads an adviser's full name, advisers read the first name."""
    if side is Party.ADVISER:
        label = format_label("speaker_adviser", request.lang, name=" ".join(event.name.split()))
    else:
        label = advisers_label("speaker_person", name=" ".join((event.first_name or event.name).split()))
    return f"<b>{escape(label, quote=False)}</b>"


def _join_heading(heading: str, event: Event) -> str:
    """Return heading and text as one; "" if the message can have no caption, or the two are too long together."""
    if event.media_type and event.media_type not in CAPTIONED_MEDIA:
        return ""
    html = f"{heading}\n{event.html}" if event.html else heading
    return html if visible_length(html) <= (CAPTION_LIMIT if event.media_type else MESSAGE_LIMIT) else ""
