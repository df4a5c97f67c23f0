import pytest
import torch

from cmr_ssl.probing import Spectrum, rank_between


def rank(*batches):
    spectrum = Spectrum(batches[0].shape[1])
    for batch in batches:
        spectrum.add(batch)
    return spectrum.effective_rank()


def test_the_rank_is_that_of_the_singular_values_and_the_number_of_directions_used_alike():
    every = torch.eye(8)
    assert rank(every, 2 * every) == pytest.approx(8)
    assert rank(every[:3]) == pytest.approx(3, rel=1e-5)
    assert rank(torch.ones(5, 8)) == pytest.approx(1, rel=1e-5)
    assert rank(torch.zeros(5, 8)) == 0
    vectors = torch.randn(40, 6, generator=torch.Generator().manual_seed(0)) * torch.tensor([9.0, 4, 2, 1, 0.5, 0.1])
    shares = torch.linalg.svdvals(vectors.double())
    shares = shares / shares.sum()
    assert rank(vectors[:10], vectors[10:]) == pytest.approx(float((-(shares * shares.log()).sum()).exp()), rel=1e-6)


def test_what_all_studies_have_in_common_tells_none_apart():
    features = torch.full((6, 40), 5.0)
    assert rank_between(features) == 0
    features[:3, 0] += 1
    features[::2, 1] += 1
    assert 1 < rank_between(features) <= 2 + 1e-6
