"""Votes of vectors for their targets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index.search.scoring import CandidateScores, add_name_free_similarity
from index.storage.group_scorer import GroupScorer
from knowledge.passages import KINDS, PassageKind

TEXT, QUESTION = KINDS.index(PassageKind.TEXT), KINDS.index(PassageKind.QUESTION)


def test_best_text_and_the_two_best_questions() -> None:
    """A text counts by its best part; questions by the mean of the two best, a single one by itself."""
    owners = np.array([0, 1, 0, 0, 0, 0, 1], np.int32)
    kinds = np.array([TEXT, TEXT, TEXT, QUESTION, QUESTION, QUESTION, QUESTION], np.uint8)
    similarities = np.array([0.5, 0.25, 0.75, 0.5, 1.0, 0.75, 0.5], np.float32)

    found = GroupScorer(owners, kinds, 2).pool_similarities(similarities)

    assert found[TEXT].tolist() == [0.75, 0.25]
    assert found[QUESTION].tolist() == [0.875, 0.5]
    assert np.isnan(found[KINDS.index(PassageKind.WINDOW)]).all()


def test_nothing_to_vote_on() -> None:
    """An empty index has no votes and no error."""
    nothing = np.zeros(0)

    found = GroupScorer(nothing.astype(np.int32), nothing.astype(np.uint8), 0).pool_similarities(
        nothing.astype(np.float32)
    )

    assert found.shape == (len(KINDS), 0)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, len(KINDS) - 1), st.floats(-1, 1, width=32)), min_size=1))
def test_agrees_with_the_plain_way(rows: list[tuple[int, int, float]]) -> None:
    """Counted one by one the votes are the same."""
    owners, kinds, similarities = zip(*rows, strict=True)

    found = GroupScorer(np.array(owners, np.int32), np.array(kinds, np.uint8), 5).pool_similarities(
        np.array(similarities, np.float32)
    )

    for target in range(5):
        for kind in range(len(KINDS)):
            mine = sorted((s for o, k, s in rows if (o, k) == (target, kind)), reverse=True)
            wanted = np.mean(mine[: 2 if kind >= QUESTION else 1]) if mine else np.nan
            np.testing.assert_allclose(found[kind, target], wanted, atol=1e-6)


def test_what_is_asked_about_a_name_counts_once_more() -> None:
    """Where all votes are equal, the nearer question without names decides; who has none gets the mean."""
    equal = np.full(4, 0.5, np.float32)
    votes = CandidateScores(np.arange(4), equal, equal, equal, equal)

    found = add_name_free_similarity(votes, np.array([0.75, 0.875, 0.0, 0.625], np.float32))

    assert np.argsort(-found.fused_score).tolist() == [1, 0, 2, 3]
    assert found.fused_score[0] == found.fused_score[2]
    assert found.similarity is votes.similarity
    assert add_name_free_similarity(votes, np.zeros(4, np.float32)) is votes
