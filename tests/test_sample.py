import torch

from cmr_ssl.sample import one_of, readable, to_device
from tests.tiny import tiny_batch


def test_blank_samples_are_left_out_one_subject_can_be_taken_and_all_but_names_goes_to_a_device():
    batch = tiny_batch(3)
    batch.present[1] = False
    there = readable(batch._replace(subject=["a", "", "c"]))
    assert there.subject == ["a", "c"]
    assert torch.equal(there.images, batch.images[[0, 2]])
    assert one_of(there, 1).subject == "c"
    assert torch.equal(one_of(there, 1).affine, batch.affine[2])
    moved = to_device(tiny_batch(), torch.device("meta"))
    assert {field.device.type for field in moved[:-1]} == {"meta"}
    assert moved.subject == tiny_batch().subject
