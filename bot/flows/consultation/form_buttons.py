"""The buttons of the form. One of an earlier question no longer counts, so a double tap skips nothing."""

from collections.abc import Callable
from dataclasses import replace

from bot.domain.consultation import OPTIONAL_STEPS, REQUESTER_KINDS, ContactChannel, Form, FormStep
from bot.domain.event import Event
from bot.domain.turn import State, Turn
from bot.flows.consultation import review
from bot.flows.consultation.form import fill_step, next_step, previous_step, show_form
from bot.flows.context import Services

SHAREABLE_PARTS = ("question", "progress")
KEEPABLE_STEPS = (
    FormStep.CONCERN,
    FormStep.ORGANISATION,
    FormStep.PLACE,
    FormStep.ADDRESS,
    FormStep.TIMES,
)  # what was written, and can stay
FormAction = Callable[[Services, State, Event, Form, str], Turn | None]


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
