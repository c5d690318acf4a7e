"""Typed commands: a table of their meanings. Other languages' names lead to the same; see bot.domain.commands."""

from dataclasses import replace

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.commands import CANONICAL_COMMANDS
from bot.domain.consultation import Party
from bot.domain.event import Event
from bot.domain.message import Button, SendContact, SendMessage
from bot.domain.turn import State, Turn
from bot.flows import handout, intro, privacy, questions, share, start
from bot.flows.callback_data import LANGUAGE_CALLBACK
from bot.flows.consultation import form
from bot.flows.context import EventHandler, Services
from bot.flows.relay.messages import ADVISERS_LANG as DESK_LANG
from bot.flows.selfcheck import questionnaire
from prompts.dates import format_date_and_time
from prompts.render import format_label, render_template

PRIVATE_COMMANDS = frozenset(
    ("beratung", "meinedaten", "loeschen", "selbstcheck", "mitnehmen")
)  # never in front of a group
MAX_LISTED_REQUESTS = 20  # shown in one message


def handle_command(services: Services, state: State, event: Event) -> Turn:
    """The turn that a command brings."""
    meaning = CANONICAL_COMMANDS.get(event.command, "")
    if meaning in PRIVATE_COMMANDS and not event.private:
        return services.say(state, event, "private_only")
    return COMMAND_HANDLERS.get(meaning, _say_template("unknown_command"))(services, state, event)


def _say_template(template: str) -> EventHandler:
    def send_text(services: Services, state: State, event: Event) -> Turn:
        return services.say(state, event, template)

    return send_text


def _begin_request(services: Services, state: State, event: Event) -> Turn:
    return form.begin_form(services, state, event)


def _cancel_current(services: Services, state: State, event: Event) -> Turn:
    if state.check and (state.form is None or state.form.paused):
        return questionnaire.cancel_selfcheck(services, state, event)
    if state.form:
        return form.cancel_form(services, state, event)
    if state.touring:
        return services.say(replace(state, touring=False), event, "intro_left", number=max(state.step, 1))
    return services.say(state, event, "nothing_running")


def _show_contact(services: Services, state: State, event: Event) -> Turn:
    contact = services.contact
    html = render_template("contact", services.lang(state, event), contact=contact)
    return Turn(state, (SendMessage(html), SendContact(contact.name, contact.phone, contact.email, contact.role)))


def _choose_language(services: Services, state: State, event: Event) -> Turn:
    lang = services.lang(state, event)
    names = zip(("german", "english", "easy"), SUPPORTED_LANGUAGES, strict=True)
    row = tuple(Button(format_label(name, lang), f"{LANGUAGE_CALLBACK}{code}") for name, code in names)
    return Turn(state, (SendMessage(render_template("language", lang), (row,)),))


def _list_requests(services: Services, state: State, event: Event) -> Turn:
    """The open requests, those that wait for the advisers first, the longest waiting of them at the top."""
    if not services.advisers.includes(event):
        return services.say(state, event, "adviser_only")
    if not event.private and event.chat_id != services.adviser_chat:
        return services.say(state, event, "private_only")  # no concern in front of a group of others
    open_requests = sorted(
        services.store.active_requests(), key=lambda request: (request.turn is not Party.ADVISER, request.since)
    )
    listed = [
        (request, format_date_and_time(request.since, DESK_LANG)) for request in open_requests[:MAX_LISTED_REQUESTS]
    ]
    return services.say(state, event, "adviser_requests", requests=listed, more=len(open_requests) - len(listed))


def _show_status(services: Services, state: State, event: Event) -> Turn:
    if not services.advisers.includes(event):
        return services.say(state, event, "adviser_only")
    return services.say(state, event, "status", **services.read_status())


COMMAND_HANDLERS: dict[str, EventHandler] = {
    "start": start.handle_start,
    "frage": questions.answer_question,
    "einfuehrung": intro.begin_intro,
    "beratung": _begin_request,
    "kontakt": _show_contact,
    "sprache": _choose_language,
    "hilfe": _say_template("help"),
    "datenschutz": privacy.show_notice,
    "meinedaten": privacy.send_personal_data,
    "loeschen": privacy.ask_deletion,
    "abbrechen": _cancel_current,
    "teilen": share.share_last_seen,
    "selbstcheck": questionnaire.show_welcome,
    "mitnehmen": handout.send_handout,
    "anfragen": _list_requests,
    "status": _show_status,
}
