import pytest
import torch

from cmr_ssl.tasks.table_task import AMONG, found, has_both
from tests.tiny import tiny_batch


def test_how_often_counterparts_come_first_is_told_beside_chance_and_among_a_hundred():
    scores = torch.randn(2 * AMONG, 2 * AMONG, generator=torch.Generator().manual_seed(0)) + 3 * torch.eye(2 * AMONG)
    values = found(scores)
    assert values["top1_chance"] == pytest.approx(1 / (2 * AMONG))
    for way in ("image_to_table", "table_to_image"):
        assert 0.1 < values[f"top1_{way}"] < values[f"top1_of_100_{way}"] < values[f"top5_{way}"] < 1
    assert "top1_of_100_image_to_table" not in found(torch.eye(AMONG - 1))


def test_subjects_without_images_or_without_any_field_do_not_count():
    batch = tiny_batch(3)._replace(phenotypes=torch.tensor([[1.0, torch.nan], [torch.nan, torch.nan], [1.0, 2.0]]))
    batch.present[2] = False
    assert has_both(batch).tolist() == [True, False, False]
