"""The last answer said in another way, in plain words, in short or by an example; and what a word means."""

from dataclasses import replace

from bot.answering.tone import without_yes_or_no
from bot.domain.message import SendMessage
from bot.domain.turn import Turn
from bot.flows import questions
from bot.flows.context import TurnContext
from knowledge.parsing.plain_text import Summary, summarise_markdown
from knowledge.passages import split_sentences
from knowledge.records.entry import LEICHTE_SPRACHE, Entry
from prompts.render import format_label

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


def show_example(context: TurnContext) -> Turn | None:
    """Show the nearest entry that tells of a real place or initiative; None if there is none."""
    answerer, state, lang = context.services.answerer, context.state, context.lang
    subject_ids = (*state.recent_entries, FIRST_ENTRY)
    recent = [entry for entry_id in subject_ids if (entry := answerer.find_entry(entry_id, lang))]
    if not recent:
        return None
    subject = next((entry for entry in recent if not answerer.is_example(entry)), recent[0])
    seen_ids = (*state.answers_read, *state.recent_entries)
    example = answerer.nearest_example(f"{subject.title}: {context.event.text}", lang, seen_ids)
    turn = questions.show_entry(context, example.id) if example else None
    if turn is None:
        return None
    (message,) = turn.messages
    assert isinstance(message, SendMessage)
    lead = f"<i>{format_label('example_lead', lang)}</i>"
    return replace(turn, messages=(replace(message, html=f"{lead}\n\n{message.html}"),))


def explain_word(context: TurnContext, word: str) -> Turn:
    """Explain a word that answers use; ``word`` is as in knowledge/commands.yaml."""
    return context.reply(format_label(f"word_{word}", context.lang))


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
