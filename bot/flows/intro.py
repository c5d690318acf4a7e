"""The guided introduction: one message that turns its pages.

```mermaid
stateDiagram-v2
    [*] --> step: /einfuehrung, deep link
    step --> step: next, back
    step --> [*]: /abbrechen
```
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.answer import ENTRY, TALK
from bot.language import base
from bot.model import Button, Change, Event, Keyboard, Kind, Say, State, Toast, Turn
from knowledge.intro import Step
from prompts.render import label, render

STEP = "i:"  # callback data: i:<number of the step>


def show_step(state: State, event: Event, steps: Sequence[Step], number: int, lang: str) -> Turn:
    """Show a step (counted from 1, kept in range), in the tapped message or in a new one."""
    own = in_language(steps, lang)
    step = own[max(1, min(number, len(own))) - 1]
    html = render("intro_step", lang, number=step.number, total=len(own), title=step.title, body=step.body)
    keyboard = _keyboard(step, len(own), lang)
    state = replace(state, step=step.number)
    if event.kind is Kind.BUTTON:
        return Turn(state, (Change(html, keyboard, message_id=event.message_id), Toast()))
    return Turn(state, (Say(html, keyboard),))


def in_language(steps: Sequence[Step], lang: str) -> list[Step]:
    """The steps in a language, or in the one it is a variant of."""
    own = [step for step in steps if step.lang == lang]
    return own or [step for step in steps if step.lang == base(lang)]


def _keyboard(step: Step, total: int, lang: str) -> Keyboard:
    moves = []
    if step.number > 1:
        moves.append(Button(label("back", lang), f"{STEP}{step.number - 1}"))
    if step.number < total:
        moves.append(Button(label("next", lang), f"{STEP}{step.number + 1}"))
    last = ((Button(label("talk", lang), TALK),),) if step.number == total else ()
    more = tuple((Button(label("learn_more", lang), f"{ENTRY}{entry}"),) for entry in step.entries[:1])
    return (*((tuple(moves),) if moves else ()), *more, *last)
