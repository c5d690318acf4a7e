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

from dataclasses import replace

from bot.domain.consultation import KINDS, LONGEST, OPTIONAL, Ask, Details, Form, Reach, Status
from bot.domain.event import Event, Kind
from bot.domain.message import Button, Change, Keyboard, Say
from bot.domain.turn import State, Turn
from bot.flows import request_limits
from bot.flows.callback_data import FORM
from bot.flows.consultation import review
from bot.flows.consultation.brief import brief
from bot.flows.context import Parts
from prompts.message_splitter import units
from prompts.render import label, render

ORDER = tuple(Ask)


def begin(parts: Parts, state: State, event: Event) -> Turn:
    """Begin a form, or go on with one that was begun before."""
    if state.form:
        return shown(parts, replace(state, form=replace(state.form, paused=False)), event, "form_again")
    if refused := request_limits.new_request(parts, state, event):
        return refused
    fresh = replace(state, form=Form(brief=brief(parts, state, event)))
    running = [one.reference for one in parts.store.requests_by(event.user_id) if one.status is not Status.CLOSED]
    return shown(parts, fresh, event, "form_beside" if running else "", numbers=", ".join(running))


def shown(parts: Parts, state: State, event: Event, note: str = "", **values: object) -> Turn:
    """What the form asks now, in the tapped message of the form or in a new one; ``note`` is a label above it."""
    assert state.form is not None
    form, lang = state.form, parts.lang(state, event)
    said = label(note, lang, **{"most": LONGEST.get(form.at, 0), **values}) if note else ""
    if form.at is Ask.REVIEW:
        form = replace(form, reviewed=True)
        state, html = replace(state, form=form), review.summary(parts, form, event, lang, said)
        if beyond := review.beyond(html):  # nobody can agree to what is cut off
            shorter = replace(state, form=replace(form, at=Ask.CONCERN))
            return shown(parts, shorter, event, "form_together", most=units(form.details.concern) - beyond)
    else:
        number, total = _count(form)
        known = {"at": form.at.value, "value": _value(form), "form": form, "note": said}
        html = render("form", lang, **known, n=number, total=total, contact=parts.contact)
    if event.kind is Kind.BUTTON and event.text.startswith(FORM):
        return Turn(state, (Change(html, keyboard(form, lang), message_id=event.message_id),))
    return Turn(state, (Say(html, keyboard(form, lang)),))


def filled(parts: Parts, state: State, event: Event, value: str) -> Turn:
    """The form with this value for what it asked, at its next question."""
    form = state.form
    assert form is not None
    return advanced(parts, state, event, form.details.told(form.at, value))


def advanced(parts: Parts, state: State, event: Event, details: Details) -> Turn:
    """The form with these details, at its next question."""
    assert state.form is not None
    form = replace(state.form, details=details)
    return shown(parts, replace(state, form=replace(form, at=following(form))), event)


def following(form: Form) -> Ask:
    """What is asked next; a line changed in the summary leads back to it."""
    if form.at is Ask.REACH and not form.details.complete:
        return Ask.ADDRESS
    if form.reviewed:
        return Ask.REVIEW
    after = ORDER[ORDER.index(form.at) + 1]
    return Ask.TIMES if after is Ask.ADDRESS else after


def preceding(form: Form) -> Ask:
    """What was asked before."""
    if form.reviewed and form.at is not Ask.REVIEW:
        without = Ask.REACH if form.at is Ask.ADDRESS else Ask.ADDRESS
        return Ask.REVIEW if form.details.complete else without
    before = ORDER[ORDER.index(form.at) - 1]
    return Ask.REACH if before is Ask.ADDRESS and form.details.reach is Reach.HERE else before


def reminder(parts: Parts, state: State, event: Event) -> Say:
    """Says that a form waits, with the button that leads back to it."""
    lang = parts.lang(state, event)
    return Say(render("form_waits", lang), ((Button(label("form_go_on", lang), f"{FORM}resume:"),),))


def keyboard(form: Form, lang: str) -> Keyboard:
    """The buttons under what the form asks now."""
    return review.keyboard(form, lang) if form.at is Ask.REVIEW else _keyboard(form, lang)


def _value(form: Form) -> str:
    """What was written for this before; what is chosen by buttons is not shown again."""
    return "" if form.at in (Ask.KIND, Ask.REACH) else str(getattr(form.details, form.at.value))


def _count(form: Form) -> tuple[int, int]:
    asked = [at for at in ORDER[:-1] if at is not Ask.ADDRESS]
    return asked.index(Ask.REACH if form.at is Ask.ADDRESS else form.at) + 1, len(asked)


def _keyboard(form: Form, lang: str) -> Keyboard:
    rows: list[tuple[Button, ...]] = []
    value = _value(form)
    match form.at:
        case Ask.CONCERN if form.brief.question and not value and units(form.brief.question) <= LONGEST[Ask.CONCERN]:
            rows.append((Button(label("form_use_question", lang), f"{FORM}use:"),))
        case Ask.KIND:
            buttons = [Button(label(f"kind_{kind}", lang), f"{FORM}kind:{kind}") for kind in KINDS]
            rows += [tuple(buttons[at : at + 2]) for at in range(0, len(buttons), 2)]
        case Ask.REACH:
            rows += [(Button(label(f"reach_{reach}", lang), f"{FORM}reach:{reach}"),) for reach in Reach]
    if value:
        rows.append((Button(label("form_keep", lang), f"{FORM}keep:{form.at}"),))
    if form.at in OPTIONAL:
        rows.append((Button(label("form_drop" if value else "form_skip", lang), f"{FORM}skip:{form.at}"),))
    back = (Button(label("back", lang), f"{FORM}back:{form.at}"),) if form.at is not Ask.CONCERN else ()
    return (*rows, (*back, Button(label("cancel", lang), f"{FORM}cancel:")))
