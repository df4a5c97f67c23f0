import pytest
import torch

from cmr_ssl.kspace.chance import DRAWS, FIELD, draw_planes, entered, uniform


def test_a_sample_depends_on_its_own_seed_and_enters_the_field_where_its_draws_say():
    together = draw_planes(4, [3, 5])
    assert together.shape == (2, 4, DRAWS)
    assert torch.equal(together[1:], draw_planes(4, [5]))
    field = uniform(torch.device("cpu"))
    ends = entered(field, torch.tensor([0.0, 1 - 1e-9]), 10)
    assert torch.equal(ends, torch.stack([field[:10], field[-10:]])) or torch.equal(ends[0], field[:10])
    assert 0 <= ends.min() < ends.max() < 1
    with pytest.raises(ValueError, match="random numbers in a row"):
        entered(field, torch.zeros(1), FIELD)
