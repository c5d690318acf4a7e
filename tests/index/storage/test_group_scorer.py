"""Vector similarities, pooled by target."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index.search.scoring import add_masked_similarity
from index.storage.group_scorer import GroupScorer
from knowledge.passages import KINDS, PassageKind

TEXT, QUESTION = KINDS.index(PassageKind.TEXT), KINDS.index(PassageKind.QUESTION)


def test_best_text_and_three_best_questions_are_pooled() -> None:
    """The similarity of a target is that of its best text passage, and the mean of its three best questions."""
    owners = np.array([0, 1, 0, 0, 0, 0, 0, 1], np.int32)
    kinds = np.array([TEXT, TEXT, TEXT, QUESTION, QUESTION, QUESTION, QUESTION, QUESTION], np.uint8)
    similarities = np.array([0.5, 0.25, 0.75, 0.5, 1.0, 0.75, 0.5, 0.5], np.float32)

    pooled = GroupScorer(owners, kinds, 2).pool_similarities(similarities)

    assert pooled[TEXT].tolist() == [0.75, 0.25]
    assert pooled[QUESTION].tolist() == [0.75, 0.5]
    assert np.isnan(pooled[KINDS.index(PassageKind.WINDOW)]).all()


def test_empty_index() -> None:
    """An empty index yields no similarities and no error."""
    nothing = np.zeros(0)

    pooled = GroupScorer(nothing.astype(np.int32), nothing.astype(np.uint8), 0).pool_similarities(
        nothing.astype(np.float32)
    )

    assert pooled.shape == (len(KINDS), 0)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, len(KINDS) - 1), st.floats(-1, 1, width=32)), min_size=1))
def test_agrees_with_a_plain_loop(rows: list[tuple[int, int, float]]) -> None:
    """A loop over single vectors gives the same pooled similarities."""
    owners, kinds, similarities = zip(*rows, strict=True)

    pooled = GroupScorer(np.array(owners, np.int32), np.array(kinds, np.uint8), 5).pool_similarities(
        np.array(similarities, np.float32)
    )

    for target in range(5):
        for kind in range(len(KINDS)):
            own = sorted((s for o, k, s in rows if (o, k) == (target, kind)), reverse=True)
            expected = np.mean(own[: 3 if kind >= QUESTION else 1]) if own else np.nan
            np.testing.assert_allclose(pooled[kind, target], expected, atol=1e-6)


def test_masked_similarity_is_added() -> None:
    """If all scores are equal, the similarity with masked names decides; a target without one gets the mean."""
    equal = np.full(4, 0.5, np.float32)

    scores = add_masked_similarity(equal, np.array([0.75, 0.875, 0.0, 0.625], np.float32))

    assert np.argsort(-scores).tolist() == [1, 0, 2, 3]
    assert scores[0] == scores[2]
    assert add_masked_similarity(equal, np.zeros(4, np.float32)) is equal
