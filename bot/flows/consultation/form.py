"""The form of a request for advice: one question at a time, back and forth, until the summary.

```mermaid
stateDiagram-v2
    [*] --> concern
    concern --> organisation
    organisation --> kind
    kind --> place
    place --> reach
    reach --> address
    reach --> review
    address --> times: for a call
    address --> review
    times --> review
    review --> [*]
```

Every step leads back to the previous one, and `/abbrechen` cancels at any step. Questions in between are answered.
Buttons of an earlier question are no longer valid, so a double tap skips nothing.
"""

from dataclasses import replace

from bot.domain.consultation import (
    MAX_LENGTHS,
    OPTIONAL_STEPS,
    REQUESTER_KINDS,
    ContactChannel,
    Details,
    Form,
    FormStep,
)
from bot.domain.message import Button, Keyboard, SendMessage
from bot.domain.turn import Turn
from bot.flows import request_limits
from bot.flows.absence import render_absence
from bot.flows.callback_data import FORM_CALLBACK
from bot.flows.consultation import review
from bot.flows.context import CallbackHandler, TurnContext, dispatch_action
from prompts.message_splitter import utf16_length
from prompts.render import format_label, render_template

STEP_ORDER = tuple(FormStep)
CHOICE_STEPS = (FormStep.KIND, FormStep.CHANNEL, FormStep.REVIEW)  # answered by buttons, not in writing


def begin_form(context: TurnContext) -> Turn:
    """Begin a form, or continue an unfinished one."""
    if context.state.form:
        return _resume_form(context, "form_again")
    if refusal := request_limits.refuse_new_request(context):
        return refusal
    references = ", ".join(request.reference for request in context.open_requests)
    new_form = Form(brief=review.build_request_context(context))
    note = "form_beside" if references else ""
    return show_form(context.change(form=new_form), note, begins=True, numbers=references)


def begin_form_with_concern(context: TurnContext, concern: str) -> Turn:
    """Begin a form with a given concern; an unfinished form that has a concern is continued instead."""
    if context.state.form and context.state.form.details.concern:
        return begin_form(context)
    new_form = Form(details=Details(concern=concern), brief=review.build_request_context(context))
    return show_form(context.change(form=new_form), begins=True)


def show_form(context: TurnContext, note: str = "", *, begins: bool = False, **values: object) -> Turn:
    """Show the form's current question or the summary, in the form's tapped message or in a new one.

    Args:
        note: key of the label above it, "" for none.
        begins: whether the person sees the form for the first time, and so the contact that is quicker.
        values: the label's variables besides ``most``, the maximum length of the answer.
    """
    form, lang = _current_form(context), context.lang
    note_text = format_label(note, lang, **{"most": MAX_LENGTHS.get(form.at, 0), **values}) if note else ""
    if begins or form.at is FormStep.REVIEW:
        note_text = " ".join(filter(None, (note_text, render_absence(context))))
    if form.at is FormStep.REVIEW:
        note_text = note_text or ("" if context.reaches_advisers else format_label("form_unconnected", lang))
        form = replace(form, reviewed=True)
        context, html = context.change(form=form), review.render_summary(context, form, note_text)
        if excess := review.excess_length(html):  # nobody can consent to text that is cut off
            shorter = context.change(form=replace(form, at=FormStep.CONCERN))
            return show_form(shorter, "form_together", most=utf16_length(form.details.concern) - excess)
    else:
        number, total = _count_steps(form)
        step_values = {"at": form.at.value, "value": _current_value(form), "form": form, "note": note_text}
        step_values |= {"n": number, "total": total, "contact": context.services.contact, "begins": begins}
        step_values["reaches"] = context.reaches_advisers
        html = render_template("form", lang, **step_values)
    return context.send_or_edit(html, form_keyboard(form, lang), edited_by=FORM_CALLBACK)


