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

from bot.answering.answerer import ENTRY, TALK
from bot.domain.deep_links import STEP_LINK
from bot.domain.event import Event, Kind
from bot.domain.message import Button, Change, Drawing, Keyboard, Say, Toast
from bot.domain.turn import State, Turn
from bot.flows.callback_data import STEP
from bot.flows.context import Parts
from knowledge.records.intro import AUDIENCES, Choice, Step, steps_in
from prompts.render import label, render

SELF_CHECK, PDF = "k:start", "t:pdf"  # where the last step leads
COVER = "weg"  # the picture above what is no step


class Page(StrEnum):
    """What the message of the introduction can show."""

    AUDIENCE = "audience"
    STEP = "step"
    REPLY = "reply"
    OVERVIEW = "overview"
    PAUSED = "paused"


def begin(parts: Parts, state: State, event: Event) -> Turn:
    """Begin, or go on where the person was; who has seen the whole path chooses from it."""
    lang = parts.lang(state, event)
    if not state.audience and not state.step:
        return ask_audience(state, event, parts.steps, lang)
    if state.step >= len(steps_in(parts.steps, lang)):
        return overview(state, event, parts.steps, lang)
    return show_step(state, event, parts.steps, state.step, lang)


def ask_audience(state: State, event: Event, steps: Sequence[Step], lang: str) -> Turn:
    """Ask for whom the examples shall be."""
    buttons = [Button(label(f"audience_{name}", lang), f"{STEP}a:{name}") for name in AUDIENCES]
    rows = tuple(tuple(buttons[at : at + 2]) for at in range(0, len(buttons), 2))
    keyboard = (*rows, (Button(label("audience_skip", lang), f"{STEP}a:"),))
    html = render("intro_audience", lang, number=max(state.step, 1), total=len(steps_in(steps, lang)))
    return _page(replace(state, touring=True), event, html, keyboard, COVER, label("cover_alt", lang))


def show_step(
    state: State, event: Event, steps: Sequence[Step], number: int, lang: str, chosen: int | None = None
) -> Turn:
    """Show a step (counted from 1, kept in range), in the tapped message or in a new one.

    ``chosen`` is the choice, counted from 0, that is replied to below.
    """
    path = steps_in(steps, lang)
    number = max(1, min(number, len(path)))
    step = path[number - 1]
    choice = step.choices[chosen] if chosen is not None and 0 <= chosen < len(step.choices) else None
    known = {"number": number, "total": len(path), "step": step, "choice": choice}
    html = render("intro_step", lang, **known, body=step.text(state.audience))
    read = tuple(sorted({*state.read, number}))
    state = replace(state, step=number, touring=number < len(path), shown=f"{STEP_LINK}{number}", read=read)
    return _page(state, event, html, _keyboard(number, step, len(path), choice, lang), step.picture, step.alt)


def overview(state: State, event: Event, steps: Sequence[Step], lang: str) -> Turn:
    """All steps, to jump to any of them."""
    path = steps_in(steps, lang)
    rows = [
        (Button(f"{'▸ ' if number == state.step else ''}{number} · {step.title}", f"{STEP}{number}"),)
        for number, step in enumerate(path, start=1)
    ]
    more = (Button(label("audience_change", lang), f"{STEP}who:"), _pause(lang))
    html = render("intro_overview", lang, step=state.step, total=len(path))
    return _page(state, event, html, (*rows, more), COVER, label("cover_alt", lang))


def paused(state: State, event: Event, steps: Sequence[Step], lang: str) -> Turn:
    """Leave the introduction where it is."""
    path = steps_in(steps, lang)
    number = max(1, min(state.step, len(path)))
    keyboard = ((go_on(number, lang, anew=False),), (_all(lang),))
    html = render("intro_paused", lang, number=number, total=len(path), title=path[number - 1].title)
    return _page(replace(state, touring=False), event, html, keyboard, COVER, label("cover_alt", lang))


def go_on(number: int, lang: str, *, anew: bool) -> Button:
    """The button that leads to a step; ``anew``: in a message of its own, where this one is to stay."""
    return Button(label("intro_go_on", lang, number=number), f"{STEP}{'go:' if anew else ''}{number}")


def _page(state: State, event: Event, html: str, keyboard: Keyboard, picture: str, alt: str) -> Turn:
    drawing = Drawing("picture", {"name": picture, "alt": alt})
    if event.kind is Kind.BUTTON:
        return Turn(state, (Change(html, keyboard, message_id=event.message_id, drawing=drawing), Toast()))
    return Turn(state, (Say(html, keyboard, drawing=drawing),))


def _keyboard(number: int, step: Step, total: int, choice: Choice | None, lang: str) -> Keyboard:
    choices = tuple(
        (Button(f"{'✓ ' if one is choice else ''}{one.text}", f"{STEP}{number}:{at}"),)
        for at, one in enumerate(step.choices)
    )
    moves = []
    if number > 1:
        moves.append(Button(label("back", lang), f"{STEP}{number - 1}"))
    if number < total:
        moves.append(Button(label("next", lang), f"{STEP}{number + 1}"))
    entry = (choice.entry if choice else "") or step.entries[0]
    more = (Button(label("learn_more", lang), f"{ENTRY}{entry}"), _all(lang), _pause(lang))
    last: Keyboard = ()
    if number == total:
        doors = (("check_start", SELF_CHECK), ("take_along", PDF), ("talk", TALK))
        last = tuple((Button(label(name, lang), data),) for name, data in doors)
    return (*choices, *last, tuple(moves), more)


def _all(lang: str) -> Button:
    return Button(label("intro_all", lang), f"{STEP}all:")


def _pause(lang: str) -> Button:
    return Button(label("intro_pause", lang), f"{STEP}pause:")
