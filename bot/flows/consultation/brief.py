"""What the bot knows that helps an adviser."""

from dataclasses import replace

from bot.answering.answerer import Status
from bot.answering.language import base
from bot.domain.consultation import Brief
from bot.domain.event import Event
from bot.domain.turn import State
from bot.flows.context import Parts
from knowledge.records.intro import steps_in
from prompts.telegram_html import to_plain

PASSAGE = 300  # characters of an answer that an adviser is shown


def brief(parts: Parts, state: State, event: Event) -> Brief:
    """The person's last question with what the bot answered, and how far they are in the introduction."""
    steps = len(steps_in(parts.steps, parts.lang(state, event)))
    known = Brief(state.last_question, step=state.step, steps=steps if state.step else 0)
    if not state.last_question:
        return known
    answer = parts.answerer.answer(state.last_question, event.language_code, base(state.lang), state.last_context)
    if answer.status is not Status.ANSWERED:
        return replace(known, sure=answer.confidence)
    text = " ".join(to_plain(answer.html).split()).removeprefix(answer.sources[0].title).lstrip()
    passage = text if len(text) <= PASSAGE else text[:PASSAGE].rsplit(" ", 1)[0] + " …"
    source = answer.sources[0]
    return replace(known, entry=source.entry, title=source.title, sure=answer.confidence, passage=passage)
