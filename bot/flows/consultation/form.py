"""The form of a request for advice: one question at a time, forth and back, until the summary.

```mermaid
stateDiagram-v2
    [*] --> concern
    concern --> organisation
    organisation --> kind
    kind --> place
    place --> reach
    reach --> address
    reach --> times
    address --> times
    times --> review
    review --> [*]
```

Every step leads back to the one before it, and `/abbrechen` out of each. Questions in between are answered.
"""

from collections.abc import Callable
from dataclasses import replace

from bot.domain.consultation import (
    MAX_LENGTHS,
    OPTIONAL_STEPS,
    REQUESTER_KINDS,
    ContactChannel,
    Details,
    Form,
    FormStep,
    RequestStatus,
)
from bot.domain.event import Event, EventKind
from bot.domain.message import Button, EditMessage, Keyboard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows import request_limits
from bot.flows.callback_data import FORM_CALLBACK
from bot.flows.consultation import review
from bot.flows.consultation.review import build_request_context
from bot.flows.context import Services
from prompts.message_splitter import utf16_length
from prompts.render import format_label, render_template

STEP_ORDER = tuple(FormStep)
SHAREABLE_PARTS = ("question", "progress")
KEEPABLE_STEPS = (
    FormStep.CONCERN,
    FormStep.ORGANISATION,
    FormStep.PLACE,
    FormStep.ADDRESS,
    FormStep.TIMES,
)  # what was written, and can stay
FormAction = Callable[[Services, State, Event, Form, str], Turn | None]


def begin_form(services: Services, state: State, event: Event) -> Turn:
    """Begin a form, or go on with one that was begun before."""
    if state.form:
        return show_form(services, replace(state, form=replace(state.form, paused=False)), event, "form_again")
    if refusal := request_limits.refuse_new_request(services, state, event):
        return refusal
    started = replace(state, form=Form(brief=build_request_context(services, state, event)))
    open_references = [
        request.reference
        for request in services.store.requests_by_user(event.user_id)
        if request.status is not RequestStatus.CLOSED
    ]
    return show_form(
        services, started, event, "form_beside" if open_references else "", numbers=", ".join(open_references)
    )


def show_form(services: Services, state: State, event: Event, note: str = "", **values: object) -> Turn:
    """What the form asks now, in the tapped message of the form or in a new one; ``note`` is a label above it."""
    assert state.form is not None
    form, lang = state.form, services.lang(state, event)
    note_text = format_label(note, lang, **{"most": MAX_LENGTHS.get(form.at, 0), **values}) if note else ""
    if form.at is FormStep.REVIEW:
        form = replace(form, reviewed=True)
        state, html = replace(state, form=form), review.render_summary(services, form, event, lang, note_text)
        if excess := review.excess_length(html):  # nobody can agree to what is cut off
            shorter = replace(state, form=replace(form, at=FormStep.CONCERN))
            return show_form(
                services, shorter, event, "form_together", most=utf16_length(form.details.concern) - excess
            )
    else:
        number, total = _count_steps(form)
        step_values = {"at": form.at.value, "value": _current_value(form), "form": form, "note": note_text}
        html = render_template("form", lang, **step_values, n=number, total=total, contact=services.contact)
    if event.kind is EventKind.BUTTON and event.text.startswith(FORM_CALLBACK):
        return Turn(state, (EditMessage(html, form_keyboard(form, lang), message_id=event.message_id),))
    return Turn(state, (SendMessage(html, form_keyboard(form, lang)),))


def fill_step(services: Services, state: State, event: Event, value: str) -> Turn:
    """The form with this value for what it asked, at its next question."""
    form = state.form
    assert form is not None
    return advance_form(services, state, event, form.details.with_answer(form.at, value))


def advance_form(services: Services, state: State, event: Event, details: Details) -> Turn:
    """The form with these details, at its next question."""
    assert state.form is not None
    form = replace(state.form, details=details)
    return show_form(services, replace(state, form=replace(form, at=next_step(form))), event)


def next_step(form: Form) -> FormStep:
    """What is asked next; a line changed in the summary leads back to it."""
    if form.at is FormStep.CHANNEL and not form.details.is_reachable:
        return FormStep.ADDRESS
    if form.reviewed:
        return FormStep.REVIEW
    step = STEP_ORDER[STEP_ORDER.index(form.at) + 1]
    return FormStep.TIMES if step is FormStep.ADDRESS else step


def previous_step(form: Form) -> FormStep:
    """What was asked before."""
    if form.reviewed and form.at is not FormStep.REVIEW:
        address_step = FormStep.CHANNEL if form.at is FormStep.ADDRESS else FormStep.ADDRESS
        return FormStep.REVIEW if form.details.is_reachable else address_step
    step = STEP_ORDER[STEP_ORDER.index(form.at) - 1]
    return FormStep.CHANNEL if step is FormStep.ADDRESS and form.details.reach is ContactChannel.TELEGRAM else step


def form_reminder(services: Services, state: State, event: Event) -> SendMessage:
    """Says that a form waits, with the button that leads back to it."""
    lang = services.lang(state, event)
    return SendMessage(
        render_template("form_waits", lang), ((Button(format_label("form_go_on", lang), f"{FORM_CALLBACK}resume:"),),)
    )


def form_keyboard(form: Form, lang: str) -> Keyboard:
    """The buttons under what the form asks now."""
    return review.review_keyboard(form, lang) if form.at is FormStep.REVIEW else _step_keyboard(form, lang)


def _current_value(form: Form) -> str:
    """What was written for this before; what is chosen by buttons is not shown again."""
    return "" if form.at in (FormStep.KIND, FormStep.CHANNEL) else str(getattr(form.details, form.at.value))


