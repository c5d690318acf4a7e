"""A message together with the answer before it: which entry is meant when somebody asks "und was kostet das?"."""

from dataclasses import dataclass

from index.search.leaning import FollowUp, classify_follow_up
from index.search.searcher import (
    MAX_OPTIONS,
    IntentMatch,
    MultipleMatches,
    NoMatch,
    Searcher,
    SearchOutcome,
    SingleMatch,
    shown_entry_ids,
)
from index.text.analyzer import extract_terms
from knowledge.records.discourse_markers import DiscourseMarkers
from knowledge.records.entry import Layer

MIN_INTENT_PROBABILITY = 0.8  # from this probability on, small talk and a wish are what they seem, however short
CONTEXT_PROBABILITY_RATIO = 0.9  # of the certainty alone is enough together, since a message that leans was meant so


@dataclass(frozen=True, slots=True)
class ContextualResult:
    """The outcome for a message. ``about`` is the entry it was read together with; empty where it stands alone.

    ``more``: more was asked for, and the outcome offers what is related. ``told``: the entry shown before is still
    the nearest, and the outcome offers what lies next to it.
    """

    outcome: SearchOutcome
    context_entry_id: str = ""
    offers_related: bool = False
    already_shown: bool = False


def search_message(
    searcher: Searcher, message: str, markers: DiscourseMarkers, last_entry_id: str, lang: str
) -> ContextualResult:
    """The outcome for a message after the entry ``last`` was shown in ``lang``; ``last`` is empty where none was.

    A message that names its own subject is searched alone. One that leans is searched alone and together with the
    title of ``last``, and the surer outcome counts.
    """
    follow_up = classify_follow_up(message, markers)
    if follow_up is FollowUp.NONE or last_entry_id not in searcher.reader.entries:
        return ContextualResult(searcher.search(message))
    if follow_up is FollowUp.MORE and (related := _related_entry_ids(searcher, last_entry_id)):
        return ContextualResult(MultipleMatches(related, 1.0), last_entry_id, offers_related=True)
    standalone = searcher.search(message)
    if _stands_alone(searcher, message, standalone, follow_up):
        return ContextualResult(standalone)
    return _search_in_context(searcher, message, standalone, last_entry_id, lang)


def contextual_query(message: str, title: str) -> str:
    """The message as it is searched together with an entry's title."""
    return f"{title}: {message}"


def _search_in_context(
    searcher: Searcher, message: str, standalone: SearchOutcome, last_entry_id: str, lang: str
) -> ContextualResult:
    question = contextual_query(message, searcher.reader.get_entry(last_entry_id, lang).title)
    contextual = searcher.search(question)
    entry_id, context_more_likely = (
        _outcome_entry_id(contextual),
        contextual.probability > CONTEXT_PROBABILITY_RATIO * standalone.probability,
    )
    if (
        entry_id
        and entry_id != last_entry_id
        and (context_more_likely or _outcome_entry_id(standalone) in ("", entry_id))
    ):
        return ContextualResult(contextual, last_entry_id)
    prefers_standalone = bool(_outcome_entry_id(standalone) or isinstance(standalone, IntentMatch)) and (
        standalone.probability >= MIN_INTENT_PROBABILITY or not context_more_likely
    )
    if prefers_standalone or isinstance(contextual, NoMatch | IntentMatch):
        return ContextualResult(standalone)
    nearest_ids = [hit.target for hit in searcher.rank_entries(question, MAX_OPTIONS + 1)]
    standalone_ids = shown_entry_ids(standalone)[:1]
    option_ids = dict.fromkeys(target for target in (*standalone_ids, *nearest_ids) if target != last_entry_id)
    return ContextualResult(
        MultipleMatches(tuple(option_ids)[:MAX_OPTIONS], contextual.probability),
        last_entry_id,
        already_shown=entry_id == last_entry_id,
    )


def _stands_alone(searcher: Searcher, message: str, standalone: SearchOutcome, follow_up: FollowUp) -> bool:
    """Whether the message is sure of its subject without what came before."""
    if isinstance(standalone, IntentMatch):
        return follow_up is FollowUp.SHORT and standalone.probability >= MIN_INTENT_PROBABILITY
    entry_id = _outcome_entry_id(standalone)
    if not entry_id:
        return isinstance(standalone, NoMatch) and standalone.off_topic
    versions = searcher.reader.searchable_entries(entry_id)
    return any(
        set(extract_terms(version.title, version.lang)) & set(extract_terms(message, version.lang))
        for version in versions
    )


def _outcome_entry_id(outcome: SearchOutcome) -> str:
    """The entry that answers, or that says that the sources are silent."""
    match outcome:
        case SingleMatch(entry_id):
            return entry_id
        case NoMatch(gap_id) if gap_id:
            return gap_id
        case _:
            return ""


def _related_entry_ids(searcher: Searcher, last_entry_id: str) -> tuple[str, ...]:
    reader = searcher.reader
    existing = [entry_id for entry_id in reader.get_entry(last_entry_id, "de").related if entry_id in reader.entries]
    return tuple(entry_id for entry_id in existing if reader.get_entry(entry_id, "de").layer is not Layer.GAP)[
        :MAX_OPTIONS
    ]
