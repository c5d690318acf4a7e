"""Change what was found for a message so that it does justice to how the message is meant."""

from dataclasses import replace
from itertools import islice

from bot.answering.tone import Tone
from index.decision.calibration import Decision
from index.search.follow_up import MIN_INTENT_PROBABILITY, MIN_SURE_PROBABILITY
from index.search.result import SearchResult
from index.search.searcher import MAX_OPTIONS, Searcher
from knowledge.records.discourse_markers import DiscourseMarkers
from knowledge.records.entry import Entry, Layer
from knowledge.records.intents import ReplyKind

COMPLAINT = "feelings"  # the intent of scolding the bot, and the template of its reply
MOOD = "mood"  # the intent that a worry resembles
MIN_OPTIONS = 2  # of a choice


def answer_doubt(
    searcher: Searcher, question: str, result: SearchResult, markers: DiscourseMarkers, lang: str
) -> SearchResult:
    """Return the entry that answers somebody's distrust, in whatever words, if the search itself found no answer."""
    if result.decision is Decision.ANSWER or result.query_vector is None or not markers.doubting:
        return result
    entry_id = searcher.find_alike(question, markers.doubting)
    shown = searcher.show_entry(entry_id, lang) if entry_id else None
    if shown is None:
        return result
    return replace(
        result,
        decision=shown.decision,
        probability=max(result.probability, MIN_INTENT_PROBABILITY),
        entry=shown.entry,
        related=shown.related,
        options=(),
        nearest=None,
        reply=None,
        context=None,
        already_shown=False,
        detail=None,
    )


def heed_tone(searcher: Searcher, result: SearchResult, tone: Tone, lang: str) -> SearchResult:
    """Return a result in which exhaustion leads to a person, scolding to an apology, a vague worry to a question."""
    is_sure = result.decision is Decision.ANSWER and result.probability >= MIN_SURE_PROBABILITY
    if is_sure:
        return result
    if tone.exhausted:
        return _replace_decision(result, Decision.SMALL_TALK, reply=ReplyKind.CONSULTATION)
    if tone.scolds and result.decision is Decision.SMALL_TALK and result.reply is ReplyKind.CONSULTATION:
        return replace(result, related=())
    if tone.scolds and result.off_topic and not result.entry:
        return _replace_decision(result, Decision.SMALL_TALK, reply=ReplyKind.SMALL_TALK, intent=COMPLAINT)
    if tone.worries:
        return _ask_about_worry(result, tone)
    return _offer_nearest(searcher, result, lang) if tone.tells else result


def _ask_about_worry(result: SearchResult, tone: Tone) -> SearchResult:
    """Return a choice for a worry only if an entry surely answers; else, at most the one that would have answered."""
    is_talk = result.decision is Decision.SMALL_TALK
    is_meant = result.intent != MOOD and (result.intent != COMPLAINT or tone.scolds)
    if result.off_topic or (is_talk and is_meant and result.probability >= MIN_SURE_PROBABILITY):
        return result
    probabilities = result.probabilities
    is_answerable = probabilities is not None and probabilities.answerable >= MIN_SURE_PROBABILITY
    if result.decision is Decision.CLARIFY and is_answerable:
        return result
    is_answer = result.decision is Decision.ANSWER and result.entry and result.entry.layer is not Layer.BOT
    return _replace_decision(result, Decision.CLARIFY, options=(result.entry,) if is_answer and result.entry else ())


def _replace_decision(
    result: SearchResult,
    decision: Decision,
    *,
    reply: ReplyKind | None = None,
    intent: str = "",
    options: tuple[Entry, ...] = (),
) -> SearchResult:
    return replace(
        result,
        decision=decision,
        reply=reply,
        intent=intent or result.intent,
        options=options,
        entry=None,
        nearest=None,
        related=(),
        detail=None,
    )


def _offer_nearest(searcher: Searcher, result: SearchResult, lang: str) -> SearchResult:
    """Return a choice of entries in place of a refusal."""
    if result.decision is not Decision.ABSTAIN or result.off_topic:
        return result
    entries = searcher.answering_entries((hit.target for hit in result.hits), lang)
    options = tuple(islice((entry for entry in entries if entry.layer is not Layer.BOT), MAX_OPTIONS))
    return _replace_decision(result, Decision.CLARIFY, options=options) if options else result