def _count_steps(form: Form) -> tuple[int, int]:
    counted_steps = [step for step in STEP_ORDER[:-1] if step is not FormStep.ADDRESS]
    return counted_steps.index(FormStep.CHANNEL if form.at is FormStep.ADDRESS else form.at) + 1, len(counted_steps)


def _step_keyboard(form: Form, lang: str) -> Keyboard:
    rows: list[tuple[Button, ...]] = []
    value = _current_value(form)
    match form.at:
        case FormStep.CONCERN if (
            form.brief.question and not value and utf16_length(form.brief.question) <= MAX_LENGTHS[FormStep.CONCERN]
        ):
            rows.append((Button(format_label("form_use_question", lang), f"{FORM_CALLBACK}use:"),))
        case FormStep.KIND:
            buttons = [
                Button(format_label(f"kind_{kind}", lang), f"{FORM_CALLBACK}kind:{kind}") for kind in REQUESTER_KINDS
            ]
            rows += [tuple(buttons[start : start + 2]) for start in range(0, len(buttons), 2)]
        case FormStep.CHANNEL:
            rows += [
                (Button(format_label(f"reach_{reach}", lang), f"{FORM_CALLBACK}reach:{reach}"),)
                for reach in ContactChannel
            ]
    if value:
        rows.append((Button(format_label("form_keep", lang), f"{FORM_CALLBACK}keep:{form.at}"),))
    if form.at in OPTIONAL_STEPS:
        rows.append(
            (Button(format_label("form_drop" if value else "form_skip", lang), f"{FORM_CALLBACK}skip:{form.at}"),)
        )
    back = (
        (Button(format_label("back", lang), f"{FORM_CALLBACK}back:{form.at}"),)
        if form.at is not FormStep.CONCERN
        else ()
    )
    return (*rows, (*back, Button(format_label("cancel", lang), f"{FORM_CALLBACK}cancel:")))


def handle_form_callback(services: Services, state: State, event: Event, data: str) -> Turn | None:
    """The turn of a tap; None where the button no longer counts."""
    action, _, value = data.partition(":")
    if state.form is None or action not in FORM_ACTIONS:
        return None
    return FORM_ACTIONS[action](
        services, replace(state, form=replace(state.form, paused=False)), event, state.form, value
    )


def cancel_form(services: Services, state: State, event: Event) -> Turn:
    """The form is thrown away; nothing was passed on."""
    return services.say(replace(state, form=None), event, "cancelled", contact=services.contact)


def _go_to_step(services: Services, state: State, event: Event, form: Form, step: FormStep) -> Turn:
    return show_form(services, replace(state, form=replace(form, at=step, paused=False)), event)


def _use_question(services: Services, state: State, event: Event, form: Form, _: str) -> Turn | None:
    return (
        fill_step(services, state, event, form.brief.question)
        if form.at is FormStep.CONCERN and form.brief.question
        else None
    )


def _choose_kind(services: Services, state: State, event: Event, form: Form, kind: str) -> Turn | None:
    return fill_step(services, state, event, kind) if form.at is FormStep.KIND and kind in REQUESTER_KINDS else None


def _choose_channel(services: Services, state: State, event: Event, form: Form, channel: str) -> Turn | None:
    return (
        fill_step(services, state, event, channel)
        if form.at is FormStep.CHANNEL and channel in set(ContactChannel)
        else None
    )


def _skip_step(services: Services, state: State, event: Event, form: Form, step: str) -> Turn | None:
    return fill_step(services, state, event, "") if form.at == step and form.at in OPTIONAL_STEPS else None


def _keep_value(services: Services, state: State, event: Event, form: Form, step: str) -> Turn | None:
    has_value = form.at in KEEPABLE_STEPS and bool(getattr(form.details, form.at.value))
    return _go_to_step(services, state, event, form, next_step(form)) if form.at == step and has_value else None


def _go_back(services: Services, state: State, event: Event, form: Form, step: str) -> Turn | None:
    return (
        _go_to_step(services, state, event, form, previous_step(form))
        if form.at == step and form.at is not FormStep.CONCERN
        else None
    )


def _edit_line(services: Services, state: State, event: Event, form: Form, step: str) -> Turn | None:
    return (
        _go_to_step(services, state, event, form, FormStep(step))
        if form.at is FormStep.REVIEW and step in review.REVIEW_LINES
        else None
    )


def _toggle_shared_part(services: Services, state: State, event: Event, form: Form, part: str) -> Turn | None:
    if form.at is not FormStep.REVIEW or part not in SHAREABLE_PARTS:
        return None
    changed = replace(form, shares=form.shares ^ {part}, paused=False)
    return show_form(services, replace(state, form=changed), event)


def _confirm_request(services: Services, state: State, event: Event, form: Form, seen_digest: str) -> Turn | None:
    if form.at is not FormStep.REVIEW:
        return None
    if seen_digest != review.consent_digest(form):
        return show_form(services, state, event, "form_changed")
    return review.send_request(services, state, event)


def _handle_cancel(services: Services, state: State, event: Event, form: Form, _: str) -> Turn | None:
    return cancel_form(services, state, event)


def _resume_form(services: Services, state: State, event: Event, form: Form, _: str) -> Turn | None:
    return show_form(services, state, event)


FORM_ACTIONS: dict[str, FormAction] = {
    "use": _use_question,
    "kind": _choose_kind,
    "reach": _choose_channel,
    "skip": _skip_step,
    "keep": _keep_value,
    "back": _go_back,
    "go": _edit_line,
    "share": _toggle_shared_part,
    "send": _confirm_request,
    "cancel": _handle_cancel,
    "resume": _resume_form,
}
