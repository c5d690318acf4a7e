"""Questions and their answers."""

from dataclasses import replace

from bot.answering.answerer import Answer, Status
from bot.answering.multi_question import MAX_READ, Answers, answer_each
from bot.domain.commands import MEANING
from bot.domain.deep_links import ENTRY_LINK
from bot.domain.event import Event
from bot.domain.message import Change, Keyboard, Say
from bot.domain.turn import Decided, State, Turn
from bot.flows import burst
from bot.flows.context import Parts
from bot.flows.why import KEPT, why_row
from prompts.render import render


def ask(parts: Parts, state: State, event: Event) -> Turn:
    """Answer a question; asks for one where there is none."""
    if not event.text.strip():
        return parts.say(state, event, "ask")
    state = burst.counted(state, event, parts.now())
    if turn := burst.slowed(parts, state, event):
        return turn
    answers = answer_each(parts.answerer, event.text, event.language_code, state.lang, state.last_entry)
    reply_to = None if event.private else event.message_id
    says = [
        Say(answer.html, _keyboard(parts, event, answer, number), reply_to=reply_to)
        for number, answer in enumerate(answers.headed())
    ]
    first = replace(says[0], html=_read_in_part(event, answers) + says[0].html, question=event.message_id)
    return Turn(_remember(state, event, answers, state.last_entry), (first, *says[1:]), decided=_decided(answers))


def edited(parts: Parts, state: State, event: Event) -> Turn:
    """Correct the answer to a question that was corrected; of several answers the first."""
    asks = not event.command or MEANING.get(event.command) == "frage"
    if not asks or not event.text.strip():
        return Turn(state)
    state = burst.counted(state, event, parts.now())
    if turn := burst.slowed(parts, state, event):
        return turn
    context = state.last_context if event.message_id == state.last_message else ""
    answers = answer_each(parts.answerer, event.text, event.language_code, state.lang, context)
    first = answers.headed()[0]
    change = Change(first.html, _keyboard(parts, event, first, 0), question=event.message_id)
    return Turn(_remember(state, event, answers, context), (change,), decided=_decided(answers))


def show(parts: Parts, state: State, event: Event, entry: str) -> Turn | None:
    """Show an entry that was asked for by its id; None where there is no such entry any more."""
    answer = parts.answerer.show(entry, parts.lang(state, event))
    if answer is None:
        return None
    return Turn(
        replace(state, last_entry=entry, shown=ENTRY_LINK + entry),
        (Say(answer.html, parts.answerer.keyboard(answer)),),
    )


def _keyboard(parts: Parts, event: Event, answer: Answer, number: int) -> Keyboard:
    return (*parts.answerer.keyboard(answer), *why_row(event, answer, number))


def _read_in_part(event: Event, answers: Answers) -> str:
    if len(event.text) <= MAX_READ:
        return ""
    return f"<i>{render('long_text', answers.answers[0].lang)}</i>\n\n"


def _decided(answers: Answers) -> tuple[Decided, ...]:
    return tuple(
        Decided(one.question, one.status.value, one.confidence, (one.entry,) if one.entry else one.options)
        for one in answers.answers
    )


def _remember(state: State, event: Event, answers: Answers, context: str) -> State:
    kinds = {answer.status for answer in answers.answers}
    if kinds == {Status.SMALLTALK}:
        return state
    entry = next((found for answer in reversed(answers.answers) if (found := answer.entry or answer.about)), "")
    if kinds == {Status.CONSULTATION}:  # the question before the wish is what the advice is about
        return replace(state, last_entry=entry)
    return replace(
        state,
        last_question=event.text[:KEPT],
        last_entry=entry,
        last_message=event.message_id,
        last_context=context,
        shown=ENTRY_LINK + entry if entry else "",
    )
