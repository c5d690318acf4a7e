"""Log-likelihoods of targets, and how much likelier one group of them is than another."""

import numpy as np
import pytest

from index.decision.target_classifier import MAX_LOG_RATIO, log_ratio


def test_ratio_of_two_groups() -> None:
    """The likelihoods of a group add up; beyond doubt is beyond doubt, and an empty group says nothing."""
    log_likelihoods = np.log(np.array([0.1, 0.2, 0.7, 1e-30], np.float32))
    first_two, third, last, none = (np.isin(np.arange(4), chosen) for chosen in ((0, 1), (2,), (3,), ()))

    assert log_ratio(log_likelihoods, first_two, third) == pytest.approx(np.log(0.3 / 0.7), abs=1e-5)
    assert log_ratio(log_likelihoods, third, last) == MAX_LOG_RATIO
    assert log_ratio(log_likelihoods, last, third) == -MAX_LOG_RATIO
    assert log_ratio(log_likelihoods, none, third) == log_ratio(log_likelihoods, third, none) == 0
