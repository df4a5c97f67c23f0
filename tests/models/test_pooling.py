import pytest
import torch

from cmr_ssl.models import AttentionPooling, ClassTokenPooling, Encoded, LandmarkPooling, MeanPooling
from cmr_ssl.models.tokens import Coordinates, Grid
from tests.tiny import tiny_encoder

POOLINGS = (ClassTokenPooling, MeanPooling, AttentionPooling, LandmarkPooling)


def encoded(subjects=2, tokens=6, width=32):
    """Return what might be said of tokens on both sides of the heart in both halves of the beat; all of them exist."""
    generator = torch.Generator().manual_seed(0)
    class_token, *of_tokens = (
        torch.randn(subjects, *axes, generator=generator) for axes in [(width,), (tokens, width), (tokens, width)]
    )
    centre = torch.linspace(-60, 60, tokens).expand(3, -1).T.expand(subjects, -1, -1)
    phase = (torch.arange(tokens) % 2 / 2 + 0.25).expand(subjects, -1)
    nothing = torch.zeros(subjects, tokens, 6)
    where = Coordinates(centre, nothing, phase, nothing[..., :4], phase > 1)
    return Encoded(class_token, *of_tokens, where, phase > 0, Grid(1, 1, 1, tokens))


@pytest.mark.parametrize("kind", [MeanPooling, AttentionPooling, LandmarkPooling])
def test_tokens_of_absent_planes_have_no_say_and_others_do(kind):
    pooling = kind(tiny_encoder()).eval()
    study = encoded()._replace(exists=torch.tensor([[True] * 4 + [False] * 2] * 2))
    absent, seen = study.tokens.clone(), study.tokens.clone()
    absent[:, 4:] = 100.0
    seen[:, 0] += 5.0
    pooled = pooling(study)
    torch.testing.assert_close(pooling(study._replace(tokens=absent)), pooled)
    assert not torch.allclose(pooling(study._replace(tokens=seen)), pooled)


def test_the_mean_is_the_mean_of_what_exists():
    study = encoded()._replace(exists=torch.tensor([[True, True, False, False, False, False]] * 2))
    torch.testing.assert_close(MeanPooling(tiny_encoder())(study), study.tokens[:, :2].mean(dim=1))


@pytest.mark.parametrize("kind", POOLINGS)
def test_one_vector_a_study_whatever_the_batch(kind):
    pooling, study = kind(tiny_encoder()).eval(), encoded()
    both, alone = pooling(study), torch.cat([pooling(study.study(index)) for index in range(2)])
    assert both.shape == (2, pooling.width)
    torch.testing.assert_close(both, alone)


def test_a_landmark_hears_the_tokens_around_it_in_its_part_of_the_beat():
    pooling = LandmarkPooling(tiny_encoder(), across_mm=(-60.0, 60.0), along_mm=(60.0,), reach_mm=10.0, beats=2)
    study = encoded()
    pooled = pooling(study).unflatten(1, (4, 2, 64))
    wanted = torch.cat([study.tokens, study.patches], dim=-1)
    torch.testing.assert_close(pooled[:, 3, 1], wanted[:, 5])  # alone at +60 mm in the second half
    torch.testing.assert_close(pooled[:, 3, 0], wanted[:, 4], atol=0.01, rtol=0.01)


def test_a_landmark_between_two_tokens_says_their_mean_and_one_without_any_says_nothing():
    pooling = LandmarkPooling(tiny_encoder(), across_mm=(0.0,), along_mm=(0.0,), beats=3)
    study = encoded(tokens=2)
    study = study._replace(where=study.where._replace(phase=torch.full((2, 2), 0.5)))
    pooled = pooling(study).unflatten(1, (3, 64))
    torch.testing.assert_close(pooled[:, 1, :32], study.tokens.mean(dim=1))
    assert (pooled[:, [0, 2]] == 0).all()


@pytest.mark.parametrize("options", [{"across_mm": ()}, {"reach_mm": 0.0}, {"beats": 0}])
def test_no_landmarks_are_refused(options):
    with pytest.raises(ValueError, match="landmarks need"):
        LandmarkPooling(tiny_encoder(), **options)


def test_landmark_means_are_as_exact_in_mixed_precision():
    pooling, said = LandmarkPooling(tiny_encoder()), encoded()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = pooling(said)
    torch.testing.assert_close(mixed, pooling(said), atol=0, rtol=0)
