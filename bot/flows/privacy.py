"""What happens to a person's data: the notice, what is held, and its deletion after a second question."""

from typing import Any

from bot.domain.consultation import RequestStatus
from bot.domain.effects import ErasePerson
from bot.domain.event import Event
from bot.domain.message import AnswerCallback, Attachment, Button, EditMessage, Keyboard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows import feedback
from bot.flows.callback_data import ERASURE_CALLBACK, PRIVACY_CALLBACK
from bot.flows.context import Services
from prompts.dates import format_date, to_local_time
from prompts.render import format_label, render_template

COUNTED_TABLES = ("states", "checks", "shares", "feedback", "questions")


def show_notice(services: Services, state: State, event: Event) -> Turn:
    """The notice, short."""
    return Turn(
        state,
        (
            SendMessage(
                _render_notice(services, state, event, "privacy"), _notice_keyboard(services, state, event, "more")
            ),
        ),
    )


def handle_privacy_callback(services: Services, state: State, event: Event, action: str) -> Turn | None:
    """A tap under the notice: the other page, the data, their deletion, or no more kept questions."""
    match action:
        case "more" | "less":
            template, other_page = ("privacy_more", "less") if action == "more" else ("privacy", "more")
            html = _render_notice(services, state, event, template)
            return Turn(
                state,
                (
                    EditMessage(
                        html, _notice_keyboard(services, state, event, other_page), message_id=event.message_id
                    ),
                ),
            )
        case "data":
            return send_personal_data(services, state, event)
        case "delete":
            return ask_deletion(services, state, event)
        case "stop":
            return feedback.withdraw_consent(services, state, event)
    return None


def send_personal_data(services: Services, state: State, event: Event) -> Turn:
    """Everything held on the person: to be read, and to be taken along. Both are made when they are sent."""
    lang = services.lang(state, event)
    values = {"person": event.user_id, "lang": lang, "now": services.now()}
    page, data = (Attachment(kind, values, as_document=True) for kind in ("held_page", "held_json"))
    return Turn(
        state,
        (
            SendMessage(render_template("mydata", lang), attachment=page),
            SendMessage(render_template("mydata_json", lang), attachment=data),
        ),
    )


def ask_deletion(services: Services, state: State, event: Event) -> Turn:
    """The second question, with what would be deleted."""
    lang = services.lang(state, event)
    row = tuple(
        (Button(format_label(f"delete_{answer}", lang), f"{ERASURE_CALLBACK}{answer}"),) for answer in ("yes", "no")
    )
    return Turn(state, (SendMessage(render_template("delete_confirm", lang, **_count_data(services, event)), row),))


def delete_data(services: Services, state: State, event: Event, _: str) -> Turn:
    """Everything is deleted; the receipt says what, when, and what is out of reach."""
    lang, now = services.lang(state, event), services.now()
    summary = _count_data(services, event)
    moment = format_label("moment", lang, date=format_date(now, lang), time=f"{to_local_time(now):%H:%M}")
    mailed = [reference for reference in summary["requests"] if services.store.was_mailed(reference)]
    html = render_template("deleted", lang, **summary, moment=moment, mailed=mailed, days=services.retention_days)
    acknowledgement = EditMessage(format_label("delete_chosen", lang), message_id=event.message_id)
    return Turn(State(lang=state.lang), (acknowledgement, SendMessage(html), AnswerCallback()), (ErasePerson(),))


def keep_data(services: Services, state: State, event: Event, _: str) -> Turn:
    """Nothing is deleted."""
    html = render_template("kept", services.lang(state, event))
    return Turn(state, (EditMessage(html, message_id=event.message_id),))


def _count_data(services: Services, event: Event) -> dict[str, Any]:
    """What is held, for a sentence about each kind."""
    tables = services.store.load_personal_data(event.user_id)
    requests = services.store.requests_by_user(event.user_id)
    open_references = [request.reference for request in requests if request.status is not RequestStatus.CLOSED]
    advised_references = [
        row["reference"] for row in tables.get("advised", ()) if row["status"] != RequestStatus.CLOSED
    ]
    counts = {kind: len(tables.get(kind, ())) for kind in COUNTED_TABLES}
    return {
        "counts": counts,
        "requests": [request.reference for request in requests],
        "running": open_references,
        "advising": advised_references,
        "told": services.adviser_chat is not None or services.sends_mail,
        "nothing": not any(counts.values()) and not requests,
    }


def _render_notice(services: Services, state: State, event: Event, template: str) -> str:
    values = {"operator": services.operator, "contact": services.contact, "days": services.retention_days}
    return render_template(
        template,
        services.lang(state, event),
        **values,
        mail=services.sends_mail,
        desk=services.adviser_chat is not None,
    )


def _notice_keyboard(services: Services, state: State, event: Event, other_page: str) -> Keyboard:
    lang = services.lang(state, event)
    first = tuple(
        Button(format_label(f"privacy_{name}", lang), f"{PRIVACY_CALLBACK}{name}") for name in ("data", "delete")
    )
    stop = (
        ((Button(format_label("privacy_stop", lang), f"{PRIVACY_CALLBACK}stop"),),)
        if feedback.has_consented(state)
        else ()
    )
    return (first, (Button(format_label(f"privacy_{other_page}", lang), f"{PRIVACY_CALLBACK}{other_page}"),), *stop)
