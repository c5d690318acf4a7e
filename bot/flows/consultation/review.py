"""The summary of a request before it is sent, the person's consent, and the sending."""

import zlib
from dataclasses import replace

from bot.domain.business_hours import answer_by
from bot.domain.consultation import Ask, Form, Request, Sent
from bot.domain.effects import NewRequest
from bot.domain.event import Event, Kind
from bot.domain.message import Button, Change, Keyboard, Post, Say, Update
from bot.domain.turn import State, Turn
from bot.flows import request_limits
from bot.flows.callback_data import FORM
from bot.flows.context import Parts
from knowledge.records.contacts import contact_for
from prompts.dates import spoken
from prompts.message_splitter import LIMIT, length
from prompts.render import label, render

CONSENT = "2026-11-24"  # version of the wording in prompts/*/form_review.j2
CARD_ONLY = 400  # UTF-16 units of the advisers' card that the summary lacks, at most: state, times, adviser's name
LINES = (Ask.CONCERN, Ask.ORGANISATION, Ask.KIND, Ask.PLACE, Ask.REACH, Ask.TIMES)


def summary(parts: Parts, form: Form, event: Event, lang: str, note: str = "") -> str:
    """Exactly what is passed on, in Telegram HTML."""
    contact = contact_for(parts.contacts, form.brief.entry)
    values = {"details": form.details, "brief": form.shared, "name": event.name, "contact": contact}
    return render("form_review", lang, note=note, **values)


def keyboard(form: Form, lang: str) -> Keyboard:
    """Send, change any line, leave out what the bot would add, cancel."""
    changes = [Button("✎ " + label(f"line_{line}", lang), f"{FORM}go:{line}") for line in LINES]
    rows = [tuple(changes[at : at + 2]) for at in range(0, len(changes), 2)]
    has = {"question": bool(form.brief.question), "progress": bool(form.brief.step)}
    for part in (part for part, there in has.items() if there):
        mark = "☑ " if part in form.shares else "☐ "
        rows.append((Button(mark + label(f"share_{part}", lang), f"{FORM}share:{part}"),))
    send = (Button(label("consent", lang), f"{FORM}send:{digest(form)}"),)
    return (send, *rows, (Button(label("cancel", lang), f"{FORM}cancel:"),))


def beyond(html: str) -> int:
    """By how many UTF-16 units a summary is too long for one message, here or as the card at the advisers."""
    return max(0, length(html) - LIMIT + CARD_ONLY)


def digest(form: Form) -> str:
    """Stands for what a summary shows: consent to an older one is no consent to this one."""
    return f"{zlib.crc32(repr((CONSENT, form.details, form.shared)).encode()):08x}"


def send(parts: Parts, state: State, event: Event) -> Turn:
    """Keep the request and bring it to the advisers; says honestly where nobody is told."""
    form, lang, now = state.form, parts.lang(state, event), parts.now()
    assert form is not None
    if refused := request_limits.new_request(parts, replace(state, form=replace(form, paused=True)), event):
        return refused
    reference, contact = parts.reference(), contact_for(parts.contacts, form.brief.entry)
    told = parts.desk is not None or parts.mail
    promised = answer_by(now, parts.answer_days) if told else 0.0
    request = Request(
        reference=reference,
        chat_id=event.chat_id,
        user_id=event.user_id,
        name=event.name,
        lang=lang,
        details=form.details,
        brief=form.shared,
        consent=CONSENT,
        contact=contact.id,
        created=now,
        since=now,
        promised=promised,
    )
    values = {"number": reference, "contact": contact, "by": spoken(promised, lang), "desk": parts.desk is not None}
    sent = render("request_sent" if told else "request_kept", lang, **values)
    tapped = event.kind is Kind.BUTTON  # else the person agreed in words, and the summary is another message
    final = (Change(summary(parts, form, event, lang), (), message_id=event.message_id),) if tapped else ()
    tell = (Update(reference),) if parts.desk is not None else ()
    post = (Post(reference),) if parts.mail else ()
    messages = (*final, Say(sent, request=reference), *tell, *post)
    kept = Sent(reference, tuple(one.message_id for one in form.typed))
    return Turn(replace(state, form=None, sent=kept), messages, (NewRequest(request),))
