"""Search for a message in the context of the previous answer: what does "und was kostet das?" refer to?

The words that mark a message as a follow-up are content: see knowledge/understanding.yaml.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import islice

from index.decision.calibration import Decision
from index.search.result import SearchResult
from index.search.searcher import MAX_OPTIONS, Searcher
from index.search.sentences import find_best_sentence
from index.text.analyzer import WORD_PATTERN, extract_terms
from knowledge.records.discourse_markers import DiscourseMarkers
from knowledge.records.entry import Entry
from knowledge.records.intents import ReplyKind

MIN_INTENT_PROBABILITY = 0.8  # to accept a message in a conversation as small talk
MIN_REQUEST_PROBABILITY = 0.5  # the same for a request for a human, since a missed one costs more
MIN_SURE_PROBABILITY = 0.9  # of an answer to the message by itself, to be preferred to one in context
MAX_RECENT_ENTRIES = 2  # to which a follow-up may refer
LATEST_LEAD = 0.02  # of a cosine, by which a sentence of the entry before has to be closer; see docs/figures.md
# Content words that a follow-up has at most: without a marker, after a leading, and with a pointing or closing word.
MAX_WORDS_UNMARKED, MAX_WORDS_LEADING, MAX_WORDS_POINTING = 1, 2, 3


class FollowUp(StrEnum):
    """How a message refers to the previous answer."""

    NONE = "none"  # it names its own subject
    SHORT = "short"  # it is too short to tell
    ANAPHORIC = "leans"  # it refers back, or continues
    MORE = "more"  # it asks for more on the same subject


def classify_follow_up(message: str, markers: DiscourseMarkers) -> FollowUp:
    """Classify how a message refers to the previous answer, from its words alone. Pure."""
    words = WORD_PATTERN.findall(message.lower())
    if not words:
        return FollowUp.NONE
    without_lead = words[1:] if words[0] in markers.leading else words
    if " ".join(words) in markers.more or " ".join(without_lead) in markers.more:
        return FollowUp.MORE
    function_words = markers.plain | markers.pointing | markers.closing | markers.leading
    content_words = sum(word not in function_words for word in words)
    if not markers.pointing.isdisjoint(words) or words[-1] in markers.closing:
        return FollowUp.ANAPHORIC if content_words <= MAX_WORDS_POINTING else FollowUp.NONE
    if any((lead := phrase.split()) == words[: len(lead)] for phrase in markers.leading):
        return FollowUp.ANAPHORIC if content_words <= MAX_WORDS_LEADING else FollowUp.NONE
    return FollowUp.SHORT if content_words <= MAX_WORDS_UNMARKED else FollowUp.NONE


def split_announcement(message: str, markers: DiscourseMarkers) -> tuple[bool, str]:
    """Return whether a message begins by announcing another subject, and the rest of it. Pure.

    "Themenwechsel: Wie viele Partner braucht es?" asks the latter. Without a rest the message is returned whole.
    """
    words = list(WORD_PATTERN.finditer(message))
    lowered = [word[0].lower() for word in words]
    start = 1 if lowered and lowered[0] in markers.leading else 0
    lengths = {len(phrase.split()) for phrase in markers.changing}
    for length in sorted(lengths, reverse=True):
        if " ".join(lowered[start : start + length]) in markers.changing:
            rest = message[words[start + length - 1].end() :].lstrip(" ,;:.!?–-\n")
            return True, rest if WORD_PATTERN.search(rest) else message
    return False, message


def add_recent_entry(recent_ids: Sequence[str], entry_id: str) -> tuple[str, ...]:
    """Return the ids of the entries shown last, the latest first, after another one was shown; "" for none. Pure."""
    return tuple(dict.fromkeys(filter(None, (entry_id, *recent_ids))))[:MAX_RECENT_ENTRIES]


def search_message(
    searcher: Searcher, message: str, markers: DiscourseMarkers, recent_ids: Sequence[str], lang: str
) -> SearchResult:
    """Search for a message that follows entries shown before.

    A message that names its own subject is searched by itself. A follow-up is also searched together with the title
    of the entry shown last: what that finds is preferred, a detail of the entry itself first. A detail is also looked
    up in the entry before, if a sentence there is closer to the message.

    Args:
        markers: the discourse markers of the message's language.
        recent_ids: the entries shown before, the latest first (see `add_recent_entry`).
        lang: the language of the reply, in which the result's entries are.
    """
    is_change, message = split_announcement(message, markers)
    follow_up = FollowUp.NONE if is_change else classify_follow_up(message, markers)
    found = () if is_change else (searcher.find_entry(entry_id, lang) for entry_id in recent_ids)
    contexts = [entry for entry in found if entry]
    if not contexts:
        return searcher.search(message, lang)
    if follow_up is FollowUp.MORE:
        related = tuple(islice(searcher.answering_entries(contexts[0].related, lang), MAX_OPTIONS))
        if related:
            return SearchResult(Decision.CLARIFY, 1.0, options=related, context=contexts[0], offers_related=True)
    standalone = searcher.search(message, lang)
    if _stands_alone(searcher, message, standalone, follow_up):
        return standalone
    first = _search_in_context(searcher, message, standalone, contexts[0], lang)
    if first.decision is not Decision.ABSTAIN and not first.already_shown:
        return first
    least = _closeness(searcher, contexts[0], standalone) + LATEST_LEAD
    for context in contexts[1:]:
        if _closeness(searcher, context, standalone) > least:
            result = _search_in_context(searcher, message, standalone, context, lang)
            if result.already_shown:
                return result
    return first


def _closeness(searcher: Searcher, entry: Entry, standalone: SearchResult) -> float:
    """Return the cosine of the message alone with the closest sentence of an entry; 0 if they cannot be compared."""
    if standalone.query_vector is None:
        return 0.0
    sentence = find_best_sentence(searcher.reader, entry, standalone.query_vector)
    return sentence.similarity if sentence else 0.0


def _search_in_context(
    searcher: Searcher, message: str, standalone: SearchResult, context: Entry, lang: str
) -> SearchResult:
    written_lang = lang.partition("-")[0]  # people who read Leichte Sprache write German
    question = f"{searcher.reader.get_entry(context.id, written_lang).title}: {message}"
    contextual = searcher.search(question, lang)
    is_sure = standalone.decision is Decision.ANSWER and standalone.probability >= MIN_SURE_PROBABILITY
    if contextual.decision is Decision.SMALL_TALK or (contextual.decision is Decision.ABSTAIN and is_sure):
        return standalone
    if contextual.decision is Decision.ABSTAIN:
        return replace(contextual, context=context if contextual.entry else None)
    if contextual.hits[0].target != context.id:
        is_better = is_sure and standalone.probability > contextual.probability
        return standalone if is_better else replace(contextual, context=context)
    assert contextual.query_vector is not None
    nearest_ids = (hit.target for hit in contextual.hits[1:])
    option_ids = dict.fromkeys((*standalone.shown_ids[:1], *nearest_ids))
    option_ids.pop(context.id, None)
    return replace(
        contextual,
        decision=Decision.CLARIFY,
        entry=None,
        options=tuple(searcher.reader.get_entry(entry_id, lang) for entry_id in list(option_ids)[:MAX_OPTIONS]),
        related=(),
        context=context,
        detail=find_best_sentence(searcher.reader, context, contextual.query_vector),
        already_shown=True,
    )


def _stands_alone(searcher: Searcher, message: str, standalone: SearchResult, follow_up: FollowUp) -> bool:
    """Return whether the message names its subject clearly enough without context."""
    if follow_up is FollowUp.NONE and standalone.decision is Decision.ANSWER:
        return True
    if standalone.decision is Decision.SMALL_TALK:
        is_request = standalone.reply is ReplyKind.CONSULTATION
        least = MIN_REQUEST_PROBABILITY if is_request else MIN_INTENT_PROBABILITY
        return follow_up is not FollowUp.ANAPHORIC and standalone.probability >= least
    if standalone.entry is None:
        return standalone.off_topic
    return any(
        set(extract_terms(version.title, version.lang)) & set(extract_terms(message, version.lang))
        for version in searcher.reader.searchable_entries(standalone.entry.id)
    )
