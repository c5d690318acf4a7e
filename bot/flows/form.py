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

from bot.consultation import KINDS, LONGEST, OPTIONAL, Ask, Form, Reach, Status
from bot.flows import limits, review
from bot.flows.brief import brief
from bot.flows.parts import Parts
from bot.flows.questions import ask as answer_question
from bot.flows.review import FORM
from bot.model import Button, Change, Event, Keyboard, Kind, Say, State, Turn
from bot.reach import checked, recognised
from prompts.render import label, render

ORDER = tuple(Ask)


def begin(parts: Parts, state: State, event: Event) -> Turn:
    """Begin a form, or go on with one that was begun before."""
    if state.form:
        return shown(parts, replace(state, form=replace(state.form, paused=False)), event, "form_again")
    if refused := limits.new_request(parts, state, event):
        return refused
    fresh = replace(state, form=Form(brief=brief(parts, state, event)))
    running = [one.reference for one in parts.store.requests_by(event.user_id) if one.status is not Status.CLOSED]
    return shown(parts, fresh, event, "form_beside" if running else "", numbers=", ".join(running))


def shown(parts: Parts, state: State, event: Event, note: str = "", **values: object) -> Turn:
    """What the form asks now, in the tapped message of the form or in a new one; ``note`` is a label above it."""
    assert state.form is not None
    form, lang = state.form, parts.lang(state, event)
    said = label(note, lang, most=LONGEST.get(form.at, 0), **values) if note else ""
    if form.at is Ask.REVIEW:
        form = replace(form, reviewed=True)
        state = replace(state, form=form)
        html, keyboard = review.summary(parts, form, event, lang, said), review.keyboard(form, lang)
    else:
        number, total = _count(form)
        known = {"at": form.at.value, "value": _value(form), "form": form, "note": said}
        html = render("form", lang, **known, n=number, total=total, contact=parts.contact)
        keyboard = _keyboard(form, lang)
    if event.kind is Kind.BUTTON and event.text.startswith(FORM):
        return Turn(state, (Change(html, keyboard, message_id=event.message_id),))
    return Turn(state, (Say(html, keyboard),))


def text(parts: Parts, state: State, event: Event) -> Turn:
    """A text while the form waits: what it asked for, or a question of the person's own."""
    form = state.form
    assert form is not None
    written = event.text.strip()
    if _is_question(form.at, written):
        return _answered(parts, state, event)
    match form.at:
        case Ask.REVIEW:
            return shown(parts, state, event, "form_choose")
        case Ask.KIND:
            kind = _kind(written, parts.lang(state, event))
            if kind is None:
                return shown(parts, state, event, "form_choose")
            return filled(parts, state, event, kind)
        case Ask.REACH:
            if (found := recognised(written)) is None:
                return shown(parts, state, event, "form_choose")
            form = replace(form, at=Ask.ADDRESS, details=replace(form.details, reach=found[0]))
            return filled(parts, replace(state, form=form), event, found[1])
        case Ask.ADDRESS:
            address = checked(form.details.reach, written)
            if address is None:
                return shown(parts, state, event, f"form_wrong_{form.details.reach.value}")
            return filled(parts, state, event, address)
        case _:
            if form.at is not Ask.CONCERN:
                written = " ".join(written.split())  # one line, which cannot pass for the next one of the card
            if len(written) > LONGEST[form.at]:
                return shown(parts, state, event, "form_too_long")
            return filled(parts, state, event, written)


def filled(parts: Parts, state: State, event: Event, value: str) -> Turn:
    """The form with this value for what it asked, at its next question."""
    form = state.form
    assert form is not None
    form = replace(form, details=form.details.told(form.at, value))
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


def _answered(parts: Parts, state: State, event: Event) -> Turn:
    """A question in the middle is answered, and the form asks once more."""
    answer = answer_question(parts, state, event)
    again = shown(parts, answer.state, event)
    return Turn(again.state, (*answer.messages, *again.messages), answer.effects)


def _is_question(at: Ask, written: str) -> bool:
    """Whether a text is a question to the bot: a concern may well be put as one, a place or a name is not.

    Where buttons are to be tapped, a sentence is one even without its mark, as people type on a phone.
    """
    if at in (Ask.CONCERN, Ask.TIMES) or len(written.split()) < 3:
        return False
    return "?" in written or at in (Ask.KIND, Ask.REACH, Ask.REVIEW)


def _kind(written: str, lang: str) -> str | None:
    names = {label(f"kind_{kind}", lang).casefold(): kind for kind in KINDS}
    return names.get(written.casefold())


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
        case Ask.CONCERN if form.brief.question and not value and len(form.brief.question) <= LONGEST[Ask.CONCERN]:
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
