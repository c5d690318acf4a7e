"""The buttons below an answer: at most four at first sight; the others appear with "Mehr" and can be folded again.

"Mehr" carries what is needed to build the buttons again, so it works after a restart and below an answer of any age.
"""

import re
from dataclasses import replace
from itertools import chain

from bot.answering.answerer import Answer, AnswerStatus
from bot.answering.heeding import COMPLAINT
from bot.answering.language import SUPPORTED_LANGUAGES
from bot.answering.source_line import is_source_shortened
from bot.domain.message import Button, EditKeyboard, Keyboard
from bot.domain.turn import Turn
from bot.flows.callback_data import (
    COMMAND_CALLBACK,
    ENTRY_CALLBACK,
    EXPLAIN_CALLBACK,
    FEEDBACK_CALLBACK,
    FLAW_CALLBACK,
    MORE_CALLBACK,
    REQUEST_ADVICE,
    SOURCES_CALLBACK,
    fits_button,
)
from bot.flows.context import TurnContext
from knowledge.records.entry import Layer
from prompts.render import format_label, load_labels

MAX_BUTTONS = 4  # below an answer at first sight
EXPLAINABLE_STATUSES = frozenset((AnswerStatus.ANSWERED, AnswerStatus.CLARIFY, AnswerStatus.ABSTAINED))
ANSWER_CALLBACKS = (
    COMMAND_CALLBACK,
    ENTRY_CALLBACK,
    EXPLAIN_CALLBACK,
    FEEDBACK_CALLBACK,
    FLAW_CALLBACK,
    MORE_CALLBACK,
    REQUEST_ADVICE,
    SOURCES_CALLBACK,
)
MARK = " ✓"  # behind the thumb that was tapped
_MORE_DATA = re.compile(r"(?P<unfolded>[01]):(?P<lang>[a-z-]+):(?P<asked>(?:-?\d+\.\d+)?):(?P<entry_id>.+)", re.ASCII)


def build_answer_keyboard(answer: Answer, asked: str = "", *, unfolded: bool = False) -> Keyboard:
    """Return the buttons below an answer.

    Args:
        asked: "<id of the question's message>.<number of the answer, from 0>"; "" if it cannot be explained.
        unfolded: whether to show the buttons behind "Mehr" as well.
    """
    labels, result = load_labels(answer.lang), answer.result
    talk = Button(labels["talk"], REQUEST_ADVICE)
    if answer.status is AnswerStatus.SMALLTALK:
        return ((talk,),) if result.intent == COMPLAINT else ()
    explain_data = f"{EXPLAIN_CALLBACK}{asked.replace('.', ':')}"
    asks_back = answer.status is AnswerStatus.CLARIFY and not result.options and not result.context
    is_explainable = asked and answer.status in EXPLAINABLE_STATUSES and not asks_back
    why_row = ((Button(labels["why"], explain_data),),) if is_explainable else ()
    entry_rows = tuple(
        (Button(entry.title, data),)
        for entry in result.options or result.related
        if entry != result.nearest and fits_button(data := f"{ENTRY_CALLBACK}{entry.id}")
    )
    if answer.source is None:
        return (*entry_rows[: MAX_BUTTONS - 1], (talk,), *why_row)[:MAX_BUTTONS]
    thumbs = tuple(
        Button(labels[name], data)
        for name, value in (("helpful", 1), ("not_helpful", 0))
        if fits_button(data := f"{FEEDBACK_CALLBACK}{value}:{answer.source.id}")
    )
    sources_data = f"{SOURCES_CALLBACK}{answer.lang}:{answer.source.id}"
    if is_source_shortened(answer.source) and fits_button(sources_data):
        why_row = (tuple(chain(*why_row, (Button(labels["sources"], sources_data),))),)
    command = answer.source.command
    command_row = ((Button(labels[f"step_{command}"], f"{COMMAND_CALLBACK}{command}"),),) if command else ()
    talk_row = ((talk,),) if command != "beratung" else ()
    if command and answer.source.layer is Layer.BOT:  # a question about the bot leads to the thing itself
        top, others = (*command_row, thumbs), (*talk_row, *entry_rows, *why_row)
    else:
        top = ((*thumbs, Button(labels["person"], REQUEST_ADVICE)),)
        others = (*command_row, *entry_rows, *why_row)
    top = tuple(row for row in top if row)
    places_left = MAX_BUTTONS - sum(map(len, top))
    fold_data = _fold_data(answer, asked, unfolded=not unfolded)
    if len(others) <= places_left or not fold_data:
        return (*top, *others[:places_left])
    fold_row = (Button(labels["less" if unfolded else "more"], fold_data),)
    return (*top, *(others if unfolded else ()), fold_row)


def mark_thumb(keyboard: Keyboard, value: int) -> Keyboard:
    """Return a keyboard in which one of the thumbs, 1 up and 0 down, is marked as taken."""
    taken = f"{FEEDBACK_CALLBACK}{value}:"

    def mark(button: Button) -> Button:
        if not button.data.startswith(FEEDBACK_CALLBACK):
            return button
        return replace(button, label=button.label.removesuffix(MARK) + MARK * button.data.startswith(taken))

    return tuple(tuple(map(mark, row)) for row in keyboard)


def fold_answer(context: TurnContext, data: str) -> Turn | None:
    """Unfold or fold the buttons of the tapped answer; rows that other flows added to it stay at the end."""
    parts = _MORE_DATA.fullmatch(data)
    if parts is None or parts["lang"] not in SUPPORTED_LANGUAGES:
        return None
    answer = context.services.answerer.show_entry(parts["entry_id"], parts["lang"])
    if answer is None:
        return context.toast(format_label("more_gone", parts["lang"]))
    keyboard = build_answer_keyboard(answer, parts["asked"], unfolded=parts["unfolded"] == "1")
    event = context.event
    if event.private and (rating := context.services.store.users.find_rating(event.user_id, parts["entry_id"])):
        keyboard = mark_thumb(keyboard, rating.value)
    others = (row for row in event.keyboard if not any(button.data.startswith(ANSWER_CALLBACKS) for button in row))
    return Turn(context.state, (EditKeyboard((*keyboard, *others), event.message_id),))


def keyboard_language(context: TurnContext) -> str:
    """Return the language of the tapped answer as its button "Mehr" names it, else the person's."""
    for button in (button for row in context.event.keyboard for button in row):
        parts = _MORE_DATA.fullmatch(button.data.removeprefix(MORE_CALLBACK))
        if button.data.startswith(MORE_CALLBACK) and parts and parts["lang"] in SUPPORTED_LANGUAGES:
            return parts["lang"]
    return context.lang


def _fold_data(answer: Answer, asked: str, *, unfolded: bool) -> str:
    """Return the data of the button that unfolds or folds an answer; "" if the entry's id is too long for it."""
    assert answer.source is not None
    candidates = (f"{MORE_CALLBACK}{unfolded:d}:{answer.lang}:{part}:{answer.source.id}" for part in (asked, ""))
    return next(filter(fits_button, candidates), "")
