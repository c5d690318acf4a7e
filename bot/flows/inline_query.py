"""What the bot offers where its name is typed in any chat: answers with their source, or honestly none.

Reads the person's language and nothing else; keeps nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.answering.answerer import MAX_BODY, Answer, Status
from bot.domain.deep_links import ENTRY_LINK, bot_link
from bot.domain.event import Event
from bot.domain.turn import State
from bot.flows.context import Parts
from knowledge.records.entry import Entry, Layer
from knowledge.records.intro import steps_in
from prompts.message_splitter import split_html
from prompts.render import label
from prompts.telegram_html import to_html, to_plain

MOST = 3  # results
DESCRIPTION = 120  # characters; the apps show two lines
LAYERS = {Layer.PAGE: "inline_page", Layer.LITERATURE: "inline_literature"}


@dataclass(frozen=True, slots=True)
class Result:
    """A message that the person may send, and the address of its button."""

    title: str
    description: str
    html: str
    link: str
    label: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The results; above them a button into the private chat with the bot, which starts it with a parameter."""

    results: tuple[Result, ...]
    label: str
    start: str


def offer(parts: Parts, state: State, event: Event) -> Offer:
    """What is offered for what was typed; without a question, things that one may ask."""
    if not event.text.strip():
        return _suggestions(parts, parts.lang(state, event))
    answer = parts.answerer.answer(event.text, event.language_code, state.lang)
    match answer.status:
        case Status.ANSWERED:
            nearest = (entry for entry, _ in parts.answerer.nearest(event.text, MOST, answer.lang))
            others = _entries(parts, (one for one in nearest if one != answer.entry), answer.lang)
            results = (_first(parts, answer), *(_entry(parts, one, answer.lang) for one in others))
            return Offer(results[:MOST], label("inline_ask", answer.lang), "start")
        case Status.CLARIFY:
            found = _entries(parts, answer.options, answer.lang)
            results = tuple(_entry(parts, one, answer.lang) for one in found)
            return Offer(results[:MOST], label("inline_ask", answer.lang), "start")
        case Status.SMALLTALK:
            return _suggestions(parts, answer.lang)
        case Status.CONSULTATION:
            return _without(parts, answer, "inline_person")
        case Status.ABSTAINED:
            return _without(parts, answer, "inline_nothing")


def _suggestions(parts: Parts, lang: str) -> Offer:
    """Questions that the first steps of the introduction lead to, as people ask them."""
    ids = dict.fromkeys(entry for step in steps_in(parts.steps, lang) for entry in step.entries[:1])
    found = list(_entries(parts, ids, lang))[:MOST]
    results = (_entry(parts, one, lang, one.questions[0] if one.questions else one.title) for one in found)
    return Offer(tuple(results), label("inline_guide", lang), "intro")


def _without(parts: Parts, answer: Answer, title: str) -> Offer:
    lang = answer.lang
    link = bot_link(parts.username, "beratung")
    result = Result(
        label(title, lang), _shortened(answer.text), _fitting(answer.html), link, label("inline_talk", lang)
    )
    return Offer((result,), label("inline_talk", lang), "beratung")


def _first(parts: Parts, answer: Answer) -> Result:
    """The answer as it was given, with its note where the question was in a language without texts."""
    entry = parts.answerer.entry(answer.entry, answer.lang)
    assert entry is not None
    return _result(parts, entry, answer, entry.title)


def _entry(parts: Parts, entry: Entry, lang: str, title: str = "") -> Result:
    answer = parts.answerer.show(entry.id, lang)
    assert answer is not None
    return _result(parts, entry, answer, title or entry.title)


def _result(parts: Parts, entry: Entry, answer: Answer, title: str) -> Result:
    layer = label(LAYERS[entry.layer], answer.lang) + ": " if entry.layer in LAYERS else ""
    description = _shortened(layer + to_plain(to_html(entry.body[:MAX_BODY])))
    link = bot_link(parts.username, ENTRY_LINK + entry.id)
    return Result(_shortened(title), description, _fitting(answer.html), link, label("inline_open", answer.lang))


def _entries(parts: Parts, ids: Iterable[str], lang: str) -> Iterable[Entry]:
    return (found for entry in ids if (found := parts.answerer.entry(entry, lang)))


def _fitting(html: str) -> str:
    """As much as fits one message; the button leads to the rest."""
    return split_html(html)[0]


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= DESCRIPTION else text[: DESCRIPTION - 2].rstrip() + " …"
