"""What begins with a slash but is no command: the requester never gets it, and the adviser learns what was meant."""

from dataclasses import replace
from difflib import get_close_matches

from bot.domain.commands import ADVISER_COMMANDS, spell_command
from bot.domain.event import Event
from bot.domain.message import Keyboard
from bot.domain.turn import Album, Turn
from bot.flows.context import TurnContext
from bot.flows.relay.albums import remember_album
from bot.flows.relay.desk import find_addressed_request, say_at_desk
from bot.flows.relay.messages import STATUS_ACTIONS, advisers_label, build_card_keyboard

COMMAND_PREFIX = "/"
_WORDS_BY_MEANING = {  # what advisers type for a command, or for a button of the card
    "hilfe": "befehle commands",
    "anfragen": "liste offen uebersicht ueberblick requests list",
    "abwesend": "urlaub abwesenheit away",
    "notiz": "intern privat note",
    "zurueck": "zurueckholen zurueckziehen loeschen rueckgaengig undo delete",
    "uebergabe": "uebergeben weitergeben handover assign",
    "baustein": "textbaustein vorlage template",
    "sperren": "blockieren ban block",
    "entsperren": "unban unblock",
    "take": "uebernehmen annehmen claim",
    "release": "abgeben freigeben",
    "close": "schliessen abschliessen abschluss fertig erledigt beenden ende close done",
    "reopen": "oeffnen wiederoeffnen open",
    "remind": "erinnern erinnerung morgen wiedervorlage",
    "suggest": "vorschlag vorschlagen vorschlaege antwort antworten suggestions",
}
_BUTTONS = frozenset(action for rows in STATUS_ACTIONS.values() for row in rows for action in row)
MEANINGS = {word: meaning for meaning, words in _WORDS_BY_MEANING.items() for word in words.split()}
MEANINGS |= {command: command for command in ("hilfe", *ADVISER_COMMANDS)}


def begins_with_slash(event: Event) -> bool:
    """Return whether a message, or a caption of its album, looks like a command."""
    return bool(_find_slashed(event))


def refuse_slash(context: TurnContext) -> Turn:
    """Return the turn that says that a message was not sent, and names the command or shows the button meant."""
    words = _find_slashed(context.event).removeprefix(COMMAND_PREFIX)
    name = words.split(None, 1)[0] if words[:1].isalnum() else ""
    nearest = get_close_matches(spell_command(name.partition("@")[0]), MEANINGS, 1)
    meaning = MEANINGS[nearest[0]] if nearest else ""
    if meaning in _BUTTONS:
        return _show_button(context, meaning)
    return say_at_desk(context, "not_sent", button="", nearest=meaning, is_named=bool(name))


def refuse_album(context: TurnContext, album: Album) -> Turn:
    """Return the same turn, after which the rest of the message's album is not sent either."""
    turn = refuse_slash(context)
    return replace(turn, state=remember_album(turn.state, Album(album.id, note=True)))


def _show_button(context: TurnContext, action: str) -> Turn:
    """Return the turn with the button of an action, or with those that the request allows instead."""
    request = find_addressed_request(context)
    label = advisers_label(action)
    allowed = build_card_keyboard(request) if request else ()
    wanted: Keyboard = tuple((button,) for row in allowed for button in row if button.label == label)
    return say_at_desk(context, "not_sent", wanted or allowed, button=label, fits=bool(wanted), others=bool(allowed))


def _find_slashed(event: Event) -> str:
    if event.command:
        return f"{COMMAND_PREFIX}{event.command}"
    texts = (text.lstrip() for text in (event.text, *event.captions))
    return next((text for text in texts if text.startswith(COMMAND_PREFIX)), "")
