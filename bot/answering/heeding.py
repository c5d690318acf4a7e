"""Change what was found for a message so that it does justice to how the message is meant."""

from dataclasses import replace

from bot.answering.tone import Tone
from index.decision.calibration import Decision
from index.search.follow_up import MIN_INTENT_PROBABILITY, MIN_SURE_PROBABILITY
from index.search.result import SearchResult
from index.search.searcher import Searcher
from knowledge.records.discourse_markers import DiscourseMarkers
from knowledge.records.entry import DETAILS_GAP, Entry, Layer
from knowledge.records.intents import ReplyKind

COMPLAINT = "feelings"  # the intent of scolding the bot, and the template of its reply
MOOD = "mood"  # the intent that a worry resembles
MIN_OPTIONS = 2  # of a choice
MIN_LIKELY_PROBABILITY = 0.6  # of an entry, to be offered to somebody worried


def answer_doubt(
    searcher: Searcher, question: str, result: SearchResult, markers: DiscourseMarkers, lang: str
) -> SearchResult:
    """Return the entry that answers somebody's distrust, in whatever words, if the search itself found no answer."""
    is_answered = result.decision is Decision.ANSWER or result.facet_question  # "was haben die davon?" doubts nobody
    if is_answered or result.query_vector is None or not markers.doubting:
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


def answer_introduced_question(whole: SearchResult, asked: SearchResult) -> SearchResult:
    """Return what was found for a message with an introduction, or for its question alone if that tells more."""
    return asked if _rank(asked) > _rank(whole) else whole


def _rank(result: SearchResult) -> int:
    is_wish = result.reply is ReplyKind.CONSULTATION
    says_gap = result.decision is Decision.ABSTAIN and result.entry is not None and result.entry.id != DETAILS_GAP
    is_answer = result.decision is Decision.ANSWER
    if says_gap or ((is_answer or is_wish) and result.probability >= MIN_INTENT_PROBABILITY):
        return 3
    return 2 if is_answer else int(is_wish or result.decision is Decision.CLARIFY)


def heed_tone(
    searcher: Searcher, result: SearchResult, tone: Tone, markers: DiscourseMarkers, lang: str
) -> SearchResult:
    """Return a result in which exhaustion leads to a person, scolding to an apology, a vague worry to a question."""
    is_sure = result.decision is Decision.ANSWER and result.probability >= MIN_SURE_PROBABILITY
    is_about_bot = result.entry is not None and result.entry.layer is Layer.BOT  # a worry seldom is
    if is_sure and not (tone.worries and is_about_bot):
        return result
    if tone.exhausted:
        return _replace_decision(result, Decision.SMALL_TALK, reply=ReplyKind.CONSULTATION)
    if tone.scolds and result.decision is Decision.SMALL_TALK and result.reply is ReplyKind.CONSULTATION:
        return replace(result, related=())
    if tone.scolds and result.off_topic and not result.entry:
        return _replace_decision(result, Decision.SMALL_TALK, reply=ReplyKind.SMALL_TALK, intent=COMPLAINT)
    if tone.worries:
        return _ask_about_worry(result, tone)
    return _offer_beginnings(searcher, result, markers, lang) if tone.tells else result


def _ask_about_worry(result: SearchResult, tone: Tone) -> SearchResult:
    """Return a question about a worry, with at most the one entry that likely answers it."""
    is_talk = result.decision is Decision.SMALL_TALK
    is_meant = result.intent != MOOD and (result.intent != COMPLAINT or tone.scolds)
    if result.off_topic or (is_talk and is_meant and result.probability >= MIN_SURE_PROBABILITY):
        return result
    is_likely = result.probabilities is not None and result.probabilities.correct >= MIN_LIKELY_PROBABILITY
    likeliest = result.options[:1] if result.decision is Decision.CLARIFY and is_likely else ()
    entries = (result.entry,) if result.decision is Decision.ANSWER and result.entry else likeliest
    options = tuple(entry for entry in entries if entry.layer is not Layer.BOT)
    return _replace_decision(result, Decision.CLARIFY, options=options)


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


def _offer_beginnings(searcher: Searcher, result: SearchResult, markers: DiscourseMarkers, lang: str) -> SearchResult:
    """Return a choice of entries to begin with in place of a refusal."""
    says_gap = result.entry is not None and result.entry.id != DETAILS_GAP
    if result.decision is not Decision.ABSTAIN or says_gap:
        return result
    options = tuple(searcher.answering_entries(markers.starting, lang))
    return _replace_decision(result, Decision.CLARIFY, options=options) if options else result
