import pytest
import torch

from cmr_ssl.models import LandmarkPooling
from experiments.patients.heads import Features, beside, solved, told
from experiments.patients.retrieval import found
from tests.tiny import tiny_encoder

LEARNT, OTHERS = torch.arange(80), torch.arange(80, 120)


@pytest.fixture(scope="module")
def scene():
    """Return features of 120 images and what tables say of them."""
    generator = torch.Generator().manual_seed(0)
    tables = torch.randn(120, 5, generator=generator).double()
    width = LandmarkPooling(tiny_encoder()).width
    images = tables.float() @ torch.randn(5, width, generator=generator)
    return images + 4 * torch.randn(images.shape, generator=generator), tables


def test_heads_tell_of_others_what_they_learnt_and_better_of_an_expected_table_that_says_it(scene):
    images, tables = scene
    table = solved(tiny_encoder(), images[LEARNT], tables[LEARNT])
    few, targets = LEARNT[:15], tables[:15] + 0.1
    errors = [
        (told(seen, few, targets, OTHERS) - tables[OTHERS] - 0.1).square().mean()
        for seen in (beside(images, table, 1.0), beside(images, table, 0.3), Features(images))
    ]
    assert errors == sorted(errors)
    assert errors[-1] < tables.square().mean()


def test_alignments_find_tables_of_subjects_never_seen(scene):
    images, tables = scene
    table = solved(tiny_encoder(), images[LEARNT], tables[LEARNT])
    columns = table.standardised(tables[OTHERS])
    with torch.no_grad():
        own, others = (
            found(table.fits(table.of_features(images[OTHERS]), shown)).mean()
            for shown in (columns, columns.roll(1, 0))
        )
    assert own > 0.4 > 0.1 > others
