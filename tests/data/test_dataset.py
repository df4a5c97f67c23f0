import numpy as np
import pytest
import torch

from cmr_ssl.data.cache import subject_file, write_subject
from cmr_ssl.data.dataset import PlaneDataset, choose_planes
from cmr_ssl.planes import VIEWS
from tests.caches import FRAMES, SIZE, prepared

SLOTS = {"la_2ch": 1, "la_4ch": 1, "sa": 4}
SHAPE = (6, FRAMES, SIZE, SIZE)
SUBJECT = "900000001"


def written(folder, made, slots=SLOTS, shape=SHAPE, **options):
    write_subject(folder, SUBJECT, made, "digest")
    return PlaneDataset(folder, [SUBJECT], slots, shape, **options)


def test_every_plane_lands_in_the_slot_of_its_view(tmp_path):
    made = prepared(4, ("la_2ch", "la_3ch", "la_4ch"))
    sample = written(tmp_path, made)[0]
    planes = [4, 6, 0, 1, 2, 3]  # the three-chamber view has no slot
    assert sample.subject == SUBJECT
    assert sample.present.all()
    assert [VIEWS[view] for view in sample.view] == ["la_2ch", "la_4ch", "sa", "sa", "sa", "sa"]
    np.testing.assert_array_equal(sample.images, made.images[planes])
    np.testing.assert_array_equal(sample.affine, made.affine[planes])


def test_too_many_slices_leave_those_nearest_the_centre_from_base_to_apex(tmp_path):
    made = prepared(9, ())  # 40 mm to -40 mm
    sample = written(tmp_path, made, {"sa": 4}, (4, FRAMES, SIZE, SIZE))[0]
    assert sample.affine[:, 2, 3].tolist() in ([20, 10, 0, -10], [10, 0, -10, -20])


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [3, 0, 4, 1, 2]])
def test_slices_stand_from_base_to_apex_however_they_were_stored(order):
    height = torch.tensor([25.0, 15.0, 5.0, -4.0, -14.0])[order]
    slots, planes = choose_planes(torch.zeros(5), height, {"sa": 3})
    assert slots == [0, 1, 2]
    assert height[planes].tolist() == [5.0, -4.0, -14.0]


def test_missing_planes_are_absent_and_blank(tmp_path):
    sample = written(tmp_path, prepared(2, ("la_4ch",)))[0]
    assert sample.present.tolist() == [False, True, True, True, False, False]
    assert not sample.images[~sample.present].any()
    assert torch.equal(sample.affine[~sample.present], torch.eye(4).expand(3, 4, 4))


def test_only_labelled_frames_carry_labels_in_the_slot_of_their_plane(tmp_path):
    made = prepared(3, ("la_2ch", "la_3ch"), labelled=[(1, 0), (1, 5), (3, 2), (4, 2)])
    labels = written(tmp_path, made, labels=True)[0].labels
    expected = torch.full(SHAPE, 255, dtype=torch.uint8)
    expected[3, [0, 5]], expected[0, 2] = 2, 4  # prepared() labels plane k with class k + 1
    assert torch.equal(labels, expected)


def test_labels_cost_nothing_where_nobody_asked(tmp_path):
    assert written(tmp_path, prepared(3, (), labelled=[(1, 0)]))[0].labels.numel() == 0


def test_the_index_after_the_last_subject_is_a_sample_without_planes(tmp_path):
    blank = written(tmp_path, prepared(3, ()))[1]
    assert blank.subject == ""
    assert not blank.present.any()


def damage(path):
    path.write_bytes(path.read_bytes()[:-100])


def rename(path):
    path.rename(path.with_name("elsewhere"))


def garble(path):
    path.write_bytes(b"no planes")


@pytest.mark.parametrize("harm", [damage, rename, garble])
def test_an_unreadable_file_is_named_with_its_subject(tmp_path, harm):
    dataset = written(tmp_path, prepared(3, ()))
    path = subject_file(tmp_path, SUBJECT)
    harm(path)
    with pytest.raises(RuntimeError, match=f"subject {SUBJECT}: {path} .* run prepare again"):
        dataset[0]


def test_planes_of_another_size_are_named_with_their_subject(tmp_path):
    dataset = written(tmp_path, prepared(3, ()), shape=(6, FRAMES, 24, 24))
    with pytest.raises(RuntimeError, match=f"subject {SUBJECT}"):
        dataset[0]
