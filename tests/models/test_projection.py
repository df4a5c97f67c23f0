import torch

from cmr_ssl.models.projection import Projection


def test_statistics_are_those_of_who_counts_and_what_all_have_in_common_is_taken_away():
    projection = Projection(5, 3).eval()
    features = 40 + torch.randn(64, 5, generator=torch.Generator().manual_seed(0))
    exists = torch.arange(64) < 60
    features[60:] = torch.nan
    projection.watch(features, exists)
    torch.testing.assert_close(projection.mean, features[:60].mean(dim=0))
    torch.testing.assert_close(projection.variance, features[:60].var(dim=0, correction=0))
    shifted = Projection(5, 3).eval()
    shifted.layers.load_state_dict(projection.layers.state_dict())
    shifted.watch(features + 100, exists)
    torch.testing.assert_close(shifted(features[:60] + 100), projection(features[:60]), atol=1e-3, rtol=0)


def test_a_batch_of_one_teaches_nothing():
    projection = Projection(5, 3)
    projection.watch(torch.ones(4, 5), torch.tensor([True, False, False, False]))
    assert (projection.mean == 0).all()
    assert projection.batches == 0
