import pytest
import torch

from cmr_ssl.models import AttentionPooling, ClassTokenPooling, Encoded, MeanPooling
from tests.tiny import tiny_encoder

POOLINGS = (ClassTokenPooling, MeanPooling, AttentionPooling)


def encoded(subjects=2, tokens=6, width=32):
    generator = torch.Generator().manual_seed(0)
    return Encoded(
        torch.randn(subjects, width, generator=generator), torch.randn(subjects, tokens, width, generator=generator)
    )


@pytest.mark.parametrize("kind", [MeanPooling, AttentionPooling])
def test_tokens_of_absent_planes_have_no_say_and_others_do(kind):
    pooling = kind(tiny_encoder()).eval()
    study, attend = encoded(), torch.tensor([[True] * 4 + [False] * 2] * 2)
    absent, seen = study.tokens.clone(), study.tokens.clone()
    absent[:, 4:] = 100.0
    seen[:, 0] += 5.0
    pooled = pooling(study, attend)
    torch.testing.assert_close(pooling(Encoded(study.class_token, absent), attend), pooled)
    assert not torch.allclose(pooling(Encoded(study.class_token, seen), attend), pooled)


def test_the_mean_is_the_mean_of_what_exists():
    study = encoded()
    attend = torch.tensor([[True, True, False, False, False, False]] * 2)
    torch.testing.assert_close(MeanPooling(tiny_encoder())(study, attend), study.tokens[:, :2].mean(dim=1))


@pytest.mark.parametrize("kind", POOLINGS)
def test_one_vector_a_study_whatever_the_batch(kind):
    pooling, study, attend = kind(tiny_encoder()).eval(), encoded(), torch.ones(2, 6, dtype=torch.bool)
    both = pooling(study, attend)
    alone = torch.cat([pooling(Encoded(*(field[i : i + 1] for field in study)), attend[:1]) for i in range(2)])
    assert both.shape == (2, 32)
    torch.testing.assert_close(both, alone)
