"""The last answer said in another way, in plain words or in short; without one, what Gemeinsam Wirken is."""

from bot.answering.tone import without_yes_or_no
from bot.domain.turn import Turn
from bot.flows import questions
from bot.flows.context import TurnContext
from knowledge.parsing.plain_text import Summary, summarise_markdown
from knowledge.passages import split_sentences
from knowledge.records.entry import LEICHTE_SPRACHE, Entry

FIRST_ENTRY = "was-ist-gemeinsam-wirken"  # external knowledge may lack it


def simplify_answer(context: TurnContext) -> Turn:
    """Show the last answer in Leichte Sprache; in short if it does not exist in that, or was read in it."""
    entry = _find_last_entry(context)
    if entry and context.lang == "de":
        easy_entry = context.services.answerer.find_entry(entry.id, LEICHTE_SPRACHE)
        is_easy = easy_entry is not None and easy_entry.lang == LEICHTE_SPRACHE
        if is_easy and (turn := questions.show_entry(context, entry.id, LEICHTE_SPRACHE)):
            return turn
    return _say_in_short(context, entry)


def shorten_answer(context: TurnContext) -> Turn:
    """Say the last answer in a sentence or two."""
    return _say_in_short(context, _find_last_entry(context))


def _find_last_entry(context: TurnContext) -> Entry | None:
    answerer, last_id = context.services.answerer, context.state.last_entry
    last_entry = answerer.find_entry(last_id, context.lang) if last_id else None
    return last_entry or answerer.find_entry(FIRST_ENTRY, context.lang)


def _say_in_short(context: TurnContext, entry: Entry | None) -> Turn:
    if entry is None:
        return context.say("ask")
    summary = summarise_markdown(entry.body)
    *sentences, _ = split_sentences(summary.text) or [""]
    if summary.items and sentences:  # what stands before a list that it introduces says enough
        summary = Summary(" ".join(sentences))
    return context.say("short", title=entry.title, text=without_yes_or_no(summary.text), items=summary.items)
