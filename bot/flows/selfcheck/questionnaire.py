"""The self-check: one message that shows its questions in turn, back and forth, until the result.

```mermaid
stateDiagram-v2
    [*] --> asking: begin
    [*] --> joining: join
    joining --> asking: begin, go on
    joining --> paused: a code, with earlier answers
    joining --> [*]: a code, without
    asking --> asking: answer, back
    asking --> paused: pause, something else
    asking --> joining: join
    paused --> asking: begin, go on, answer, back
    paused --> joining: join
    asking --> [*]: the last answer
```

`/abbrechen` cancels in any state. Questions in between are answered; after a pause it continues where it stopped.
"""

from dataclasses import replace

from bot.domain.commands import SELFCHECK_LINK
from bot.domain.message import Button, Keyboard, SendMessage
from bot.domain.selfcheck import SelfCheckProgress, SelfCheckStage
from bot.domain.turn import Turn
from bot.flows.callback_data import SELFCHECK_CALLBACK
from bot.flows.context import TurnContext
from knowledge.records.selfcheck import LEVEL_COUNT, SelfCheck, SelfCheckQuestion
from prompts.render import format_label, render_template

UNKNOWN_LEVEL = "x"  # in callback data, if the person does not know
FALLBACK_LANG = "de"
WELCOME_SHOWN = f"{SELFCHECK_LINK}-anfang"  # what was shown last, before it begins
EDITING_CALLBACKS = tuple(
    f"{SELFCHECK_CALLBACK}{action}:" for action in ("a", "back", "pause", "cancel", "go", "begin", "join")
)  # edit their message instead of sending a new one


def find_questionnaire(context: TurnContext) -> SelfCheck | None:
    """Return the self-check in the person's language, else in German; None if there is none."""
    by_lang = {questionnaire.lang: questionnaire for questionnaire in context.services.selfchecks}
    return by_lang.get(context.lang) or by_lang.get(FALLBACK_LANG)


def require_questionnaire(context: TurnContext) -> SelfCheck:
    """Return the self-check in the person's language, else in German; there must be one."""
    questionnaire = find_questionnaire(context)
    assert questionnaire is not None
    return questionnaire


def show_welcome(context: TurnContext) -> Turn:
    """Introduce the self-check and offer to begin; an unfinished one is continued instead."""
    lang, progress, services = context.lang, context.state.check, context.services
    questionnaire = find_questionnaire(context)
    if questionnaire is None:
        return context.say("unknown_command")
    if progress and progress.stage is not SelfCheckStage.JOINING:
        return show_question(context, progress, "form_again")
    user_id = context.event.user_id
    results = services.store.selfchecks.recent_selfchecks(user_id)
    codes = services.store.selfchecks.team_codes(user_id)
    total, days = len(questionnaire.questions), services.retention_days
    html = render_template("selfcheck", lang, title=questionnaire.title, total=total, days=days)
    buttons = [selfcheck_button("begin", lang), selfcheck_button("team", lang)]
    buttons += [selfcheck_button("result", lang)] if results else []
    buttons += [selfcheck_button("shared", lang, code, code=code) for code in list(codes)[:3]]
    return context.change(shown=WELCOME_SHOWN).reply(html, tuple((button,) for button in buttons))


def show_question(
    context: TurnContext, progress: SelfCheckProgress, note: str = "", *, explained: bool = False, **values: object
) -> Turn:
    """Show the current question of a self-check, or the first.

    Args:
        note: key of the label above it, with ``values``; "" for none.
        explained: whether to add the question in plain words.
    """
    lang, questionnaire = context.lang, require_questionnaire(context)
    ids = [question.id for question in questionnaire.questions]
    position = ids.index(progress.at) if progress.at in ids else 0
    question = questionnaire.questions[position]
    progress = replace(progress, stage=SelfCheckStage.ASKING, at=question.id)
    html = render_template(
        "selfcheck_question",
        lang,
        note=format_label(note, lang, **values) if note else "",
        n=position + 1,
        total=len(ids),
        bar="▰" * (position + 1) + "▱" * (len(ids) - position - 1),
        question=question,
        code=progress.code,
        explained=explained and question.explained,
    )
    keyboard = _question_keyboard(progress, question, lang, is_first=position == 0)
    return context.change(check=progress).send_or_edit(html, keyboard, edited_by=EDITING_CALLBACKS)


def selfcheck_reminder(lang: str) -> SendMessage:
    """Return the message that an unfinished self-check is waiting, with a button that continues it."""
    return SendMessage(render_template("selfcheck_waits", lang), ((selfcheck_button("go", lang),),))


def pause_selfcheck(context: TurnContext, progress: SelfCheckProgress) -> Turn:
    """Pause the self-check until the person comes back."""
    html = render_template("selfcheck_paused", context.lang, told=len(progress.answers))
    paused = context.change(check=replace(progress, stage=SelfCheckStage.PAUSED))
    return paused.send_or_edit(html, ((selfcheck_button("go", context.lang),),), edited_by=EDITING_CALLBACKS)


def cancel_selfcheck(context: TurnContext) -> Turn:
    """Discard the self-check; earlier results remain."""
    html = render_template("selfcheck_cancelled", context.lang)
    return context.change(check=None).send_or_edit(html, edited_by=EDITING_CALLBACKS)


def selfcheck_button(action: str, lang: str, value: str = "", /, **values: object) -> Button:
    """Return one of the self-check's buttons; ``value`` follows its action in the callback data."""
    return Button(format_label(f"check_{action}", lang, **values), f"{SELFCHECK_CALLBACK}{action}:{value}")


def level_label(question: SelfCheckQuestion, level: int | None, lang: str) -> str:
    """Return an answer in the words that fit its question."""
    if level is None or question.levels is None:
        return format_label(f"level_{_level_key(level)}", lang)
    return question.levels[level]


def _question_keyboard(
    progress: SelfCheckProgress, question: SelfCheckQuestion, lang: str, *, is_first: bool
) -> Keyboard:
    rows = [(_level_button(progress, question, level, lang),) for level in (*range(LEVEL_COUNT), None)]
    back = () if is_first else (Button(format_label("back", lang), f"{SELFCHECK_CALLBACK}back:{question.id}"),)
    cancel = Button(format_label("cancel", lang), f"{SELFCHECK_CALLBACK}cancel:")
    return (*rows, (*back, selfcheck_button("pause", lang), cancel))


def _level_button(progress: SelfCheckProgress, question: SelfCheckQuestion, level: int | None, lang: str) -> Button:
    is_current = question.id in progress.answers and progress.answers[question.id] == level
    mark = "✓ " if is_current else ""
    data = f"{SELFCHECK_CALLBACK}a:{question.id}:{_level_key(level)}"
    return Button(mark + level_label(question, level, lang), data)


def _level_key(level: int | None) -> str:
    return UNKNOWN_LEVEL if level is None else str(level)
