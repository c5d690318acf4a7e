"""Typed commands: a table of their handlers by German name; `bot.domain.commands` maps other names to these."""

import re
from dataclasses import replace

from bot.answering.language import SUPPORTED_LANGUAGES, base_language
from bot.domain.commands import CANONICAL_COMMANDS, simplify_message
from bot.domain.consultation import Party, RequestStatus
from bot.domain.effects import UpdateRequest
from bot.domain.event import EventKind
from bot.domain.message import Button, RefreshCard, SendContact, SendMessage
from bot.domain.turn import Turn
from bot.flows import handout, intro, privacy, questions, share, start
from bot.flows.callback_data import LANGUAGE_CALLBACK
from bot.flows.command_menu import show_chosen_menu
from bot.flows.consultation import form
from bot.flows.context import EventHandler, TurnContext
from bot.flows.relay import (
    absences,
    blocking,
    colleagues,
    desk,
    mistyped,
    notices,
    private_notes,
    reception,
    text_blocks,
    undo,
    withdrawal,
)
from bot.flows.relay.messages import ADVISERS_LANG
from bot.flows.selfcheck import questionnaire
from knowledge.records.entry import LEICHTE_SPRACHE
from prompts.dates import format_date_and_time
from prompts.render import format_label, render_template

PRIVATE_COMMANDS = frozenset(
    ("beratung", "zurueckziehen", "meinedaten", "loeschen", "selbstcheck", "mitnehmen")
)  # refused in groups
LED_COMMANDS = frozenset(
    ("einfuehrung", "selbstcheck", "beratung", "kontakt", "sprache", "datenschutz", "meinedaten", "mitnehmen")
)
NORMAL_WORDS = "leichter normal"  # in knowledge/commands.yaml
MAX_LISTED_REQUESTS = 20  # in one message


def handle_command(context: TurnContext) -> Turn:
    """Return the turn of a command."""
    name = CANONICAL_COMMANDS.get(context.event.command, "")
    is_private_only = name in PRIVATE_COMMANDS and not context.event.private
    if context.event.chat_id == context.adviser_chat and (
        name not in COMMAND_HANDLERS or (is_private_only and name in mistyped.MEANINGS)
    ):
        return mistyped.refuse_slash(context)
    if is_private_only:
        return context.say("private_only")
    return COMMAND_HANDLERS.get(name, _say_template("unknown_command"))(context)


def find_worded_command(context: TurnContext) -> TurnContext | None:
    """Return the context of the command that a text means, such as "Hilfe"; None if it means none."""
    words, simplified = context.services.command_words, simplify_message(context.event.text)
    wording = words.get(simplified, "")
    if not wording and (led_to := words.get(_without_lead(simplified), "")).partition(" ")[0] in LED_COMMANDS:
        wording = led_to
    if wording == NORMAL_WORDS and context.lang == LEICHTE_SPRACHE:
        wording = f"sprache {base_language(LEICHTE_SPRACHE)}"
    command, _, argument = wording.partition(" ")
    if command not in COMMAND_HANDLERS:
        return None
    return replace(context, event=replace(context.event, command=command, text=argument))


def _without_lead(simplified: str) -> str:
    """Return a message without what leads to a command or follows it: "ok dann zur einführung bitte"."""
    leads, ends = (
        "|".join(
            simplify_message(word) for lang in SUPPORTED_LANGUAGES for word in format_label(key, lang).split(", ")
        )
        for key in ("typed_command_lead", "typed_command_end")
    )
    return re.sub(rf" (?:{ends})$", "", re.sub(rf"^(?:(?:{leads}) )+", "", simplified))


def _say_template(template: str) -> EventHandler:
    return lambda context: context.say(template)


def _show_help(context: TurnContext) -> Turn:
    if context.event.chat_id == context.adviser_chat:
        return reception.show_desk_help(context)
    return reception.show_way_to_desk(context, context.say("help", blocked=context.is_blocked))


def _start(context: TurnContext) -> Turn:
    turn = start.handle_start(context)
    return turn if context.event.text else reception.show_way_to_desk(context, turn)


def _cancel_current(context: TurnContext) -> Turn:
    state = context.state
    if state.check and (state.form is None or state.form.paused):
        return questionnaire.cancel_selfcheck(context)
    if state.form:
        return form.cancel_form(context)
    if state.touring:
        return context.change(touring=False).say("intro_left", number=max(state.step, 1))
    return context.say("nothing_running", open=bool(context.event.private and context.open_requests))


