import numpy as np
import pytest

from cmr_ssl.evaluation import bootstrap
from cmr_ssl.evaluation.bootstrap import means, resampled_means


def test_resampled_means_scatter_as_the_standard_error_says_and_unknown_values_do_not_count():
    values = np.column_stack([np.arange(100.0), np.where(np.arange(100) % 2, np.arange(100), np.nan)])
    again = resampled_means(values, seed=0, resamples=4000)
    assert again.mean(axis=0) == pytest.approx([49.5, 50], abs=0.3)
    assert again.std(axis=0) == pytest.approx([np.nanstd(values[:, 0]) / 10, np.nanstd(values[:, 1]) / 7.07], rel=0.06)


def test_draws_in_parts_are_the_draws_at_once(monkeypatch):
    values = np.arange(20.0)[:, None]
    whole = resampled_means(values, seed=3, resamples=50)
    monkeypatch.setattr(bootstrap, "AT_ONCE", 60)
    assert np.array_equal(resampled_means(values, seed=3, resamples=50), whole)


def test_a_mean_lies_in_its_interval_and_is_unknown_of_nobody():
    known, unknown = means(np.array([[1.0, np.nan], [2.0, np.nan], [6.0, np.nan]]))
    assert known.value == 3
    assert 1 <= known.low < 3 < known.high <= 6
    assert np.isnan([*unknown]).all()
