import numpy as np
import pytest

from cmr_ssl import concordance as module
from cmr_ssl.concordance import concordance


def by_hand(scores, times, events):
    """Count pairs one by one."""
    right = pairs = 0.0
    for i in range(len(scores)):
        for j in range(len(scores)):
            if events[i] and (times[i] < times[j] or (times[i] == times[j] and not events[j])):
                pairs += 1
                right += (scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j])
    return right / pairs


@pytest.mark.parametrize("at_once", [50, 10**7])
def test_pairs_are_counted_one_by_one_however_many_at_once(monkeypatch, at_once):
    monkeypatch.setattr(module, "PAIRS_AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    scores, times, events = rng.integers(0, 6, 40).astype(float), rng.integers(1, 12, 40) / 2, rng.random(40) < 0.5
    assert concordance(scores, times, events) == pytest.approx(by_hand(scores, times, events))


def test_a_perfect_order_is_one_and_its_reverse_zero():
    times, seen = np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, False, True])
    assert concordance(-times, times, seen) == 1
    assert concordance(times, times, seen) == 0
    assert np.isnan(concordance(times, times, seen & False))
