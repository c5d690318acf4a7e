"""Search for a message in the context of the previous answer: what does "und was kostet das?" refer to?

The words that mark a message as a follow-up are content: see knowledge/understanding.yaml. A fitted model
(`index.decision`) decides whether it is one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from index.decision.calibration import Decision
from index.decision.features import FollowUpFeatures
from index.search.facets import answer_facet, find_facet, open_named
from index.search.result import SearchResult
from index.search.searcher import MAX_OPTIONS, Searcher
from index.search.sentences import find_best_sentence
from index.text.analyzer import WORD_PATTERN
from knowledge.records.discourse_markers import DiscourseMarkers
from knowledge.records.entry import Entry, Layer
from knowledge.records.facets import NO_FACETS, Facets
from knowledge.records.intents import ReplyKind

MIN_INTENT_PROBABILITY = 0.8  # to take a sentence for small talk without a doubt
MIN_SURE_PROBABILITY = 0.95  # of an answer to the message by itself, to be preferred to what is found in context
MIN_TALK_PROBABILITY = 0.99  # of small talk, the same: "noch eins?" sounds like it too
MAX_RECENT_ENTRIES = 2  # to which a follow-up may refer
LATEST_LEAD = 0.02  # of a cosine, by which a sentence of the entry before has to be closer; see docs/figures.md
UNLIKE = 0.75  # the cosine of texts that have nothing in common, for an entry whose sentences cannot be compared


@dataclass(frozen=True, slots=True)
class Reading:
    """A message after an answer, searched ``alone``, and ``within`` a text that begins with the context's title."""

    alone: SearchResult
    within: SearchResult
    context: Entry
    features: FollowUpFeatures | None  # None if one of the searches found nothing to decide on


def asks_for_more(message: str, markers: DiscourseMarkers) -> bool:
    """Return whether a whole message asks for more on the same subject. Pure."""
    words = WORD_PATTERN.findall(message.lower())
    without_lead = words[1:] if words and words[0] in markers.leading else words
    return not markers.more.isdisjoint((" ".join(words), " ".join(without_lead)))


def only_reacts(message: str, markers: DiscourseMarkers) -> bool:
    """Return whether a whole message reacts to an answer, or greets, and asks nothing. Pure."""
    return " ".join(WORD_PATTERN.findall(message.lower())) in markers.reacting


def names_subject(message: str, markers: DiscourseMarkers) -> bool:
    """Return whether a message has a subject of its own and no word that points back. Pure."""
    words = WORD_PATTERN.findall(message.lower())
    points_back = not markers.pointing.isdisjoint(words) or not markers.closing.isdisjoint(words[-1:])
    leads_on = not markers.leading.isdisjoint(words[:1])
    return not points_back and not leads_on and not set(words) <= markers.plain


def split_announcement(message: str, markers: DiscourseMarkers) -> tuple[bool, str]:
    """Return whether a message begins by announcing another subject, and the rest of it. Pure.

    "Themenwechsel: Wie viele Partner braucht es?" asks the latter. Without a rest the message is returned whole.
    """
    words = list(WORD_PATTERN.finditer(message))
    lowered = [word[0].lower() for word in words]
    start = 1 if lowered and lowered[0] in markers.leading else 0
    lengths = {len(phrase.split()) for phrase in markers.changing}
    for length in sorted(lengths, reverse=True):
        end = start + length
        if end <= len(words) and " ".join(lowered[start:end]) in markers.changing:
            rest = message[words[end - 1].end() :].lstrip(" ,;:.!?–-\n")
            return True, rest if WORD_PATTERN.search(rest) else message
    return False, message


def strip_reaction(message: str, markers: DiscourseMarkers) -> str:
    """Return a message without the word of reaction before its question, which makes it look like small talk. Pure.

    "ok und was hab ich davon" asks "und was hab ich davon".
    """
    words = list(WORD_PATTERN.finditer(message))
    lowered = [word[0].lower() for word in words]
    for count in range(1, len(words) - 1):
        if lowered[count - 1] not in markers.reacting:
            break
        first = count + (lowered[count] in markers.leading)
        if lowered[first : first + 1] and lowered[first] in markers.question_words | markers.asking:
            return message[words[count].start() :]
    return message


