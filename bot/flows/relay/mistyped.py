"""What begins with a slash but is no command: the requester never gets it, and the adviser learns what was meant."""

from dataclasses import replace
from difflib import get_close_matches

from bot.domain.commands import ADVISER_COMMANDS, spell_command
from bot.domain.event import Event
from bot.domain.turn import Album, Turn
from bot.flows.context import TurnContext
from bot.flows.relay.albums import remember_album
from bot.flows.relay.desk import say_at_desk

DESK_COMMANDS = ("hilfe", *ADVISER_COMMANDS)
COMMAND_PREFIX = "/"


def begins_with_slash(event: Event) -> bool:
    """Return whether a message, or a caption of its album, looks like a command."""
    return bool(_find_slashed(event))


def refuse_slash(context: TurnContext) -> Turn:
    """Return the turn that says that a message was not sent, and names the nearest command."""
    words = _find_slashed(context.event).removeprefix(COMMAND_PREFIX)
    name = words.split(None, 1)[0] if words[:1].isalnum() else ""
    nearest = get_close_matches(spell_command(name.partition("@")[0]), DESK_COMMANDS, 1)
    return say_at_desk(context, "not_sent", nearest=nearest[0] if nearest else "", is_named=bool(name))


def refuse_album(context: TurnContext, album: Album) -> Turn:
    """Return the same turn, after which the rest of the message's album is not sent either."""
    turn = refuse_slash(context)
    return replace(turn, state=remember_album(turn.state, Album(album.id, note=True)))


def _find_slashed(event: Event) -> str:
    if event.command:
        return f"{COMMAND_PREFIX}{event.command}"
    texts = (text.lstrip() for text in (event.text, *event.captions))
    return next((text for text in texts if text.startswith(COMMAND_PREFIX)), "")