def _show_contact(context: TurnContext) -> Turn:
    contact = context.services.contact
    html = render_template("contact", context.lang, contact=contact)
    card = SendContact(contact.name, contact.phone, contact.email, contact.role_in(context.lang))
    return Turn(context.state, (SendMessage(html), card))


def set_language(context: TurnContext, lang: str) -> Turn | None:
    """Return the turn that chooses a language, with next steps in it; None if the bot does not write it.

    What the person reads about their requests follows, and so does the card, which asks for Leichte Sprache.
    """
    if lang not in SUPPORTED_LANGUAGES:
        return None
    chosen = context.change(lang=lang)
    in_conversation = context.active_conversation is not None  # with an adviser: no other buttons work meanwhile
    form = context.state.form
    goes_on = form is not None and not form.paused and context.event.kind is EventKind.TEXT  # its question follows
    keyboard = () if in_conversation or goes_on else start.next_step_keyboard(chosen)
    confirmation = SendMessage(render_template("language_set", lang, goes_on=goes_on), keyboard)
    own = [
        request for request in context.requests if request.chat_id == context.event.chat_id and request.lang != lang
    ]
    cards = tuple(RefreshCard(request.reference) for request in own if request.status is not RequestStatus.CLOSED)
    changes = tuple(UpdateRequest(replace(request, lang=lang)) for request in own)
    return Turn(chosen.state, (confirmation, *show_chosen_menu(chosen), *cards), changes)


def _choose_language(context: TurnContext) -> Turn:
    if turn := set_language(context, context.event.text.strip()):
        return turn
    lang = context.lang
    names = zip(("german", "english", "easy"), SUPPORTED_LANGUAGES, strict=True)
    row = tuple(Button(format_label(name, lang), f"{LANGUAGE_CALLBACK}{code}") for name, code in names)
    return context.reply(render_template("language", lang), (row,))


def _list_requests(context: TurnContext) -> Turn:
    """List the open requests: those waiting for the advisers first, then longest waiting first."""
    services, event = context.services, context.event
    if not services.advisers.includes(event):
        return context.say("adviser_only")
    if not event.private and event.chat_id != context.adviser_chat:
        return context.say("private_only")  # other groups must not read concerns
    own_desk = context.adviser_chat
    active = [each for each in services.store.requests.active_requests() if services.find_desk(each) == own_desk]
    active.sort(key=lambda request: (request.turn is not Party.ADVISER, request.since))
    shortened = active[:MAX_LISTED_REQUESTS]
    listed = [
        (request, format_date_and_time(request.since, ADVISERS_LANG), notices.thread_link(services, request))
        for request in shortened
    ]
    return context.say("adviser_requests", requests=listed, more=len(active) - len(listed))


def _show_status(context: TurnContext) -> Turn:
    if not context.services.advisers.includes(context.event):
        return context.say("adviser_only")
    return context.say("status", **context.services.read_status())


COMMAND_HANDLERS: dict[str, EventHandler] = {
    "start": _start,
    "frage": questions.answer_question,
    "einfuehrung": intro.begin_intro,
    "beratung": form.begin_form,
    "kontakt": _show_contact,
    "sprache": _choose_language,
    "hilfe": _show_help,
    "datenschutz": privacy.show_notice,
    "meinedaten": privacy.send_personal_data,
    "loeschen": privacy.ask_deletion,
    "abbrechen": _cancel_current,
    "zurueckziehen": withdrawal.choose_withdrawal,
    "teilen": share.share_last_seen,
    "selbstcheck": questionnaire.show_welcome,
    "mitnehmen": handout.send_handout,
    "anfragen": _list_requests,
    "abwesend": desk.adviser_command(absences.change_absences),
    "status": _show_status,
    "notiz": desk.request_command(private_notes.handle_note_command),
    "zurueck": desk.request_command(undo.handle_undo_command),
    "uebergabe": desk.request_command(colleagues.handle_handover_command),
    "baustein": desk.adviser_command(text_blocks.handle_block_command),
    "sperren": desk.request_command(blocking.handle_block_command),
    "entsperren": desk.request_command(blocking.handle_unblock_command),
}
