"""The self-check: one message that asks its questions, forth and back, until the result.

```mermaid
stateDiagram-v2
    [*] --> asking: begin
    [*] --> joining: join
    joining --> asking: begin, go on
    joining --> paused: a code, with answers told before
    joining --> [*]: a code, without
    asking --> asking: answer, back
    asking --> paused: pause, something else
    asking --> joining: join
    paused --> asking: begin, go on, answer, back
    paused --> joining: join
    asking --> [*]: the last answer
```

`/abbrechen` leads out of each state. Questions in between are answered; after each pause it goes on where it stood.
"""

from dataclasses import replace

from bot.domain.event import Event, Kind
from bot.domain.message import Button, Change, Keyboard, Say
from bot.domain.selfcheck import LEVELS, Answers, Check, Stage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import CHECK
from bot.flows.context import Parts
from knowledge.records.selfcheck import SelfCheck
from prompts.render import label, render

UNKNOWN = "x"  # stands for a level where the person does not know
FALLBACK = "de"


def questions(parts: Parts, lang: str) -> SelfCheck | None:
    """The self-check in a language, in German where there is none; None where the knowledge has none at all."""
    by_lang = {check.lang: check for check in parts.selfchecks}
    return by_lang.get(lang) or by_lang.get(FALLBACK)


def welcome(parts: Parts, state: State, event: Event) -> Turn:
    """What the self-check is, and the ways in; one that was begun goes on instead."""
    lang = parts.lang(state, event)
    check = questions(parts, lang)
    if check is None:
        return parts.say(state, event, "unknown_command")
    if state.check and state.check.stage is not Stage.JOINING:
        return shown(parts, state, event, state.check, "form_again")
    last, codes = parts.store.checks(event.user_id), parts.store.codes(event.user_id)
    html = render("selfcheck", lang, title=check.title, total=len(check.questions), days=parts.retention_days)
    rows = [[button("begin", lang)], [button("team", lang)]]
    rows += [[button("result", lang)]] if last else []
    rows += [[button("shared", lang, code, code=code)] for code in list(codes)[:3]]
    return Turn(state, (Say(html, tuple(map(tuple, rows))),))


def shown(parts: Parts, state: State, event: Event, check: Check, note: str = "") -> Turn:
    """The question that the self-check stands at, in the tapped message of the self-check or in a new one."""
    lang = parts.lang(state, event)
    asked = questions(parts, lang)
    assert asked is not None
    ids = [question.id for question in asked.questions]
    at = ids.index(check.at) if check.at in ids else 0
    question = asked.questions[at]
    check = replace(check, stage=Stage.ASKING, at=question.id)
    html = render(
        "selfcheck_question",
        lang,
        note=label(note, lang) if note else "",
        n=at + 1,
        total=len(ids),
        bar="▰" * (at + 1) + "▱" * (len(ids) - at - 1),
        question=question,
        code=check.code,
    )
    return placed(replace(state, check=check), event, html, _keyboard(check, at, lang))


def placed(state: State, event: Event, html: str, keyboard: Keyboard = ()) -> Turn:
    """A text of the self-check, in its tapped message or in a new one."""
    if event.kind is Kind.BUTTON and event.text.startswith(IN_PLACE):
        return Turn(state, (Change(html, keyboard, message_id=event.message_id),))
    return Turn(state, (Say(html, keyboard),))


def reminder(parts: Parts, state: State, event: Event) -> Say:
    """Says that a self-check waits, with the button that leads back to it."""
    lang = parts.lang(state, event)
    return Say(render("selfcheck_waits", lang), ((button("go", lang),),))


def paused(parts: Parts, state: State, event: Event, check: Check) -> Turn:
    """The self-check waits until the person comes back, days later if they like."""
    lang = parts.lang(state, event)
    html = render("selfcheck_paused", lang, told=len(check.answers))
    held = replace(state, check=replace(check, stage=Stage.PAUSED))
    return placed(held, event, html, ((button("go", lang),),))


def cancelled(parts: Parts, state: State, event: Event) -> Turn:
    """The self-check is thrown away; earlier results stay."""
    html = render("selfcheck_cancelled", parts.lang(state, event))
    return placed(replace(state, check=None), event, html)


def button(action: str, lang: str, value: str = "", /, **values: object) -> Button:
    """One of the self-check's buttons."""
    return Button(label(f"check_{action}", lang, **values), f"{CHECK}{action}:{value}")


def level_of(answers: Answers, question: str, lang: str) -> str:
    """An answer in words."""
    return label(f"level_{_level(answers, question)}", lang)


def _keyboard(check: Check, at: int, lang: str) -> Keyboard:
    told = _level(check.answers, check.at) if check.at in check.answers else ""
    levels = [*map(str, range(LEVELS)), UNKNOWN]
    rows = [(_answer(check.at, level, level == told, lang),) for level in levels]
    back = (Button(label("back", lang), f"{CHECK}back:{check.at}"),) if at else ()
    cancel = Button(label("cancel", lang), f"{CHECK}cancel:")
    return (*rows, (*back, button("pause", lang), cancel))


def _answer(at: str, level: str, told: bool, lang: str) -> Button:
    mark = "✓ " if told else ""
    return Button(mark + label(f"level_{level}", lang), f"{CHECK}a:{at}:{level}")


def _level(answers: Answers, question: str) -> str:
    level = answers.get(question)
    return UNKNOWN if level is None else str(level)


IN_PLACE = tuple(f"{CHECK}{action}:" for action in ("a", "back", "pause", "cancel", "go", "begin", "join"))
