"""The summary of a request before it is sent, the person's consent, and the sending."""

import zlib
from dataclasses import replace

from bot.answering.answerer import AnswerStatus
from bot.answering.language import base_language
from bot.domain.business_hours import answer_deadline
from bot.domain.consultation import Form, FormStep, Request, RequestContext, SentRequest
from bot.domain.effects import CreateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import Button, EditMessage, Keyboard, RefreshCard, SendMail, SendMessage
from bot.domain.turn import State, Turn
from bot.flows import request_limits
from bot.flows.callback_data import FORM_CALLBACK
from bot.flows.context import Services
from knowledge.records.contacts import contact_for
from knowledge.records.intro import steps_in_language
from prompts.dates import format_date_and_time
from prompts.message_splitter import MESSAGE_LIMIT, visible_length
from prompts.render import format_label, render_template
from prompts.telegram_html import html_to_plain

REQUEST_CONSENT_VERSION = "2026-11-24"  # version of the wording in prompts/*/form_review.j2
CARD_RESERVE = 400  # UTF-16 units of the advisers' card that the summary lacks, at most: state, times, adviser's name
REVIEW_LINES = (
    FormStep.CONCERN,
    FormStep.ORGANISATION,
    FormStep.KIND,
    FormStep.PLACE,
    FormStep.CHANNEL,
    FormStep.TIMES,
)
MAX_PASSAGE_LENGTH = 300  # characters of an answer that an adviser is shown


def render_summary(services: Services, form: Form, event: Event, lang: str, note: str = "") -> str:
    """Exactly what is passed on, in Telegram HTML."""
    contact = contact_for(services.contacts, form.brief.entry)
    values = {"details": form.details, "brief": form.shared_context, "name": event.name, "contact": contact}
    return render_template("form_review", lang, note=note, **values)


def review_keyboard(form: Form, lang: str) -> Keyboard:
    """Send, change any line, leave out what the bot would add, cancel."""
    edit_buttons = [
        Button("✎ " + format_label(f"line_{line}", lang), f"{FORM_CALLBACK}go:{line}") for line in REVIEW_LINES
    ]
    rows = [tuple(edit_buttons[start : start + 2]) for start in range(0, len(edit_buttons), 2)]
    available = {"question": bool(form.brief.question), "progress": bool(form.brief.step)}
    for part in (part for part, is_available in available.items() if is_available):
        mark = "☑ " if part in form.shares else "☐ "
        rows.append((Button(mark + format_label(f"share_{part}", lang), f"{FORM_CALLBACK}share:{part}"),))
    send = (Button(format_label("consent", lang), f"{FORM_CALLBACK}send:{consent_digest(form)}"),)
    return (send, *rows, (Button(format_label("cancel", lang), f"{FORM_CALLBACK}cancel:"),))


def excess_length(html: str) -> int:
    """By how many UTF-16 units a summary is too long for one message, here or as the card at the advisers."""
    return max(0, visible_length(html) - MESSAGE_LIMIT + CARD_RESERVE)


def consent_digest(form: Form) -> str:
    """Stands for what a summary shows: consent to an older one is no consent to this one."""
    return f"{zlib.crc32(repr((REQUEST_CONSENT_VERSION, form.details, form.shared_context)).encode()):08x}"


def send_request(services: Services, state: State, event: Event) -> Turn:
    """Keep the request and bring it to the advisers; says honestly where nobody is told."""
    form, lang, now = state.form, services.lang(state, event), services.now()
    assert form is not None
    if refusal := request_limits.refuse_new_request(services, replace(state, form=replace(form, paused=True)), event):
        return refusal
    reference, contact = services.new_reference(), contact_for(services.contacts, form.brief.entry)
    reaches_advisers = services.adviser_chat is not None or services.sends_mail
    promised = answer_deadline(now, services.answer_days) if reaches_advisers else 0.0
    request = Request(
        reference=reference,
        chat_id=event.chat_id,
        user_id=event.user_id,
        name=event.name,
        lang=lang,
        details=form.details,
        brief=form.shared_context,
        consent=REQUEST_CONSENT_VERSION,
        contact=contact.id,
        created=now,
        since=now,
        promised=promised,
    )
    values = {
        "number": reference,
        "contact": contact,
        "by": format_date_and_time(promised, lang),
        "desk": services.adviser_chat is not None,
    }
    confirmation = render_template("request_sent" if reaches_advisers else "request_kept", lang, **values)
    by_button = event.kind is EventKind.BUTTON  # else the person agreed in words, and the summary is another message
    summary_edit = (
        (EditMessage(render_summary(services, form, event, lang), (), message_id=event.message_id),)
        if by_button
        else ()
    )
    refresh = (RefreshCard(reference),) if services.adviser_chat is not None else ()
    mail = (SendMail(reference),) if services.sends_mail else ()
    messages = (*summary_edit, SendMessage(confirmation, reference=reference), *refresh, *mail)
    sent_request = SentRequest(reference, tuple(typed.message_id for typed in form.typed))
    return Turn(replace(state, form=None, sent=sent_request), messages, (CreateRequest(request),))


def build_request_context(services: Services, state: State, event: Event) -> RequestContext:
    """The person's last question with what the bot answered, and how far they are in the introduction."""
    steps = len(steps_in_language(services.steps, services.lang(state, event)))
    context = RequestContext(state.last_question, step=state.step, steps=steps if state.step else 0)
    if not state.last_question:
        return context
    answer = services.answerer.answer_question(
        state.last_question, event.language_code, base_language(state.lang), state.last_context
    )
    if answer.status is not AnswerStatus.ANSWERED:
        return replace(context, sure=answer.confidence)
    text = " ".join(html_to_plain(answer.html).split()).removeprefix(answer.sources[0].title).lstrip()
    passage = text if len(text) <= MAX_PASSAGE_LENGTH else text[:MAX_PASSAGE_LENGTH].rsplit(" ", 1)[0] + " …"
    source = answer.sources[0]
    return replace(context, entry=source.entry, title=source.title, sure=answer.confidence, passage=passage)
