"""Fusion of several rankings into one. Pure.

Each voter's scores are brought to zero mean and unit variance over the candidates, then added with the voter's
weight. Reciprocal rank fusion, measured beside it, lost to the better of its parts; see docs/figures.md.
"""

import math
from collections.abc import Mapping

Scores = Mapping[str, float]


def fuse(voters: Mapping[str, Scores], weights: Mapping[str, float]) -> list[tuple[str, float]]:
    """Candidates by their weighted sum of z-scores, best first; ties by name, so that order is stable.

    A candidate that a voter does not know gets that voter's lowest score.
    """
    candidates = {candidate for scores in voters.values() for candidate in scores}
    totals = dict.fromkeys(candidates, 0.0)
    for voter, scores in voters.items():
        for candidate, z in standardise(scores, candidates).items():
            totals[candidate] += weights[voter] * z
    return sorted(totals.items(), key=lambda item: (-item[1], item[0]))


def standardise(scores: Scores, candidates: set[str]) -> dict[str, float]:
    """Scores with zero mean and unit variance over all candidates; all zero where they do not differ."""
    if not scores:
        return {}
    lowest = min(scores.values())
    full = {candidate: scores.get(candidate, lowest) for candidate in candidates}
    mean = math.fsum(full.values()) / len(full)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in full.values()) / len(full))
    if deviation < 1e-9:
        return dict.fromkeys(full, 0.0)
    return {candidate: (value - mean) / deviation for candidate, value in full.items()}
