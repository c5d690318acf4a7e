"""Replies between a person who asked for advice and the advisers."""

from bot.flows.parts import Parts
from bot.model import Event, Kind, Say, State, Turn
from prompts.render import render


def relay(parts: Parts, state: State, event: Event) -> Turn | None:
    """Pass a reply to a request's message on to the other side; None where it is no such reply."""
    if event.reply_to is None or event.kind is not Kind.TEXT:
        return None
    found = parts.store.request_of(event.chat_id, event.reply_to)
    if found is None:
        return None
    if event.chat_id == parts.advisers.chat_id:
        html = render("adviser_reply", found.lang, number=found.reference, text=event.text)
        done = render("adviser_relayed", "de", number=found.reference)
        return Turn(state, (Say(html, chat_id=found.chat_id, request=found.reference), Say(done)))
    if parts.advisers.chat_id is None or event.user_id != found.user_id:
        return None
    html = render("adviser_brief", "de", number=found.reference, name=event.name, text=event.text)
    return Turn(state, (Say(html, chat_id=parts.advisers.chat_id, request=found.reference),))