def fill_step(context: TurnContext, value: str) -> Turn:
    """Record the answer to the current question, and show the next one."""
    form = _current_form(context)
    return advance_form(context, form.details.with_answer(form.at, value))


def advance_form(context: TurnContext, details: Details) -> Turn:
    """Show the question after the current one, with details that include its answer.

    A contact channel that the person wished for earlier is not asked for again, only its address if that is missing.
    """
    form = replace(_current_form(context), details=details)
    following = next_step(form)
    if following is FormStep.CHANNEL and details.reach is not ContactChannel.TELEGRAM:
        following = next_step(replace(form, at=FormStep.CHANNEL))
    return _go_to_step(context.change(form=form), following)


def next_step(form: Form) -> FormStep:
    """Return the step after the current one; for a line changed from the summary, that is the summary again."""
    if form.at is FormStep.CHANNEL and not form.details.is_reachable:
        return FormStep.ADDRESS
    if form.reviewed:
        return FormStep.REVIEW
    following = _asked_steps(form)[_asked_steps(form).index(form.at) + 1 :]
    return next(step for step in following if step is not FormStep.ADDRESS)


def previous_step(form: Form) -> FormStep:
    """Return the step before the current one, which must not be the first."""
    if form.reviewed and form.at is not FormStep.REVIEW:
        address_step = FormStep.CHANNEL if form.at is FormStep.ADDRESS else FormStep.ADDRESS
        return FormStep.REVIEW if form.details.is_reachable else address_step
    steps = _asked_steps(form)
    return steps[steps.index(form.at) - 1]


def form_reminder(lang: str) -> SendMessage:
    """Return the message that an unfinished form is waiting, with a button that continues it."""
    return SendMessage(render_template("form_waits", lang), ((_form_button("form_go_on", "resume:", lang),),))


def form_keyboard(form: Form, lang: str) -> Keyboard:
    """Return the buttons below the current question or the summary."""
    return review.review_keyboard(form, lang) if form.at is FormStep.REVIEW else _step_keyboard(form, lang)


def cancel_form(context: TurnContext) -> Turn:
    """Discard the form; nothing of it was passed on."""
    return context.change(form=None).say("cancelled", contact=context.services.contact)


def handle_form_callback(context: TurnContext, data: str) -> Turn | None:
    """Return the turn of a tap, which also resumes the form; None if the button is not valid."""
    form = context.state.form
    if form is None:
        return None
    return dispatch_action(FORM_ACTIONS, context.change(form=replace(form, paused=False)), data)


def _current_form(context: TurnContext) -> Form:
    assert context.state.form is not None
    return context.state.form


def _current_value(form: Form) -> str:
    """Return what was already written for the current step; "" for steps answered by buttons."""
    return "" if form.at in CHOICE_STEPS else str(getattr(form.details, form.at.value))


def _asked_steps(form: Form) -> list[FormStep]:
    """Return the steps that the chosen way to reply leaves, and the current one in any case."""
    skipped = set[FormStep]()
    if form.details.reach is ContactChannel.TELEGRAM:
        skipped.add(FormStep.ADDRESS)
    if not form.details.asks_for_times:
        skipped.add(FormStep.TIMES)
    return [step for step in STEP_ORDER if step not in skipped or step is form.at]


def _count_steps(form: Form) -> tuple[int, int]:
    """Return the current step's number and how many there are; address and times belong to the way to reply."""
    counted_steps = STEP_ORDER[: STEP_ORDER.index(FormStep.CHANNEL) + 1]
    at = form.at if form.at in counted_steps else FormStep.CHANNEL
    return counted_steps.index(at) + 1, len(counted_steps)


