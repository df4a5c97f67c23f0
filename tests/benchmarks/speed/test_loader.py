import torch

from benchmarks.speed.loader import PLANES, SHAPE, PublishedDataset, write_ours, write_published
from benchmarks.speed.random_studies import slots
from cmr_ssl.data.dataset import PlaneDataset
from cmr_ssl.preparation.cache import subject_file


def test_both_ways_read_studies_of_the_same_size(tmp_path):
    images, labels = PublishedDataset(write_published(tmp_path, 1))[0]
    names = write_ours(tmp_path, 1)
    sample = PlaneDataset(tmp_path, names, slots(PLANES), SHAPE)[0]
    assert images.shape == labels.shape == sample.images.shape == SHAPE
    assert (images.dtype, labels.dtype, sample.images.dtype) == (torch.float32, torch.int32, torch.uint8)
    assert (images.min(), images.max()) == (0, 1)
    assert sample.present.all()
    assert (tmp_path / "0.npz").stat().st_size // 10**6 == 91
    assert subject_file(tmp_path, names[0]).stat().st_size <= 8e6
