"""Fusion of rankings."""

from hypothesis import given
from hypothesis import strategies as st

from index.fuse import fuse, standardise

scores = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(-1, 100), min_size=1)


def test_agreement_wins() -> None:
    """What two voters both put high beats what each puts first alone."""
    ranked = fuse({"x": {"a": 3, "b": 2.9, "c": 0}, "y": {"d": 3, "b": 2.9, "c": 0}}, {"x": 1, "y": 1})

    assert ranked[0][0] == "b"


@given(scores, scores)
def test_every_candidate_once_and_in_order(one: dict[str, float], other: dict[str, float]) -> None:
    """Each candidate stands once, best first, whoever named it."""
    ranked = fuse({"x": one, "y": other}, {"x": 1.0, "y": 0.5})

    assert sorted(name for name, _ in ranked) == sorted(set(one) | set(other))
    assert [score for _, score in ranked] == sorted((score for _, score in ranked), reverse=True)


@given(scores)
def test_one_voter_keeps_its_order(one: dict[str, float]) -> None:
    """A single voter's best stays the best."""
    assert one[fuse({"x": one}, {"x": 1.0})[0][0]] >= max(one.values()) - 1e-6


@given(scores)
def test_standardised_mean_is_zero(one: dict[str, float]) -> None:
    """Standardised scores add up to nothing."""
    assert abs(sum(standardise(one, set(one)).values())) < 1e-6
