"""Typed commands: a table of their meanings. Other languages' names lead to the same; see bot.domain.commands."""

from dataclasses import replace

from bot.answering.language import OURS
from bot.domain.commands import MEANING
from bot.domain.consultation import Side
from bot.domain.event import Event
from bot.domain.message import Button, Card, Say
from bot.domain.turn import State, Turn
from bot.flows import handout, intro, privacy, questions, share, start
from bot.flows.callback_data import LANG
from bot.flows.consultation import form, form_buttons
from bot.flows.context import Flow, Parts
from bot.flows.relay.messages import LANG as DESK_LANG
from bot.flows.selfcheck import questionnaire
from prompts.dates import spoken
from prompts.render import label, render

PRIVATE = frozenset(("beratung", "meinedaten", "loeschen", "selbstcheck", "mitnehmen"))  # never in front of a group
MAX_REQUESTS = 20  # shown in one message


def command(parts: Parts, state: State, event: Event) -> Turn:
    """The turn that a command brings."""
    meaning = MEANING.get(event.command, "")
    if meaning in PRIVATE and not event.private:
        return parts.say(state, event, "private_only")
    return COMMANDS.get(meaning, _says("unknown_command"))(parts, state, event)


def _says(template: str) -> Flow:
    def flow(parts: Parts, state: State, event: Event) -> Turn:
        return parts.say(state, event, template)

    return flow


def _request(parts: Parts, state: State, event: Event) -> Turn:
    return form.begin(parts, state, event)


def _cancel(parts: Parts, state: State, event: Event) -> Turn:
    if state.check and (state.form is None or state.form.paused):
        return questionnaire.cancelled(parts, state, event)
    if state.form:
        return form_buttons.cancelled(parts, state, event)
    if state.touring:
        return parts.say(replace(state, touring=False), event, "intro_left", number=max(state.step, 1))
    return parts.say(state, event, "nothing_running")


def _contact(parts: Parts, state: State, event: Event) -> Turn:
    contact = parts.contact
    html = render("contact", parts.lang(state, event), contact=contact)
    return Turn(state, (Say(html), Card(contact.name, contact.phone, contact.email, contact.role)))


def _language(parts: Parts, state: State, event: Event) -> Turn:
    lang = parts.lang(state, event)
    names = zip(("german", "english", "easy"), OURS, strict=True)
    row = tuple(Button(label(name, lang), f"{LANG}{code}") for name, code in names)
    return Turn(state, (Say(render("language", lang), (row,)),))


def _requests(parts: Parts, state: State, event: Event) -> Turn:
    """The open requests, those that wait for the advisers first, the longest waiting of them at the top."""
    if not parts.advisers.includes(event):
        return parts.say(state, event, "adviser_only")
    if not event.private and event.chat_id != parts.desk:
        return parts.say(state, event, "private_only")  # no concern in front of a group of others
    running = sorted(parts.store.running(), key=lambda request: (request.turn is not Side.ADVISER, request.since))
    shown = [(request, spoken(request.since, DESK_LANG)) for request in running[:MAX_REQUESTS]]
    return parts.say(state, event, "adviser_requests", requests=shown, more=len(running) - len(shown))


def _status(parts: Parts, state: State, event: Event) -> Turn:
    if not parts.advisers.includes(event):
        return parts.say(state, event, "adviser_only")
    return parts.say(state, event, "status", **parts.status())


COMMANDS: dict[str, Flow] = {
    "start": start.start,
    "frage": questions.ask,
    "einfuehrung": intro.begin,
    "beratung": _request,
    "kontakt": _contact,
    "sprache": _language,
    "hilfe": _says("help"),
    "datenschutz": privacy.notice,
    "meinedaten": privacy.held,
    "loeschen": privacy.asked,
    "abbrechen": _cancel,
    "teilen": share.share,
    "selbstcheck": questionnaire.welcome,
    "mitnehmen": handout.page,
    "anfragen": _requests,
    "status": _status,
}
