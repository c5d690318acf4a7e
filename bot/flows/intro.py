"""The guided introduction: one message that turns its pages, each with its picture.

```mermaid
stateDiagram-v2
    [*] --> audience: the first time
    [*] --> step: /einfuehrung, a link, go on
    audience --> step: chosen or skipped
    step --> step: next, back
    step --> reply: a choice
    reply --> reply: another choice
    reply --> step: next, back
    step --> overview
    reply --> overview
    overview --> step: any of them
    overview --> audience: another audience
    overview --> paused
    step --> paused
    reply --> paused
    paused --> step: go on
    paused --> overview
    step --> [*]: /abbrechen
```

Questions in between are answered, with a button that leads back (see `onward`).
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from bot.domain.deep_links import STEP_PREFIX
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, Attachment, Button, EditMessage, Keyboard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import (
    ENTRY_CALLBACK,
    HANDOUT_PDF_CALLBACK,
    INTRO_CALLBACK,
    REQUEST_ADVICE,
    SELFCHECK_START_CALLBACK,
)
from bot.flows.context import Services
from knowledge.records.intro import INTRO_AUDIENCES, Choice, IntroStep, steps_in_language
from prompts.render import format_label, render_template

COVER_PICTURE = "weg"  # the picture above what is no step


class IntroPage(StrEnum):
    """What the message of the introduction can show."""

    AUDIENCE = "audience"
    STEP = "step"
    REPLY = "reply"
    OVERVIEW = "overview"
    PAUSED = "paused"


def begin_intro(services: Services, state: State, event: Event) -> Turn:
    """Begin, or go on where the person was; who has seen the whole path chooses from it."""
    lang = services.lang(state, event)
    if not state.audience and not state.step:
        return ask_audience(state, event, services.steps, lang)
    if state.step >= len(steps_in_language(services.steps, lang)):
        return show_overview(state, event, services.steps, lang)
    return show_step(state, event, services.steps, state.step, lang)


def ask_audience(state: State, event: Event, steps: Sequence[IntroStep], lang: str) -> Turn:
    """Ask for whom the examples shall be."""
    buttons = [
        Button(format_label(f"audience_{name}", lang), f"{INTRO_CALLBACK}a:{name}") for name in INTRO_AUDIENCES
    ]
    rows = tuple(tuple(buttons[start : start + 2]) for start in range(0, len(buttons), 2))
    keyboard = (*rows, (Button(format_label("audience_skip", lang), f"{INTRO_CALLBACK}a:"),))
    html = render_template(
        "intro_audience", lang, number=max(state.step, 1), total=len(steps_in_language(steps, lang))
    )
    return _show_page(
        replace(state, touring=True), event, html, keyboard, COVER_PICTURE, format_label("cover_alt", lang)
    )


def show_step(
    state: State, event: Event, steps: Sequence[IntroStep], number: int, lang: str, choice_index: int | None = None
) -> Turn:
    """Show a step (counted from 1, kept in range), in the tapped message or in a new one.

    ``chosen`` is the choice, counted from 0, that is replied to below.
    """
    path = steps_in_language(steps, lang)
    number = max(1, min(number, len(path)))
    step = path[number - 1]
    choice = (
        step.choices[choice_index] if choice_index is not None and 0 <= choice_index < len(step.choices) else None
    )
    values = {"number": number, "total": len(path), "step": step, "choice": choice}
    html = render_template("intro_step", lang, **values, body=step.text_for_audience(state.audience))
    read = tuple(sorted({*state.read, number}))
    state = replace(state, step=number, touring=number < len(path), shown=f"{STEP_PREFIX}{number}", read=read)
    return _show_page(
        state, event, html, _step_keyboard(number, step, len(path), choice, lang), step.picture, step.alt
    )


def show_overview(state: State, event: Event, steps: Sequence[IntroStep], lang: str) -> Turn:
    """All steps, to jump to any of them."""
    path = steps_in_language(steps, lang)
    rows = [
        (Button(f"{'▸ ' if number == state.step else ''}{number} · {step.title}", f"{INTRO_CALLBACK}{number}"),)
        for number, step in enumerate(path, start=1)
    ]
    last_row = (Button(format_label("audience_change", lang), f"{INTRO_CALLBACK}who:"), _pause_button(lang))
    html = render_template("intro_overview", lang, step=state.step, total=len(path))
    return _show_page(state, event, html, (*rows, last_row), COVER_PICTURE, format_label("cover_alt", lang))


def pause_intro(state: State, event: Event, steps: Sequence[IntroStep], lang: str) -> Turn:
    """Leave the introduction where it is."""
    path = steps_in_language(steps, lang)
    number = max(1, min(state.step, len(path)))
    keyboard = ((continue_button(number, lang, in_new_message=False),), (_overview_button(lang),))
    html = render_template("intro_paused", lang, number=number, total=len(path), title=path[number - 1].title)
    return _show_page(
        replace(state, touring=False), event, html, keyboard, COVER_PICTURE, format_label("cover_alt", lang)
    )


def continue_button(number: int, lang: str, *, in_new_message: bool) -> Button:
    """The button that leads to a step; ``anew``: in a message of its own, where this one is to stay."""
    return Button(
        format_label("intro_go_on", lang, number=number), f"{INTRO_CALLBACK}{'go:' if in_new_message else ''}{number}"
    )


def _show_page(state: State, event: Event, html: str, keyboard: Keyboard, picture: str, alt: str) -> Turn:
    drawing = Attachment("picture", {"name": picture, "alt": alt})
    if event.kind is EventKind.BUTTON:
        return Turn(
            state, (EditMessage(html, keyboard, message_id=event.message_id, attachment=drawing), AnswerCallback())
        )
    return Turn(state, (SendMessage(html, keyboard, attachment=drawing),))


def _step_keyboard(number: int, step: IntroStep, total: int, choice: Choice | None, lang: str) -> Keyboard:
    choices = tuple(
        (Button(f"{'✓ ' if option is choice else ''}{option.text}", f"{INTRO_CALLBACK}{number}:{choice_index}"),)
        for choice_index, option in enumerate(step.choices)
    )
    moves = []
    if number > 1:
        moves.append(Button(format_label("back", lang), f"{INTRO_CALLBACK}{number - 1}"))
    if number < total:
        moves.append(Button(format_label("next", lang), f"{INTRO_CALLBACK}{number + 1}"))
    entry = (choice.entry if choice else "") or step.entries[0]
    last_row = (
        Button(format_label("learn_more", lang), f"{ENTRY_CALLBACK}{entry}"),
        _overview_button(lang),
        _pause_button(lang),
    )
    final_rows: Keyboard = ()
    if number == total:
        ways_on = (
            ("check_start", SELFCHECK_START_CALLBACK),
            ("take_along", HANDOUT_PDF_CALLBACK),
            ("talk", REQUEST_ADVICE),
        )
        final_rows = tuple((Button(format_label(name, lang), data),) for name, data in ways_on)
    return (*choices, *final_rows, tuple(moves), last_row)


def _overview_button(lang: str) -> Button:
    return Button(format_label("intro_all", lang), f"{INTRO_CALLBACK}all:")


def _pause_button(lang: str) -> Button:
    return Button(format_label("intro_pause", lang), f"{INTRO_CALLBACK}pause:")
