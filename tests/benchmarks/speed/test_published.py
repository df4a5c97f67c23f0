import pytest
import torch

from benchmarks.speed.published import PublishedModel, train
from benchmarks.speed.random_studies import grid, random_subjects
from cmr_ssl.models.tokens import patchify


def toy_model():
    torch.manual_seed(0)
    return PublishedModel(planes=1, width=16, heads=2, depth=1, decoder_depth=1)


def weights(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_every_patch_is_predicted_whether_hidden_or_not():
    patches = patchify(random_subjects(1, 2).images / 255, (25, 8, 8))
    predicted = toy_model()(patches)
    assert predicted.shape == patches.shape == (2, grid(1).tokens, 1600)
    assert predicted.min() >= 0
    assert predicted.max() <= 1


def test_the_published_scale_has_the_published_number_of_weights():
    with torch.device("meta"):
        model = PublishedModel(planes=9)
    assert grid(9).tokens == 4608
    assert weights(model.encoder) == pytest.approx(75.7e6, rel=2e-3)
    assert weights(model.decoder) == pytest.approx(25.2e6, rel=2e-3)


def test_training_on_the_same_images_raises_the_psnr():
    model = toy_model()
    steps = train(model, random_subjects(1, 1).images)
    psnr = [next(steps) for _ in range(6)]
    assert psnr[-1] > psnr[0]
