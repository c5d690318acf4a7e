"""Questions and their answers."""

from dataclasses import replace

from bot.answer import Answer, Status
from bot.flows.parts import Parts
from bot.model import Change, Event, Say, Stage, State, Turn
from prompts.render import render

LONG_TEXT = 2_000  # characters above which the bot says that it read the beginning only


def ask(parts: Parts, state: State, event: Event) -> Turn:
    """Answer a question; asks for one where there is none."""
    if not event.text.strip():
        return parts.say(state, event, "ask")
    answer = parts.answerer.answer(event.text, event.language_code, state.lang, state.last_entry)
    html = answer.html
    if len(event.text) > LONG_TEXT:
        html = f"<i>{render('long_text', answer.lang)}</i>\n\n{html}"
    reply_to = None if event.private else event.message_id
    say = Say(html, parts.answerer.keyboard(answer), question=event.message_id, reply_to=reply_to)
    return Turn(_remember(state, event, answer, state.last_entry), (say,))


def edited(parts: Parts, state: State, event: Event) -> Turn:
    """Correct the answer to a question that was corrected."""
    if state.stage is not Stage.NONE or not event.text.strip():
        return Turn(state)
    context = state.last_context if event.message_id == state.last_message else ""
    answer = parts.answerer.answer(event.text, event.language_code, state.lang, context)
    change = Change(answer.html, parts.answerer.keyboard(answer), question=event.message_id)
    return Turn(_remember(state, event, answer, context), (change,))


def show(parts: Parts, state: State, event: Event, entry: str) -> Turn | None:
    """Show an entry that was asked for by its id; None where there is no such entry any more."""
    answer = parts.answerer.show(entry, parts.lang(state, event))
    if answer is None:
        return None
    return Turn(replace(state, last_entry=entry), (Say(answer.html, parts.answerer.keyboard(answer)),))


def _remember(state: State, event: Event, answer: Answer, context: str) -> State:
    if answer.status is Status.SMALLTALK:
        return state
    entry = answer.entry or answer.about
    if answer.status is Status.CONSULTATION:  # the question before the wish is what the advice is about
        return replace(state, last_entry=entry)
    return replace(
        state,
        last_question=event.text[:500],
        last_entry=entry,
        last_message=event.message_id,
        last_context=context,
    )
