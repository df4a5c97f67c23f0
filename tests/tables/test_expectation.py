import pytest
import torch

from cmr_ssl.contrast import ranks
from cmr_ssl.models.expected_table import ExpectedTable
from cmr_ssl.tables.expectation import columns_of, expectation
from cmr_ssl.tables.fields import Category, Fields, Number
from tests.tiny import tiny_encoder

LEARNT, COLUMNS = 200, 6


@pytest.fixture
def scene():
    """Return features of 300 images and the tables that they tell, a part of which is unknown, and the same whole."""
    generator = torch.Generator().manual_seed(0)
    tables = torch.randn(300, COLUMNS, generator=generator).double()
    tables[:, 5] = tables[:, 4] + 0.3 * tables[:, 5]
    width = ExpectedTable(tiny_encoder(), COLUMNS).pooling.width
    images = tables[:, :4].float() @ torch.randn(4, width, generator=generator)
    images += 0.5 * torch.randn(300, width, generator=generator) + 7
    return images, tables.masked_fill(torch.rand(300, COLUMNS, generator=generator) < 0.2, torch.nan), tables


def found(images, tables, learnt):
    """Return how often images of subjects never seen find their tables, after an alignment with the tables `learnt`."""
    table = ExpectedTable(tiny_encoder(), COLUMNS)
    table.take(expectation(images[:LEARNT], learnt))
    told = table.of_features(images[LEARNT:])
    rank = ranks(table.fits(told, table.standardised(tables[LEARNT:])))["image_to_table"]
    return float((rank <= 1).double().mean())


def test_images_find_the_tables_of_subjects_never_seen_and_permuted_tables_teach_nothing(scene):
    images, tables, _ = scene
    assert found(images, tables, tables[:LEARNT]) > 0.4
    assert found(images, tables, tables[:LEARNT].roll(1, dims=0)) < 0.05
    assert found(images, tables.roll(1, dims=0), tables[:LEARNT]) < 0.05


def test_what_is_left_open_is_what_images_do_not_tell(scene):
    images, tables, whole = scene
    solved = expectation(images[:LEARNT], tables[:LEARNT])
    left, usual = solved.open.diagonal(), solved.usual.diagonal()
    assert (left[:4] < 0.3 * usual[:4]).all()
    assert (left[4:] > 0.8 * usual[4:]).all()
    errors = whole[LEARNT:, :4] - (images[LEARNT:].double() - solved.centre) @ solved.weights[:4].T - solved.biases[:4]
    deviations = solved.deviation[:4]
    torch.testing.assert_close((errors / deviations).square().mean(dim=0), left[:4], atol=0.25, rtol=0)


def test_nobody_can_be_aligned_alone(scene):
    with pytest.raises(ValueError, match="1 training subjects have both images and a table"):
        expectation(scene[0][:1], scene[1][:1])


def test_categories_become_columns():
    fields = Fields(numbers=[Number("Age")], categories=[Category("Kind", classes=["a", "b", "c"])])
    columns = columns_of(fields, torch.tensor([[50.0, 2.0], [torch.nan, 0.0], [60.0, torch.nan]]))
    assert columns.nan_to_num(-1).tolist() == [[50, 0, 1], [-1, 0, 0], [60, -1, -1]]
