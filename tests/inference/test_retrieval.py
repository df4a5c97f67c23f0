import torch

from cmr_ssl.contrast import pairs_of
from cmr_ssl.inference.retrieval import AlignedSubjects, neighbours_of, summary

HERE = torch.ones(4, dtype=torch.bool)


def test_nobody_is_its_own_neighbour_and_counterparts_may_be():
    images = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [-1.0, 0.0]])
    pairs = pairs_of(images, images, HERE)
    known = AlignedSubjects(["a", "b", "c", "d"], pairs, pairs.images @ pairs.tables.T)
    nearest = {(row["by"], row["subject"]): row["neighbour"] for row in neighbours_of(known, 2) if row["rank"] == 1}
    assert [nearest["image to image", one] for one in "abcd"] == ["b", "a", "b", "c"]
    assert [nearest["image to table", one] for one in "abcd"] == ["a", "b", "c", "d"]


def test_how_often_counterparts_are_found_is_told_beside_chance():
    said = summary(torch.eye(4))
    assert "image to table: first 100.0 %, among five 100.0 %" in said
    assert "chance: first 25.00 %" in said
