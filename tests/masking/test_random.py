import torch

from cmr_ssl.masking import RandomMasking, draw_noise, mask
from cmr_ssl.models.tokens import Grid
from tests.tiny import affines


def test_every_token_is_visible_equally_often():
    grid, subjects = Grid(2, 2, 3, 2), 4000
    present = torch.ones(subjects, 2, dtype=torch.bool)
    affine = affines(1, ("la_2ch",)).expand(subjects, -1, -1, -1)
    visible = mask([RandomMasking()], draw_noise(1, grid, range(subjects)), present, affine, 6).visible
    share = visible.flatten().bincount(minlength=24) / subjects
    assert (share - 0.25).abs().max() < 0.035  # five standard deviations