def add_recent_entry(recent_ids: Sequence[str], entry_id: str) -> tuple[str, ...]:
    """Return the ids of the entries shown last, the latest first, after another one was shown; "" for none. Pure."""
    return tuple(dict.fromkeys(filter(None, (entry_id, *recent_ids))))[:MAX_RECENT_ENTRIES]


def search_message(
    searcher: Searcher,
    message: str,
    markers: DiscourseMarkers,
    recent_ids: Sequence[str],
    lang: str,
    facets: Facets = NO_FACETS,
) -> SearchResult:
    """Search for a message that follows entries shown before.

    A message that asks about a facet of the subject and nothing else is answered with the entry that tells it. One
    that names its own subject is searched by itself. Any other follow-up is searched together with the title of the
    entry shown last. A detail is also looked up in the entry before, if a sentence there is closer to the message.

    Args:
        markers: the discourse markers of the message's language.
        recent_ids: the entries shown before, the latest first (see `add_recent_entry`).
        lang: the language of the reply, in which the result's entries are.
        facets: what may be asked about any subject.
    """
    is_change, message = split_announcement(strip_reaction(message, markers), markers)
    found = () if is_change else (searcher.find_entry(entry_id, lang) for entry_id in recent_ids)
    contexts = [entry for entry in found if entry and entry.layer is not Layer.GAP]  # a refusal is no subject
    if only_reacts(message, markers):
        return searcher.search(message, lang)
    asked = find_facet(message, facets, markers) if contexts else None
    if (
        asked
        and not _asks_for_human(searcher, message)
        and (answer := answer_facet(searcher, asked, contexts, facets, lang))
    ):
        return answer
    result = _search_after(searcher, message, markers, contexts, lang)
    return open_named(searcher, message, result, contexts, facets, markers, lang)


def _asks_for_human(searcher: Searcher, message: str) -> bool:
    result = searcher.search(message)
    return result.reply is ReplyKind.CONSULTATION and result.probability >= MIN_SURE_PROBABILITY


def _search_after(
    searcher: Searcher, message: str, markers: DiscourseMarkers, contexts: Sequence[Entry], lang: str
) -> SearchResult:
    if not contexts:
        return searcher.search(message, lang)
    if asks_for_more(message, markers):
        related = tuple(islice(searcher.answering_entries(contexts[0].related, lang), MAX_OPTIONS))
        if related:
            return SearchResult(Decision.CLARIFY, 1.0, options=related, context=contexts[0], offers_related=True)
    reading = read_after(searcher, message, markers, contexts[0], lang)
    if reading.features is None or not searcher.reader.calibration.is_leaning(reading.features):
        return reading.alone
    if contexts[0].layer is Layer.BOT and reading.alone.decision in (Decision.ANSWER, Decision.CLARIFY):
        return reading.alone  # what the bot is or stores was asked in between; it is not what a question is about
    first = _reply_in_context(searcher, reading, lang)
    if first.decision is not Decision.ABSTAIN and not first.already_shown:
        return first
    least = _closeness(searcher, contexts[0], reading.alone) + LATEST_LEAD
    for context in contexts[1:]:
        if _closeness(searcher, context, reading.alone) > least:
            result = _reply_in_context(searcher, read_after(searcher, message, markers, context, lang), lang)
            if result.already_shown and result.detail and result.detail.is_sure:
                return result
    return first


def read_after(searcher: Searcher, message: str, markers: DiscourseMarkers, context: Entry, lang: str) -> Reading:
    """Search for a message by itself and in the context of an entry, and extract the features that tell which counts.

    ``markers`` are those of the message's language, ``lang`` is that of the results' entries.
    """
    written_lang = lang.partition("-")[0]  # people who read Leichte Sprache write German
    title = searcher.reader.get_entry(context.id, written_lang).title
    alone, within = searcher.search(message, lang), searcher.search(f"{title}: {message}", lang)
    return Reading(alone, within, context, _extract_features(searcher, message, markers, context, alone, within))


