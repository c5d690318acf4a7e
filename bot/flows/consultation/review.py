"""Summarise a request for the person's consent, and send it."""

import zlib
from dataclasses import replace

from bot.answering.language import base_language
from bot.domain.calendar import day_end, promised_deadline
from bot.domain.consultation import Form, FormStep, Request, RequestContext, SentRequest
from bot.domain.effects import CreateRequest
from bot.domain.event import EventKind
from bot.domain.message import Button, Keyboard, RefreshCard, SendMail, SendMessage, truncate_text
from bot.domain.turn import Turn
from bot.flows import request_limits
from bot.flows.callback_data import FORM_CALLBACK, REQUESTER_CALLBACK
from bot.flows.context import TurnContext
from knowledge.records.contacts import contact_for
from prompts.dates import format_date_and_time
from prompts.message_splitter import MESSAGE_LIMIT, visible_length
from prompts.render import format_label, render_template
from prompts.telegram_html import html_to_plain

MAX_OFFER_LENGTH = 200  # characters of the last question where the person is asked whether to pass it on
MAX_PASSAGE_LENGTH = 300  # characters of an answer that are shown to advisers
REQUEST_CONSENT_VERSION = "2026-12-01"  # version of the wording in prompts/*/form_review.j2
CARD_RESERVE = 500  # UTF-16 units that the advisers' card may need beyond the summary: status, times, adviser's name


def build_request_context(context: TurnContext) -> RequestContext:
    """Return the person's last question with the bot's answer, and their progress in the introduction."""
    state = context.state
    shared = RequestContext(state.last_question, step=state.step, steps=len(context.path) if state.step else 0)
    if not state.last_question:
        return shared
    answer = context.services.answerer.answer_question(
        state.last_question, context.event.language_code, base_language(state.lang), state.recent_contexts
    )
    if (source := answer.source) is None:
        return replace(shared, sure=answer.result.probability)
    text = " ".join(html_to_plain(answer.html).split()).removeprefix(source.title).lstrip()
    passage = truncate_text(text, MAX_PASSAGE_LENGTH, at_word=True)
    return replace(shared, entry=source.id, title=source.title, sure=answer.result.probability, passage=passage)


def render_summary(context: TurnContext, form: Form, note: str = "", *, asks: bool = True) -> str:
    """Return exactly what is passed on, below a note, in Telegram HTML; before that, it ``asks`` for consent."""
    return render_template(
        "form_review",
        context.lang,
        note=note,
        details=form.details,
        brief=form.shared_context,
        name=context.event.name,
        contact=contact_for(context.services.contacts, form.brief.entry),
        offers=_unshared_parts(form) if asks else {},
        asks=asks,
    )


def _unshared_parts(form: Form) -> dict[str, object]:
    """Return what the person may add to the request, by the names of `RequestContext`, as far as it is not ticked."""
    left_out = set(available_parts(form)) - form.shares
    question = truncate_text(form.brief.question, MAX_OFFER_LENGTH, at_word=True) if "question" in left_out else ""
    step = form.brief.step if "progress" in left_out else 0
    return {"question": question, "step": step, "steps": form.brief.steps} if question or step else {}


def available_parts(form: Form) -> list[str]:
    """Return the parts of the context that can be passed on; a question that is the concern is passed on anyway."""
    parts = {"question": form.brief.question not in ("", form.details.concern), "progress": form.brief.step > 0}
    return [part for part, is_available in parts.items() if is_available]


def review_keyboard(form: Form, lang: str) -> Keyboard:
    """Return the buttons to send, to change a line, to leave out the context that the bot adds, and to cancel."""
    lines = editable_lines(form)
    edits = [Button("✎ " + format_label(f"line_{line}", lang), f"{FORM_CALLBACK}go:{line}") for line in lines]
    rows = [tuple(edits[start : start + 2]) for start in range(0, len(edits), 2)]
    for part in available_parts(form):
        mark = "☑ " if part in form.shares else "☐ "
        rows.append((Button(mark + format_label(f"share_{part}", lang), f"{FORM_CALLBACK}share:{part}"),))
    send = (Button(format_label("consent", lang), f"{FORM_CALLBACK}send:{consent_digest(form)}"),)
    return (send, *rows, (Button(format_label("cancel", lang), f"{FORM_CALLBACK}cancel:"),))


def editable_lines(form: Form) -> list[FormStep]:
    """Return the lines that the summary offers to change."""
    unasked = {FormStep.ADDRESS, FormStep.REVIEW} | (set() if form.details.asks_for_times else {FormStep.TIMES})
    return [step for step in FormStep if step not in unasked]


def excess_length(html: str) -> int:
    """Return by how many UTF-16 units a summary is too long for one message, here or as the advisers' card."""
    return max(0, visible_length(html) - MESSAGE_LIMIT + CARD_RESERVE)


def consent_digest(form: Form) -> str:
    """Return a checksum of what a summary shows, so that consent to an older summary does not count."""
    return f"{zlib.crc32(repr((REQUEST_CONSENT_VERSION, form.details, form.shared_context)).encode()):08x}"


def send_request(context: TurnContext) -> Turn:
    """Store the request and pass it on to the advisers; if they cannot be reached, say so."""
    services, event, lang, now = context.services, context.event, context.lang, context.services.now()
    form = context.state.form
    assert form is not None
    if refusal := request_limits.refuse_new_request(context.change(form=replace(form, paused=True))):
        return refusal
    reference, contact = services.new_reference(), contact_for(services.contacts, form.brief.entry)
    has_chat = context.adviser_chat is not None
    promised = promised_deadline(now, services.answer_days, services.absences) if context.reaches_advisers else 0.0
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
        absence_told=day_end(context.absence.last) if context.absence else 0.0,
    )
    template = "request_sent" if context.reaches_advisers else "request_kept"
    by = format_date_and_time(promised, lang) if promised else ""
    confirmation = render_template(template, lang, number=reference, contact=contact, by=by, desk=has_chat)
    by_button = event.kind is EventKind.BUTTON  # a typed consent has no tapped summary to edit
    summary_edit = (context.edit_tapped(render_summary(context, form, asks=False)),) if by_button else ()
    refresh = (RefreshCard(reference),) if has_chat else ()
    mail = (SendMail(reference),) if services.sends_mail else ()
    withdraw = Button(format_label("person_withdraw", lang), f"{REQUESTER_CALLBACK}withdraw:{reference}")
    messages = (*summary_edit, SendMessage(confirmation, ((withdraw,),), reference=reference), *refresh, *mail)
    sent_request = SentRequest(reference, tuple(typed.message_id for typed in form.typed))
    return Turn(context.change(form=None, sent=sent_request).state, messages, (CreateRequest(request),))
