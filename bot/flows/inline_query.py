"""Inline queries, typed after the bot's name in any chat: answers with their sources, or a plain "no answer".

Reads only the person's language and stores nothing.
"""

from dataclasses import dataclass

from bot.answering.answerer import MAX_BODY_CHARS, Answer, AnswerStatus, layer_label
from bot.domain.commands import ENTRY_PREFIX, bot_link
from bot.domain.message import truncate_text
from bot.flows.context import Services, TurnContext
from knowledge.records.entry import Entry
from knowledge.records.intro import steps_in_language
from prompts.message_splitter import split_html
from prompts.render import format_label
from prompts.telegram_html import html_to_plain, markdown_to_html

MAX_RESULTS = 3
MAX_DESCRIPTION_LENGTH = 120  # characters; apps show two lines


@dataclass(frozen=True, slots=True)
class InlineResult:
    """A message that the person may send, with a button that opens an address."""

    title: str
    description: str
    html: str
    button_url: str
    button_label: str


@dataclass(frozen=True, slots=True)
class InlineOffer:
    """Results, and above them a button that starts the private chat with a parameter."""

    results: tuple[InlineResult, ...]
    button_label: str
    start_parameter: str


def offer_results(context: TurnContext) -> InlineOffer:
    """Return the results offered for a query; for an empty one, questions to ask."""
    services, text = context.services, context.event.text
    if not text.strip():
        return _suggest_questions(context, context.lang)
    answer = services.answerer.answer_question(text, context.event.language_code, context.state.lang)
    match answer.status:
        case AnswerStatus.ANSWERED:
            nearest = services.answerer.nearest_entries(text, MAX_RESULTS, answer.lang)
            others = (_entry_result(services, entry, answer.lang) for entry in nearest if entry.id != answer.entry_id)
            results = (_answer_result(services, answer), *others)
            return InlineOffer(results[:MAX_RESULTS], format_label("inline_ask", answer.lang), "start")
        case AnswerStatus.CLARIFY:
            results = tuple(_entry_result(services, other, answer.lang) for other in answer.result.options)
            return InlineOffer(results[:MAX_RESULTS], format_label("inline_ask", answer.lang), "start")
        case AnswerStatus.SMALLTALK:
            return _suggest_questions(context, answer.lang)
        case AnswerStatus.CONSULTATION:
            return _offer_advice(services, answer, "inline_person")
        case AnswerStatus.ABSTAINED:
            return _offer_advice(services, answer, "inline_nothing")


def _suggest_questions(context: TurnContext, lang: str) -> InlineOffer:
    """Suggest the questions that the first steps of the introduction answer, worded as people ask them."""
    services = context.services
    ids = dict.fromkeys(entry for step in steps_in_language(services.steps, lang) for entry in step.entries[:1])
    entries = [entry for entry_id in ids if (entry := services.answerer.find_entry(entry_id, lang))][:MAX_RESULTS]
    results = (_entry_result(services, entry, lang, next(iter(entry.questions), "")) for entry in entries)
    return InlineOffer(tuple(results), format_label("inline_guide", lang), "intro")


def _offer_advice(services: Services, answer: Answer, title_label: str) -> InlineOffer:
    title, label = format_label(title_label, answer.lang), format_label("inline_talk", answer.lang)
    description, html = _shorten_text(answer.plain_text), _fit_one_message(answer.html)
    result = InlineResult(title, description, html, bot_link(services.username, "beratung"), label)
    return InlineOffer((result,), label, "beratung")


def _answer_result(services: Services, answer: Answer) -> InlineResult:
    """Return the answer itself, with a note if the knowledge base has no texts in the question's language."""
    entry = answer.result.entry
    assert entry is not None
    return _build_result(services, entry, answer, entry.title)


def _entry_result(services: Services, entry: Entry, lang: str, title: str = "") -> InlineResult:
    answer = services.answerer.show_entry(entry.id, lang)
    assert answer is not None
    return _build_result(services, entry, answer, title or entry.title)


def _build_result(services: Services, entry: Entry, answer: Answer, title: str) -> InlineResult:
    layer = layer_label(entry.layer, answer.lang)
    description = _shorten_text(
        (f"{layer}: " if layer else "") + html_to_plain(markdown_to_html(entry.body[:MAX_BODY_CHARS]))
    )
    link = bot_link(services.username, ENTRY_PREFIX + entry.id)
    label = format_label("inline_open", answer.lang)
    return InlineResult(_shorten_text(title), description, _fit_one_message(answer.html), link, label)


def _fit_one_message(html: str) -> str:
    """Return as much as fits into one message; the button leads to the rest."""
    return split_html(html)[0]


def _shorten_text(text: str) -> str:
    return truncate_text(" ".join(text.split()), MAX_DESCRIPTION_LENGTH)
