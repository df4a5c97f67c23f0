import pytest
import torch

from cmr_ssl.lengths import are_sizes, as_lengths, as_values

NAMES = ["LVEDV (mL)", "LVEF (%)", "lvm", "24110", "Indexed LVM (g/m²)", "Haemoglobin (g/dL)", "Age", "Weight (kg)"]


def test_volumes_and_masses_are_sizes_however_they_are_called():
    assert are_sizes(NAMES).tolist() == [True, False, True, True, True, False, False, False]


def test_a_size_is_the_cube_of_its_length_and_the_rest_stays():
    values = torch.tensor([[125.0, 60.0], [0.0, -3.0], [-8.0, torch.nan]])
    lengths = as_lengths(values, torch.tensor([True, False]))
    torch.testing.assert_close(lengths[:, 0], torch.tensor([5.0, 0.0, -2.0]))
    torch.testing.assert_close(lengths[:, 1], values[:, 1], equal_nan=True)
    torch.testing.assert_close(as_values(lengths, torch.tensor([True, False])), values, equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_unknown_size_stays_unknown(dtype):
    values = torch.tensor([[torch.nan]], dtype=dtype)
    assert as_values(as_lengths(values, torch.tensor([True])), torch.tensor([True])).isnan().all()
