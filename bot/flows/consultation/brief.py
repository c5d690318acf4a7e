"""What the bot knows that helps an adviser."""

from dataclasses import replace

from bot.answering.language import base_language
from bot.domain.consultation import RequestContext
from bot.domain.event import Event
from bot.domain.turn import State
from bot.flows.context import Services
from knowledge.records.intro import steps_in_language
from prompts.telegram_html import html_to_plain

MAX_PASSAGE_LENGTH = 300  # characters of an answer that an adviser is shown


def build_request_context(services: Services, state: State, event: Event) -> RequestContext:
    """The person's last question with what the bot answered, and how far they are in the introduction."""
    steps = len(steps_in_language(services.steps, services.lang(state, event)))
    context = RequestContext(state.last_question, step=state.step, steps=steps if state.step else 0)
    if not state.last_question:
        return context
    answer = services.answerer.answer_question(
        state.last_question, event.language_code, base_language(state.lang), state.last_context
    )
    if (source := answer.source) is None:
        return replace(context, sure=answer.result.probability)
    text = " ".join(html_to_plain(answer.html).split()).removeprefix(source.title).lstrip()
    passage = text if len(text) <= MAX_PASSAGE_LENGTH else text[:MAX_PASSAGE_LENGTH].rsplit(" ", 1)[0] + " …"
    return replace(context, entry=source.id, title=source.title, sure=answer.result.probability, passage=passage)
