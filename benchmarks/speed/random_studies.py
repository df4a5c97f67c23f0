"""Studies of random pixels in the size that was published: cost does not depend on what a picture shows."""

import torch

from cmr_ssl.anatomy import CLASSES
from cmr_ssl.models.tokens import Grid
from cmr_ssl.sample import Sample

FRAMES, SIZE, PATCH = 50, 128, (25, 8, 8)
SPACING_MM, GAP_MM = 1.8269, 10.0
LONG_AXIS_PLANES = 3


def grid(planes: int) -> Grid:
    """Return the tokens of a study of `planes` planes; 9 planes have 4,608."""
    return Grid(planes, FRAMES // PATCH[0], SIZE // PATCH[1], SIZE // PATCH[2])


def slots(planes: int) -> dict[str, int]:
    """Return how many planes of each view such a study has."""
    if planes <= LONG_AXIS_PLANES:
        return {"sa": planes}
    return {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": planes - LONG_AXIS_PLANES}


def affines(planes: int) -> torch.Tensor:
    """Return the place of each plane in the heart frame, (P, 4, 4): a few long-axis planes, then a stack."""
    affine = torch.eye(4).repeat(planes, 1, 1)
    affine[:, :3] *= SPACING_MM
    affine[:, :2, 3] = -SPACING_MM * SIZE / 2
    affine[:, 2, 3] = GAP_MM * (planes / 2 - torch.arange(planes))  # base first, as prepared
    affine[:LONG_AXIS_PLANES, :3, 1] = torch.tensor([0.0, 0.0, SPACING_MM])
    return affine


def random_subjects(planes: int, batch: int, frames: int = FRAMES, targets: int = 0, labels: bool = False) -> Sample:
    """Return a batch of complete studies, as the loader hands it over, with so many targets, and labels if wanted."""
    generator = torch.Generator().manual_seed(0)
    return Sample(
        images=torch.randint(256, (batch, planes, frames, SIZE, SIZE), dtype=torch.uint8, generator=generator),
        present=torch.ones(batch, planes, dtype=torch.bool),
        view=torch.zeros(batch, planes, dtype=torch.int64),
        affine=affines(planes).repeat(batch, 1, 1, 1),
        labels=torch.zeros(batch, planes, frames * labels, SIZE, SIZE, dtype=torch.uint8),
        annotated=torch.zeros(batch, planes, len(CLASSES), dtype=torch.bool),
        phenotypes=torch.rand(batch, targets, generator=generator),
        subject=[f"{number:09d}" for number in range(batch)],
    )
