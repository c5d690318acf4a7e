"""Fit the model that tells whether a message leans on the answer before it. Needs scikit-learn; for building only."""

import hashlib
from collections.abc import Iterator, Sequence

from index.decision.calibration import LogisticModel, constant_model
from index.decision.features import MODEL_FEATURES, Float64Array
from index.evaluation.dataset import LabelledQuestion
from index.evaluation.fit_calibration import NEVER_LOG_ODDS, fit_logistic_model
from index.evaluation.run import builtin_markers, replay_history
from index.search.follow_up import read_after
from index.search.searcher import Searcher

LEANING_KIND = "leaning"


def fit_leaning(items: Sequence[LabelledQuestion], searcher: Searcher) -> LogisticModel:
    """Fit the model on the last messages of dialogues, and on single messages as if they came after some other entry.

    Both kinds count the same, since how often people go on with a subject is not known. ``searcher`` decides with the
    other models fitted.
    """
    samples = [*_dialogue_samples(items, searcher), *_single_samples(items, searcher)]
    labels = [leans for _, leans in samples]
    if not any(labels) or all(labels):
        return constant_model(MODEL_FEATURES["leaning"], NEVER_LOG_ODDS)
    return fit_logistic_model("leaning", [values for values, _ in samples], labels, is_balanced=True)


def _dialogue_samples(items: Sequence[LabelledQuestion], searcher: Searcher) -> Iterator[tuple[Float64Array, bool]]:
    for item in items:
        if item.history and (recent_ids := replay_history(item, searcher)):
            yield from _sample(item, recent_ids[0], searcher, leans=item.kind == LEANING_KIND)


def _single_samples(items: Sequence[LabelledQuestion], searcher: Searcher) -> Iterator[tuple[Float64Array, bool]]:
    entry_ids = sorted({entry for item in items if item.is_answerable for entry in item.entries})
    for item in items:
        others = [entry for entry in entry_ids if entry not in item.entries and searcher.find_entry(entry, "de")]
        if not item.history and others:
            number = int.from_bytes(hashlib.blake2b(item.id.encode(), digest_size=8).digest(), "little")
            yield from _sample(item, others[number % len(others)], searcher, leans=False)


def _sample(
    item: LabelledQuestion, context_id: str, searcher: Searcher, *, leans: bool
) -> Iterator[tuple[Float64Array, bool]]:
    context = searcher.find_entry(context_id, "de")
    assert context
    reading = read_after(searcher, item.question, builtin_markers(item.lang), context, "de")
    if reading.features:
        yield reading.features.values("leaning"), leans
