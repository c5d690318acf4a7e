"""Evaluate labelled questions: run each through the searcher and record the outcome."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from index.build.corpus import ProgressCallback, ignore_progress
from index.decision.calibration import Decision
from index.decision.features import QueryFeatures
from index.evaluation.dataset import LabelledQuestion, is_correct, outcome_status
from index.search.follow_up import add_recent_entry, search_message
from index.search.result import SearchResult
from index.search.searcher import Searcher
from knowledge.loader import BUILT_IN
from knowledge.records.discourse_markers import MARKERS_FILE, NO_MARKERS, DiscourseMarkers, read_markers
from knowledge.records.facets import FACETS_FILE, Facets, read_facets

BIAS_FEATURE = "bias"


@dataclass(frozen=True, slots=True)
class FeatureContribution:
    """A feature of the decision: its value, and its contribution (``share``) to the log-odds of answering.

    A positive share favours an answer, a negative one a refusal.
    """

    feature: str
    value: float
    share: float


@dataclass(frozen=True, slots=True)
class EvaluatedQuestion:
    """A labelled question with its outcome.

    Attributes:
        status: as `gwbot ask` reports it.
        right: whether the outcome is the expected one.
        shown: the entry shown as the answer, or the entries offered.
        text_shown: whether the text of an entry was shown, as the answer or as the first of a choice.
        best: the top-ranked entry; "" if there is none.
        best_right: whether ``best`` is right, whatever was decided.
        probability: the estimated probability (0 to 1) that ``best`` is right.
        reasons: the answerability features and the bias; their shares add up to the log-odds.
        ms: duration of the search in milliseconds.
    """

    item: LabelledQuestion
    status: str
    right: bool
    shown: tuple[str, ...]
    best: str
    best_right: bool
    probability: float
    reasons: tuple[FeatureContribution, ...]
    ms: float
    text_shown: bool

    @property
    def outcome_text(self) -> str:
        """The outcome in words."""
        prefix = {"answered": "answered with ", "clarify": "offered "}.get(self.status, self.status)
        return prefix + ", ".join(self.shown)

    @property
    def is_wrong(self) -> bool:
        """Whether a wrong answer or choice was shown."""
        return self.status in ("answered", "clarify") and not self.right

    @property
    def is_refused(self) -> bool:
        """Whether an answerable question was refused."""
        return self.item.is_answerable and self.status == "abstained"


def evaluate_questions(
    items: Sequence[LabelledQuestion],
    searcher: Searcher,
    progress: ProgressCallback = ignore_progress,
) -> list[EvaluatedQuestion]:
    """Evaluate every question, in order; ``progress`` hears of each."""
    searcher.search("Aufwärmen")  # warm-up: the first search reads files into the page cache
    evaluated = []
    for item in items:
        evaluated.append(_evaluate_question(item, searcher))
        progress("evaluating", len(evaluated), len(items))
    return evaluated


def _evaluate_question(item: LabelledQuestion, searcher: Searcher) -> EvaluatedQuestion:
    recent_ids = replay_history(item, searcher)
    start = time.perf_counter()
    result = _search(item.question, item, recent_ids, searcher)
    ms = (time.perf_counter() - start) * 1000
    top_entry_id = result.hits[0].target if result.hits else ""
    return EvaluatedQuestion(
        item=item,
        status=outcome_status(result),
        right=is_correct(item, result),
        shown=result.shown_ids,
        best=top_entry_id,
        best_right=item.is_answerable and top_entry_id in item.entries,
        probability=result.probabilities.correct if result.probabilities else 0.0,
        reasons=tuple(_feature_contributions(result.features, searcher)) if result.features else (),
        ms=ms,
        text_shown=result.decision is Decision.ANSWER or result.nearest is not None,
    )


def replay_history(item: LabelledQuestion, searcher: Searcher) -> tuple[str, ...]:
    """Search for the messages before a question; returns the entries that it may refer to, the latest first."""
    recent_ids: tuple[str, ...] = ()
    for message in item.history:
        recent_ids = add_recent_entry(recent_ids, _search(message, item, recent_ids, searcher).subject_id)
    return recent_ids


def builtin_markers(lang: str) -> DiscourseMarkers:
    """Return the built-in discourse markers of a language; empty lists for one without."""
    return _read_builtin_markers().get(lang, NO_MARKERS)


def _search(message: str, item: LabelledQuestion, recent_ids: Sequence[str], searcher: Searcher) -> SearchResult:
    if not item.history:
        return searcher.search(message)
    return search_message(searcher, message, builtin_markers(item.lang), recent_ids, "de", _read_builtin_facets())


@cache
def _read_builtin_markers() -> Mapping[str, DiscourseMarkers]:
    return read_markers(BUILT_IN / MARKERS_FILE)


@cache
def _read_builtin_facets() -> Facets:
    return read_facets(BUILT_IN / FACETS_FILE)


def _feature_contributions(features: QueryFeatures, searcher: Searcher) -> Iterator[FeatureContribution]:
    model, values = searcher.reader.calibration.scope, features.values("scope")
    for value, (name, contribution) in zip(values.tolist(), model.contributions(values).items(), strict=True):
        yield FeatureContribution(name, value, contribution)
    yield FeatureContribution(BIAS_FEATURE, 1.0, model.bias)