def _step_keyboard(form: Form, lang: str) -> Keyboard:
    rows: list[tuple[Button, ...]] = []
    value, question = _current_value(form), form.brief.question
    match form.at:
        case FormStep.CONCERN if question and not value and utf16_length(question) <= MAX_LENGTHS[FormStep.CONCERN]:
            rows.append((_form_button("form_use_question", "use:", lang),))
        case FormStep.KIND:
            buttons = [_form_button(f"kind_{kind}", f"kind:{kind}", lang) for kind in REQUESTER_KINDS]
            rows += [tuple(buttons[start : start + 2]) for start in range(0, len(buttons), 2)]
        case FormStep.CHANNEL:
            rows += [(_form_button(f"reach_{channel}", f"reach:{channel}", lang),) for channel in ContactChannel]
    if value:
        rows.append((_form_button("form_keep", f"keep:{form.at}", lang),))
    if form.at in OPTIONAL_STEPS:
        rows.append((_form_button("form_drop" if value else "form_skip", f"skip:{form.at}", lang),))
    back = () if form.at is FormStep.CONCERN else (_form_button("back", f"back:{form.at}", lang),)
    return (*rows, (*back, _form_button("cancel", "cancel:", lang)))


def _form_button(label: str, data: str, lang: str) -> Button:
    return Button(format_label(label, lang), f"{FORM_CALLBACK}{data}")


def _go_to_step(context: TurnContext, step: FormStep) -> Turn:
    return show_form(context.change(form=replace(_current_form(context), at=step)))


def _use_question(context: TurnContext, _: str) -> Turn | None:
    form = _current_form(context)
    is_valid = form.at is FormStep.CONCERN and form.brief.question
    return fill_step(context, form.brief.question) if is_valid else None


def _choose_kind(context: TurnContext, kind: str) -> Turn | None:
    is_valid = _current_form(context).at is FormStep.KIND and kind in REQUESTER_KINDS
    return fill_step(context, kind) if is_valid else None


def _choose_channel(context: TurnContext, channel: str) -> Turn | None:
    is_valid = _current_form(context).at is FormStep.CHANNEL and channel in set(ContactChannel)
    return fill_step(context, channel) if is_valid else None


def _skip_step(context: TurnContext, step: str) -> Turn | None:
    form = _current_form(context)
    return fill_step(context, "") if form.at == step and form.at in OPTIONAL_STEPS else None


def _keep_value(context: TurnContext, step: str) -> Turn | None:
    form = _current_form(context)
    return _go_to_step(context, next_step(form)) if form.at == step and _current_value(form) else None


def _go_back(context: TurnContext, step: str) -> Turn | None:
    form = _current_form(context)
    is_valid = form.at == step and form.at is not FormStep.CONCERN
    return _go_to_step(context, previous_step(form)) if is_valid else None


def _edit_line(context: TurnContext, step: str) -> Turn | None:
    form = _current_form(context)
    is_valid = form.at is FormStep.REVIEW and step in review.editable_lines(form)
    return _go_to_step(context, FormStep(step)) if is_valid else None


def _toggle_shared_part(context: TurnContext, part: str) -> Turn | None:
    form = _current_form(context)
    if form.at is not FormStep.REVIEW or part not in review.available_parts(form):
        return None
    return show_form(context.change(form=replace(form, shares=form.shares ^ {part})))


def _confirm_request(context: TurnContext, seen_digest: str) -> Turn | None:
    form = _current_form(context)
    if form.at is not FormStep.REVIEW:
        return None
    if seen_digest != review.consent_digest(form):
        return show_form(context, "form_changed")
    return review.send_request(context)


def _resume_form(context: TurnContext, note: str = "") -> Turn:
    return show_form(context.change(form=replace(_current_form(context), paused=False)), note)


FORM_ACTIONS: dict[str, CallbackHandler] = {
    "use": _use_question,
    "kind": _choose_kind,
    "reach": _choose_channel,
    "skip": _skip_step,
    "keep": _keep_value,
    "back": _go_back,
    "go": _edit_line,
    "share": _toggle_shared_part,
    "send": _confirm_request,
    "cancel": lambda context, _: cancel_form(context),
    "resume": lambda context, _: _resume_form(context),
}
