"""The request for advice: take it down, ask for consent, keep it and bring it to the advisers.

```mermaid
stateDiagram-v2
    [*] --> asked: /beratung, button, deep link
    asked --> confirm: text
    confirm --> asked: change the text
    confirm --> [*]: consent, the request is kept and sent
    asked --> [*]: /abbrechen
    confirm --> [*]: /abbrechen
```
"""

from dataclasses import replace

from bot.model import Button, Event, NewRequest, Say, Stage, State, Toast, Turn
from knowledge.contacts import Contact
from prompts.render import label, render

SEND, EDIT, CANCEL = "r:send", "r:edit", "r:cancel"  # callback data
CONSENT = "2026-11"  # version of the wording in prompts/*/request_confirm.j2
MAX_TEXT = 2_500  # characters; the brief must fit one message


def ask(state: State, contact: Contact, lang: str) -> Turn:
    """Ask what it is about."""
    html = render("request_ask", lang, contact=contact, last_question=state.last_question)
    return Turn(replace(state, stage=Stage.ASKED, draft=""), (Say(html),))


def confirm(state: State, event: Event, contact: Contact, lang: str) -> Turn:
    """Show the text as it would be passed on, and ask for consent."""
    text = event.text.strip()[:MAX_TEXT]
    if state.last_question and state.last_question not in text:
        text = f"{text}\n\n[{label('last_question', lang)}] {state.last_question}"
    html = render("request_confirm", lang, contact=contact, text=text)
    keyboard = (
        (Button(label("consent", lang), SEND),),
        (Button(label("edit", lang), EDIT), Button(label("cancel", lang), CANCEL)),
    )
    return Turn(replace(state, stage=Stage.CONFIRM, draft=text), (Say(html, keyboard),))


def send(state: State, event: Event, contact: Contact, adviser_chat: int | None, reference: str, lang: str) -> Turn:
    """Keep the request and bring it to the advisers' chat; says honestly where there is none."""
    kept = NewRequest(reference, state.draft, lang, CONSENT)
    done = replace(state, stage=Stage.NONE, draft="")
    if adviser_chat is None:
        html = render("request_kept", lang, number=reference, contact=contact)
        return Turn(done, (Say(html), Toast()), (kept,))
    brief = render("adviser_brief", "de", number=reference, name=event.name, text=state.draft)
    html = render("request_sent", lang, number=reference, contact=contact)
    messages = (Say(html), Say(brief, chat_id=adviser_chat, request=reference), Toast())
    return Turn(done, messages, (kept,))


def cancel(state: State, lang: str) -> Turn:
    """Stop; nothing was passed on."""
    running = state.stage is not Stage.NONE
    html = render("cancelled" if running else "nothing_running", lang)
    return Turn(replace(state, stage=Stage.NONE, draft=""), (Say(html),))
