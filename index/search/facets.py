"""Answer what is asked about the subject just shown, its costs or its results, with the entry that tells it.

A message counts only if nothing in it names another subject: all its words are those of a facet, function words, or
the name of one of the subjects at hand. The words and the entries are content: see knowledge/facets.yaml.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import islice

from index.decision.calibration import Decision
from index.search.result import SearchResult
from index.search.searcher import MAX_OPTIONS, Searcher
from index.search.sentences import ScoredSentence, find_best_sentence, find_sentence
from index.text.analyzer import WORD_PATTERN, stem_word
from index.text.phrases import END_OF_CLAUSE, find_phrase
from index.text.proper_names import ProperNames
from knowledge.records.discourse_markers import DiscourseMarkers
from knowledge.records.entry import Entry, Layer
from knowledge.records.facets import Facet, Facets

FACET_PROBABILITY = 0.9  # that such an answer is right, which no model estimates
MIN_FUZZY_LENGTH = 6  # letters of a word of a title that is recognised in spite of a slip of the finger
MIN_LIKENESS = 0.85  # of two spellings of a word, 0 to 1
MAX_NAMED = 8  # entries at the top of a search that a message may name


@dataclass(frozen=True, slots=True)
class FacetQuestion:
    """A facet that a message asks about, and the words that are left over, which may name the subject."""

    facet: Facet
    names: tuple[str, ...]


def find_facet(message: str, facets: Facets, markers: DiscourseMarkers) -> FacetQuestion | None:
    """Return the facet that leaves the fewest words of a message over, by its longest cue; None for none. Pure."""
    words = WORD_PATTERN.findall(message.lower())
    if not facets.elsewhere.isdisjoint(words):
        return None
    known = _function_words(facets, markers)
    best, best_key = None, (len(words), 0)
    for facet in facets.facets.values():
        own = known.union(*(cue.split() for cue in facet.cues))
        for cue in facet.cues:
            rest = find_phrase(words, cue)
            if rest is None:
                continue
            names = tuple(word for word in rest if word not in own)
            key = (len(names), -len(cue.replace("…", "").replace(END_OF_CLAUSE, "").split()))
            if key < best_key:
                best, best_key = FacetQuestion(facet, names), key
    return best


def answer_facet(
    searcher: Searcher, asked: FacetQuestion, contexts: Sequence[Entry], facets: Facets, lang: str
) -> SearchResult | None:
    """Return the entry or sentence that tells a facet of the subject, or else what holds in general; None if neither.

    ``contexts`` are the entries shown before, the latest first.
    """
    subject = _find_subject(searcher, asked, contexts, facets, lang)
    if subject is None or subject.layer is Layer.BOT:
        return None
    facet = asked.facet
    question = facet.question.get(lang.partition("-")[0], subject.title)
    found = replace(
        searcher.search(question, lang), probability=FACET_PROBABILITY, options=(), related=(), reply=None
    )
    found = replace(found, nearest=None, detail=None, facet_question=question)
    entry_id, word = facet.entry_of(subject.id)
    if entry_id == subject.id:
        return _quote_subject(searcher, found, facet, subject, word, lang)
    entry = searcher.find_entry(entry_id or facet.general, lang) if entry_id or facet.general else None
    case = "" if entry_id or facet.about_asker else facets.case_of(subject.id)
    if case and (entry is None or entry.id == subject.id):
        return _offer_related(searcher, found, facet, subject, None, lang)
    if entry is None or entry.id == subject.id:
        return None
    context = searcher.find_entry(case, lang) or subject if case else subject if entry_id else None
    return replace(
        found,
        decision=Decision.ABSTAIN if entry.layer is Layer.GAP else Decision.ANSWER,
        entry=entry,
        related=searcher.load_related(entry, lang),
        context=context,
        falls_back=bool(case),
    )


def _quote_subject(
    searcher: Searcher, found: SearchResult, facet: Facet, subject: Entry, word: str, lang: str
) -> SearchResult:
    """Return a result that quotes the sentence with a word, the nearest to the facet's question or the first."""
    by_word = find_sentence(searcher.reader, subject, word) if word or facet.quotes == "first" else None
    vector = found.query_vector
    detail = by_word or (None if vector is None else find_best_sentence(searcher.reader, subject, vector))
    if detail is None:  # such as in Leichte Sprache, whose texts are short
        return replace(found, decision=Decision.ANSWER, entry=subject, related=searcher.load_related(subject, lang))
    return _offer_related(searcher, found, facet, subject, replace(detail, margin=1.0), lang)