def _extract_features(
    searcher: Searcher,
    message: str,
    markers: DiscourseMarkers,
    context: Entry,
    alone: SearchResult,
    within: SearchResult,
) -> FollowUpFeatures | None:
    if alone.features is None or within.features is None or alone.query_vector is None:
        return None
    calibration = searcher.reader.calibration
    alone_talk, alone_scope, alone_order = calibration.compute_log_odds(alone.features)
    within_talk, within_scope, within_order = calibration.compute_log_odds(within.features)
    words = WORD_PATTERN.findall(message.lower())
    function_words = markers.plain | markers.pointing | markers.closing | markers.leading
    sentence = find_best_sentence(searcher.reader, context, alone.query_vector)
    ranked_ids = [hit.target for hit in alone.hits]
    return FollowUpFeatures(
        words=len(words),
        content_words=sum(word not in function_words for word in words),
        has_leading=words[:1] != [] and words[0] in markers.leading,
        has_pointing=not markers.pointing.isdisjoint(words),
        has_closing=words[-1:] != [] and words[-1] in markers.closing,
        alone_talk=alone_talk,
        alone_scope=alone_scope,
        alone_order=alone_order,
        alone_similarity=alone.features.similarity,
        alone_background_margin=alone.features.background_margin,
        alone_refusal_margin=alone.features.refusal_margin,
        alone_gap_log_ratio=alone.features.gap_log_ratio,
        alone_talk_log_odds=alone.features.talk_log_odds,
        alone_talk_margin=alone.features.small_talk_margin,
        alone_talk_vote=alone.features.talk_vote,
        alone_refusal_log_odds=alone.features.refusal_log_odds,
        alone_refusal_vote=alone.features.refusal_vote,
        within_talk=within_talk,
        within_scope=within_scope,
        within_order=within_order,
        within_similarity=within.features.similarity,
        rank=math.log1p(ranked_ids.index(context.id) if context.id in ranked_ids else len(ranked_ids)),
        is_top_within=within.hits[0].target == context.id,
        has_same_top=within.hits[0].target == ranked_ids[0],
        sentence_similarity=sentence.similarity if sentence else UNLIKE,
        sentence_margin=sentence.margin if sentence else 0.0,
    )


def _closeness(searcher: Searcher, entry: Entry, alone: SearchResult) -> float:
    """Return the cosine of the message alone with the closest sentence of an entry; 0 if they cannot be compared."""
    if alone.query_vector is None:
        return 0.0
    sentence = find_best_sentence(searcher.reader, entry, alone.query_vector)
    return sentence.similarity if sentence else 0.0


def _reply_in_context(searcher: Searcher, reading: Reading, lang: str) -> SearchResult:
    """Return what is found within the context; if that is the context itself, a sentence of it, and other entries."""
    within, context, alone = reading.within, reading.context, reading.alone
    least = {Decision.ANSWER: MIN_SURE_PROBABILITY, Decision.SMALL_TALK: MIN_TALK_PROBABILITY}
    is_sure = alone.probability >= least.get(alone.decision, math.inf)
    is_about_bot = alone.decision is Decision.ANSWER and alone.entry is not None and alone.entry.layer is Layer.BOT
    if within.decision is Decision.SMALL_TALK or is_sure or is_about_bot:
        return alone
    if within.decision is Decision.ABSTAIN:
        return replace(within, context=context if within.entry else None)
    if within.hits[0].target != context.id:
        nearest = within.nearest if alone.decision is not Decision.ABSTAIN else None
        return replace(within, context=context, nearest=nearest)
    assert within.query_vector is not None
    option_ids = dict.fromkeys((*alone.shown_ids[:1], *(hit.target for hit in within.hits[1:])))
    option_ids.pop(context.id, None)
    found = searcher.answering_entries(option_ids, lang)  # what the bot is or stores is not what a question is about
    options = tuple(
        islice((entry for entry in found if entry.layer is not Layer.BOT or context.layer is Layer.BOT), MAX_OPTIONS)
    )
    detail = find_best_sentence(searcher.reader, context, within.query_vector)
    is_quotable = detail is not None and detail.is_sure
    if alone.decision is Decision.ANSWER and alone.entry == context and not is_quotable:
        return alone  # asked again, it is answered again
    by_itself = alone.entry if alone.decision is Decision.ANSWER else None if is_quotable else alone.nearest
    nearest = None if is_quotable and within.probability >= alone.probability else by_itself
    return replace(
        within,
        decision=Decision.CLARIFY,
        entry=None,
        options=options,
        nearest=None if nearest is None or nearest.id == context.id else nearest,
        related=(),
        context=context,
        detail=detail,
        already_shown=True,
    )
