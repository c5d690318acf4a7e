"""Albums: Telegram delivers each of their messages by itself; they are relayed together, at the first one."""

from dataclasses import replace

from bot.domain.consultation import Party, Request
from bot.domain.effects import AppendTranscript
from bot.domain.event import Event
from bot.domain.turn import Album, State, Turn

MAX_ALBUMS = 10  # remembered for one person in one chat


def remember_album(state: State, album: Album, *message_ids: int) -> State:
    """Return the state with an album to which messages were added; nothing changes for a message without an album."""
    if not album.id:
        return state
    extended = replace(album, messages=(*album.messages, *message_ids))
    others = (other for other in state.albums if other.id != album.id)
    return replace(state, albums=(*others, extended)[-MAX_ALBUMS:])


def note_album_message(state: State, request: Request, side: Party, event: Event) -> Turn:
    """Return the turn of a message that was relayed with the first one of its album: only its text is noted."""
    return Turn(state, (), (AppendTranscript(request.reference, side, event.text or f"[{event.media_type}]"),))