def _offer_related(
    searcher: Searcher, found: SearchResult, facet: Facet, subject: Entry, detail: ScoredSentence | None, lang: str
) -> SearchResult:
    general = (facet.general,) if facet.general and facet.general != subject.id else ()
    others = searcher.answering_entries(dict.fromkeys((*general, *subject.related)), lang)
    return replace(
        found,
        decision=Decision.CLARIFY,
        entry=None,
        options=tuple(islice(others, MAX_OPTIONS)),
        context=subject,
        already_shown=True,
        detail=detail,
    )


def open_named(
    searcher: Searcher,
    message: str,
    result: SearchResult,
    contexts: Sequence[Entry],
    facets: Facets,
    markers: DiscourseMarkers,
    lang: str,
) -> SearchResult:
    """Return a choice as the only entry offered, now or below the last answer, that the message names."""
    if result.decision is not Decision.CLARIFY:
        return result
    related = contexts[0].related if contexts else ()
    offered = searcher.answering_entries((*(option.id for option in result.options), *related), lang)
    names = names_in(message, facets, markers)
    entry = find_named(names, offered, searcher.reader.proper_names, facets.telling)
    shown = searcher.show_entry(entry.id, lang) if entry else None
    if shown is None:
        return result
    return replace(
        result,
        decision=shown.decision,
        entry=shown.entry,
        related=shown.related,
        options=(),
        nearest=None,
        context=None,
        already_shown=False,
        detail=None,
    )


def names_in(message: str, facets: Facets, markers: DiscourseMarkers) -> tuple[str, ...]:
    """Return the words of a message that may name a subject. Pure."""
    known = _function_words(facets, markers) | facets.telling
    return tuple(word for word in WORD_PATTERN.findall(message.lower()) if word not in known)


def find_named(
    words: Sequence[str], entries: Iterable[Entry], proper_names: ProperNames, telling: frozenset[str] = frozenset()
) -> Entry | None:
    """Return the only entry that these words name, or the one that has exactly that name; None for none. Pure.

    An entry is named by a proper name in its title, or by more than half of the words of its name or title.
    """
    if not words:
        return None
    named = {entry.id: entry for entry in entries if _names_entry(words, entry, proper_names, telling)}
    return next(iter(named.values())) if len(named) == 1 else named.get("-".join(words))


def _find_subject(
    searcher: Searcher, asked: FacetQuestion, contexts: Sequence[Entry], facets: Facets, lang: str
) -> Entry | None:
    if not asked.names:
        return contexts[0]
    hits = searcher.rank_entries(" ".join(asked.names), MAX_NAMED)
    nearest_ids = [hit.target for hit in hits if facets.case_of(hit.target)]
    at_hand = (*(context.id for context in contexts), *contexts[0].related, *nearest_ids)
    entries = searcher.answering_entries(at_hand, lang)
    return find_named(asked.names, entries, searcher.reader.proper_names, facets.telling)


def _function_words(facets: Facets, markers: DiscourseMarkers) -> frozenset[str]:
    return markers.small_words | facets.fillers


def _names_entry(words: Sequence[str], entry: Entry, proper_names: ProperNames, telling: frozenset[str]) -> bool:
    for name in (WORD_PATTERN.findall(entry.title.lower()), entry.id.split("-")):
        matched = [each for each in name if any(word == each or _is_slip(word, each) for word in words)]
        is_whole = all(any(word == each or _is_slip(word, each) for each in name) for word in words)
        is_proper = any(
            (lang, stem_word(word, lang)) in proper_names for word in matched for lang in (entry.lang[:2],)
        )
        if is_whole and (is_proper or 2 * len(matched) > len([each for each in name if each not in telling])):
            return True
    return False


def _is_slip(word: str, meant: str) -> bool:
    if min(len(word), len(meant)) < MIN_FUZZY_LENGTH or word[0] != meant[0]:
        return False
    return SequenceMatcher(None, word, meant).ratio() >= MIN_LIKENESS
