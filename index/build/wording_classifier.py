"""Fit the wording classifier of an index on its example questions: count their character 4-grams by target."""

from collections.abc import Sequence
from itertools import compress, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.build.corpus import CorpusStats
from index.decision.target_classifier import Float32Array
from index.decision.wording_classifier import BUCKET_COUNT, find_buckets
from index.storage.entry_store import read_passages
from index.storage.layout import WORDING_FILES
from index.text.char_grams import hash_grams
from knowledge.passages import KINDS, PassageKind

SMOOTHING = 0.01  # added to each count, so that no 4-gram is impossible
MIN_RARITY = 0.1  # of a 4-gram that every question has
MAX_TARGETS = 4_000  # with example questions; beyond that, 130 MB, there is no wording classifier

BucketArray = NDArray[np.uint32]


def write_wording_classifier(folder: Path, corpus: CorpusStats) -> None:
    """Write the wording classifier of an index folder that has its passages."""
    is_question = corpus.rows["kind"] == KINDS.index(PassageKind.QUESTION)
    targets = corpus.rows["target"][is_question]
    if len(np.unique(targets)) > MAX_TARGETS:
        is_question, targets = np.zeros_like(is_question), targets[:0]
    texts = (text for _, text in compress(read_passages(folder), is_question))
    questions = [find_buckets(hash_grams(text)) for text in texts]
    arrays: tuple[NDArray[Any], ...] = fit_wording_classifier(questions, targets)
    for name, values in zip(WORDING_FILES, arrays, strict=True):
        np.save(folder / name, values)


def fit_wording_classifier(
    questions: Sequence[BucketArray], targets: NDArray[np.int32]
) -> tuple[NDArray[np.int32], Float32Array, NDArray[np.float16]]:
    """Return the known targets, the rarity and the log-probabilities of a `WordingClassifier`.

    ``questions`` are the distinct buckets of each example question, ``targets`` (n,) what the questions ask for.
    """
    order = [number for number in np.argsort(targets, kind="stable").tolist() if len(questions[number])]
    questions, owners = [questions[number] for number in order], targets[order]
    lengths = np.array([len(buckets) for buckets in questions], np.int64)
    occurrences = np.concatenate([np.empty(0, np.uint32), *questions]).astype(np.int64)
    frequencies = np.bincount(occurrences, minlength=BUCKET_COUNT)
    rarity = np.log(np.maximum(len(questions), 1) / (1 + frequencies)).clip(MIN_RARITY).astype(np.float32)
    weights = rarity[occurrences]
    if len(lengths):
        norms = np.sqrt(np.add.reduceat(weights**2, np.cumsum(lengths) - lengths))
        weights /= np.repeat(norms, lengths)
    known_targets, first_questions = np.unique(owners, return_index=True)
    starts = np.cumsum(lengths)[first_questions] - lengths[first_questions]
    log_probabilities = np.empty((BUCKET_COUNT, len(known_targets)), np.float16)
    for column, (start, end) in enumerate(pairwise([*starts, len(occurrences)])):
        counts = np.bincount(occurrences[start:end], weights[start:end], BUCKET_COUNT) + SMOOTHING
        log_probabilities[:, column] = np.log(counts / counts.sum())
    return known_targets.astype(np.int32), rarity, log_probabilities
