import pytest
import torch

from cmr_ssl.tables.corruption import corrupt_table, marginals_of

TRAINING = torch.tensor([[1.0, 10.0], [2.0, torch.nan], [3.0, 30.0], [4.0, torch.nan]])
VALUES = torch.tensor([[100.0, torch.nan]]).repeat(400, 1)


def corrupted(dropout, resampling, seeds=range(400)):
    return corrupt_table(VALUES, marginals_of(TRAINING), seeds, dropout, resampling)


def test_fields_are_dropped_at_their_rate_and_without_any_nothing_happens():
    torch.testing.assert_close(corrupted(0, 0), VALUES, equal_nan=True)
    assert corrupted(0.3, 0)[:, 0].isnan().float().mean().item() == pytest.approx(0.3, abs=0.07)


def test_fields_are_resampled_from_their_own_known_values_and_what_is_unknown_stays_so():
    values = corrupted(0, 1)
    assert set(values[:, 0].tolist()) == {1.0, 2.0, 3.0, 4.0}
    assert values[:, 1].isnan().all()
    known = corrupt_table(torch.ones(300, 2), marginals_of(TRAINING), range(300), 0, 1)
    assert set(known[:, 1].tolist()) == {10.0, 30.0}


def test_what_happens_to_a_subject_depends_on_its_seed_alone():
    whole, part = corrupted(0.4, 0.4), corrupt_table(VALUES[:3], marginals_of(TRAINING), [7, 8, 9], 0.4, 0.4)
    torch.testing.assert_close(whole[7:10], part, equal_nan=True)
