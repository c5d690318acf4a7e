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

from bot.domain.event import Event, EventKind
from bot.domain.message import Button, EditMessage, Keyboard, SendMessage
from bot.domain.selfcheck import LEVEL_COUNT, SelfCheckAnswers, SelfCheckProgress, SelfCheckStage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import SELFCHECK_CALLBACK
from bot.flows.context import Services
from knowledge.records.selfcheck import SelfCheck
from prompts.render import format_label, render_template

UNKNOWN_LEVEL = "x"  # stands for a level where the person does not know
FALLBACK_LANG = "de"


def find_questionnaire(services: Services, lang: str) -> SelfCheck | None:
    """The self-check in a language, in German where there is none; None where the knowledge has none at all."""
    by_lang = {questionnaire.lang: questionnaire for questionnaire in services.selfchecks}
    return by_lang.get(lang) or by_lang.get(FALLBACK_LANG)


def show_welcome(services: Services, state: State, event: Event) -> Turn:
    """What the self-check is, and the ways in; one that was begun goes on instead."""
    lang = services.lang(state, event)
    questionnaire = find_questionnaire(services, lang)
    if questionnaire is None:
        return services.say(state, event, "unknown_command")
    if state.check and state.check.stage is not SelfCheckStage.JOINING:
        return show_question(services, state, event, state.check, "form_again")
    results, codes = services.store.recent_selfchecks(event.user_id), services.store.team_codes(event.user_id)
    html = render_template(
        "selfcheck", lang, title=questionnaire.title, total=len(questionnaire.questions), days=services.retention_days
    )
    rows = [[selfcheck_button("begin", lang)], [selfcheck_button("team", lang)]]
    rows += [[selfcheck_button("result", lang)]] if results else []
    rows += [[selfcheck_button("shared", lang, code, code=code)] for code in list(codes)[:3]]
    return Turn(state, (SendMessage(html, tuple(map(tuple, rows))),))


def show_question(
    services: Services, state: State, event: Event, progress: SelfCheckProgress, note: str = ""
) -> Turn:
    """The question that the self-check stands at, in the tapped message of the self-check or in a new one."""
    lang = services.lang(state, event)
    questionnaire = find_questionnaire(services, lang)
    assert questionnaire is not None
    ids = [question.id for question in questionnaire.questions]
    position = ids.index(progress.at) if progress.at in ids else 0
    question = questionnaire.questions[position]
    progress = replace(progress, stage=SelfCheckStage.ASKING, at=question.id)
    html = render_template(
        "selfcheck_question",
        lang,
        note=format_label(note, lang) if note else "",
        n=position + 1,
        total=len(ids),
        bar="▰" * (position + 1) + "▱" * (len(ids) - position - 1),
        question=question,
        code=progress.code,
    )
    return send_or_edit(replace(state, check=progress), event, html, _question_keyboard(progress, position, lang))


def send_or_edit(state: State, event: Event, html: str, keyboard: Keyboard = ()) -> Turn:
    """A text of the self-check, in its tapped message or in a new one."""
    if event.kind is EventKind.BUTTON and event.text.startswith(EDITING_CALLBACKS):
        return Turn(state, (EditMessage(html, keyboard, message_id=event.message_id),))
    return Turn(state, (SendMessage(html, keyboard),))


def selfcheck_reminder(services: Services, state: State, event: Event) -> SendMessage:
    """Says that a self-check waits, with the button that leads back to it."""
    lang = services.lang(state, event)
    return SendMessage(render_template("selfcheck_waits", lang), ((selfcheck_button("go", lang),),))


def pause_selfcheck(services: Services, state: State, event: Event, progress: SelfCheckProgress) -> Turn:
    """The self-check waits until the person comes back, days later if they like."""
    lang = services.lang(state, event)
    html = render_template("selfcheck_paused", lang, told=len(progress.answers))
    paused_state = replace(state, check=replace(progress, stage=SelfCheckStage.PAUSED))
    return send_or_edit(paused_state, event, html, ((selfcheck_button("go", lang),),))


def cancel_selfcheck(services: Services, state: State, event: Event) -> Turn:
    """The self-check is thrown away; earlier results stay."""
    html = render_template("selfcheck_cancelled", services.lang(state, event))
    return send_or_edit(replace(state, check=None), event, html)


def selfcheck_button(action: str, lang: str, value: str = "", /, **values: object) -> Button:
    """One of the self-check's buttons."""
    return Button(format_label(f"check_{action}", lang, **values), f"{SELFCHECK_CALLBACK}{action}:{value}")


def level_label(answers: SelfCheckAnswers, question_id: str, lang: str) -> str:
    """An answer in words."""
    return format_label(f"level_{_level_key(answers, question_id)}", lang)


def _question_keyboard(progress: SelfCheckProgress, position: int, lang: str) -> Keyboard:
    current_level = _level_key(progress.answers, progress.at) if progress.at in progress.answers else ""
    levels = [*map(str, range(LEVEL_COUNT)), UNKNOWN_LEVEL]
    rows = [(_level_button(progress.at, level, level == current_level, lang),) for level in levels]
    back = (Button(format_label("back", lang), f"{SELFCHECK_CALLBACK}back:{progress.at}"),) if position else ()
    cancel = Button(format_label("cancel", lang), f"{SELFCHECK_CALLBACK}cancel:")
    return (*rows, (*back, selfcheck_button("pause", lang), cancel))


def _level_button(question_id: str, level: str, is_current: bool, lang: str) -> Button:
    mark = "✓ " if is_current else ""
    return Button(mark + format_label(f"level_{level}", lang), f"{SELFCHECK_CALLBACK}a:{question_id}:{level}")


def _level_key(answers: SelfCheckAnswers, question_id: str) -> str:
    level = answers.get(question_id)
    return UNKNOWN_LEVEL if level is None else str(level)


EDITING_CALLBACKS = tuple(
    f"{SELFCHECK_CALLBACK}{action}:" for action in ("a", "back", "pause", "cancel", "go", "begin", "join")
)
