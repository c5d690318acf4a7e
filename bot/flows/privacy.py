"""Personal data: the privacy notice, the export of what is stored, and its deletion after confirmation."""

from collections.abc import Collection
from typing import Any

from bot.domain.consultation import RequestStatus
from bot.domain.effects import ErasePerson
from bot.domain.message import AnswerCallback, Attachment, Button, Keyboard, Message, SendMessage
from bot.domain.turn import State, Turn
from bot.flows import feedback
from bot.flows.callback_data import ERASURE_CALLBACK, PRIVACY_CALLBACK
from bot.flows.command_menu import restore_menu
from bot.flows.context import Services, TurnContext
from prompts.dates import format_date, to_local_time
from prompts.render import format_label, render_template

COUNTED_TABLES = ("states", "checks", "shares", "feedback", "questions")


def show_notice(context: TurnContext) -> Turn:
    """Show the short privacy notice."""
    return context.reply(_render_notice(context, "privacy"), _notice_keyboard(context, "more"))


def handle_privacy_callback(context: TurnContext, action: str) -> Turn | None:
    """Return the turn of a tap below the notice; None if the button is not valid."""
    match action:
        case "more" | "less":
            template, other_page = ("privacy_more", "less") if action == "more" else ("privacy", "more")
            html, keyboard = _render_notice(context, template), _notice_keyboard(context, other_page)
            return Turn(context.state, (context.edit_tapped(html, keyboard),))
        case "data":
            return send_personal_data(context)
        case "delete":
            return ask_deletion(context)
        case "stop":
            return feedback.withdraw_consent(context)
    return None


def send_personal_data(context: TurnContext) -> Turn:
    """Send everything stored about the person, as a page and as JSON; both are rendered when they are sent."""
    lang = context.lang
    services = context.services
    values = {
        "person": context.event.user_id, "lang": lang, "now": services.now(), "days": services.retention_days
    }  # fmt: skip
    delete = Button(format_label("privacy_delete", lang), f"{PRIVACY_CALLBACK}delete")
    messages = (
        SendMessage(render_template(template, lang), rows, attachment=Attachment(kind, values, as_document=True))
        for template, kind, rows in (("mydata", "held_page", ()), ("mydata_json", "held_json", ((delete,),)))
    )
    return Turn(context.state, tuple(messages))


def name_records(services: Services, entry_ids: Collection[str], lang: str) -> dict[str, dict[str, str]]:
    """Return the names of entries, self-check questions and contacts by id, as the export shows them."""
    answers = {entry_id: services.answerer.show_entry(entry_id, lang) for entry_id in entry_ids}
    questions = (check.questions for check in services.selfchecks if check.lang == lang)
    return {
        "entry": {entry_id: answer.source.title for entry_id, answer in answers.items() if answer and answer.source},
        "question": {question.id: question.name for question in next(questions, ())},
        "contact": {contact.id: contact.name for contact in services.contacts},
    }


def ask_deletion(context: TurnContext) -> Turn:
    """Ask for confirmation, listing what would be deleted."""
    lang = context.lang
    rows = tuple((Button(format_label(f"delete_{key}", lang), f"{ERASURE_CALLBACK}{key}"),) for key in ("yes", "no"))
    return context.reply(render_template("delete_confirm", lang, **_count_data(context)), rows)


def delete_data(context: TurnContext) -> Turn:
    """Delete everything; the receipt says what was deleted and when, and what the bot cannot delete."""
    services, lang, now = context.services, context.lang, context.services.now()
    summary = _count_data(context)
    moment = format_label("moment", lang, date=format_date(now, lang), time=f"{to_local_time(now):%H:%M}")
    mailed = [reference for reference in summary["requests"] if services.store.erasure.was_mailed(reference)]
    html = render_template("deleted", lang, **summary, moment=moment, mailed=mailed, days=services.retention_days)
    acknowledgement = context.edit_tapped(format_label("delete_chosen", lang))
    messages: tuple[Message, ...] = (acknowledgement, SendMessage(html), AnswerCallback(), *restore_menu(context))
    return Turn(State(lang=context.state.lang), messages, (ErasePerson(),))


def keep_data(context: TurnContext) -> Turn:
    """Confirm that nothing is deleted."""
    return Turn(context.state, (context.edit_tapped(render_template("kept", context.lang)),))


def _count_data(context: TurnContext) -> dict[str, Any]:
    tables = context.services.store.erasure.load_personal_data(context.event.user_id)
    counts = {kind: len(tables.get(kind, ())) for kind in COUNTED_TABLES}
    advised = (row for row in tables.get("advised", ()) if row["status"] != RequestStatus.CLOSED)
    return {
        "counts": counts,
        "requests": [request.reference for request in context.requests],
        "running": [request.reference for request in context.open_requests],
        "advising": [row["reference"] for row in advised],
        "told": context.reaches_advisers,
        "nothing": not any(counts.values()) and not context.requests,
    }


def _render_notice(context: TurnContext, template: str) -> str:
    services = context.services
    return render_template(
        template,
        context.lang,
        operator=services.operator,
        contact=services.contact,
        days=services.retention_days,
        mail=services.sends_mail,
        desk=context.adviser_chat is not None,
    )


def _notice_keyboard(context: TurnContext, other_page: str) -> Keyboard:
    data, delete, other, stop = (
        Button(format_label(f"privacy_{action}", context.lang), f"{PRIVACY_CALLBACK}{action}")
        for action in ("data", "delete", other_page, "stop")
    )
    return ((data, delete), (other,), *(((stop,),) if feedback.has_consented(context.state) else ()))
