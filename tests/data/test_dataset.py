import errno
import os
import re
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from cmr_ssl.commands.prepare import open_cache
from cmr_ssl.data import dataset as dataset_module
from cmr_ssl.data.dataset import ACROSS, ALONG, PlaneDataset, choose_planes, runs, sample_of
from cmr_ssl.machine import MachineFault
from cmr_ssl.planes import VIEWS
from cmr_ssl.preparation.cache import subject_file, write_subject
from cmr_ssl.sample import Sample
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


def test_a_subject_in_memory_is_the_sample_of_its_file(tmp_path):
    made = prepared(5, ("la_2ch",))
    assert_same(sample_of(made, SUBJECT, SLOTS, SHAPE), written(tmp_path, made)[0])


def test_too_many_slices_leave_those_nearest_the_centre_from_base_to_apex(tmp_path):
    made = prepared(9, ())  # 40 mm to -40 mm
    sample = written(tmp_path, made, {"sa": 4}, (4, FRAMES, SIZE, SIZE))[0]
    assert sample.affine[:, 2, 3].tolist() in ([20, 10, 0, -10], [10, 0, -10, -20])


def test_rejected_planes_are_as_if_they_were_missing(tmp_path):
    made = prepared(5, ("la_2ch", "la_4ch"), labelled=[(1, 0), (2, 0)])
    rejected = {SUBJECT: frozenset({("sa", 1), ("la_2ch", -1)}), "900000002": frozenset({("sa", 0)})}
    sample = written(tmp_path, made, rejected=rejected, labels=True)[0]
    assert sample.present.tolist() == [False, True, True, True, True, True]
    np.testing.assert_array_equal(sample.images[1:], made.images[[6, 0, 2, 3, 4]])
    assert sample.view.tolist() == PlaneDataset(tmp_path, [SUBJECT], SLOTS, SHAPE)[0].view.tolist()
    assert not (sample.labels == 2).any()
    assert (sample.labels[3, 0] == 3).all()


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [3, 0, 4, 1, 2]])
def test_slices_stand_from_base_to_apex_however_they_were_stored(order):
    height = np.array([25.0, 15.0, 5.0, -4.0, -14.0])[order]
    slots, planes = choose_planes(np.zeros(5, int), height, {"sa": 3})
    assert slots == [0, 1, 2]
    assert height[planes].tolist() == [5.0, -4.0, -14.0]


def test_planes_that_lie_together_are_read_together():
    assert runs([0, 1, 2, 3], [3, 4, 0, 1]) == [(0, 3, 2), (2, 0, 2)]
    assert runs([0, 2, 3], [0, 1, 2]) == [(0, 0, 1), (2, 1, 2)]
    assert runs([0, 1], [1, 0]) == [(0, 1, 1), (1, 0, 1)]
    assert runs([], []) == []


def test_missing_planes_are_absent_and_blank(tmp_path):
    sample = written(tmp_path, prepared(2, ("la_4ch",)))[0]
    assert sample.present.tolist() == [False, True, True, True, False, False]
    assert not sample.images[~sample.present].any()
    assert [VIEWS[view] for view in sample.view] == ["la_2ch", "la_4ch", "sa", "sa", "sa", "sa"]
    assert torch.equal(sample.affine[0], ALONG)
    assert torch.equal(sample.affine[4:], ACROSS.expand(2, 4, 4))


def test_a_missing_plane_lies_across_or_along_the_long_axis_as_its_view_does():
    across, along = ACROSS[:3, :2].T, ALONG[:3, :2].T  # directions of columns and rows
    assert across[:, 2].tolist() == [0, 0]
    assert along[:, 2].abs().max() == 1
    for axes in (across, along):
        assert torch.equal(axes @ axes.T, torch.eye(2))


def test_only_labelled_frames_carry_labels_in_the_slot_of_their_plane_and_cost_nothing_unasked(tmp_path):
    made = prepared(3, ("la_2ch", "la_3ch"), labelled=[(1, 0), (1, 5), (3, 2), (4, 2)])
    labels = written(tmp_path, made, labels=True)[0].labels
    expected = torch.full(SHAPE, 255, dtype=torch.uint8)
    expected[3, [0, 5]], expected[0, 2] = 2, 4  # prepared() labels plane k with class k + 1
    assert torch.equal(labels, expected)
    assert written(tmp_path, prepared(3, (), labelled=[(1, 0)]))[0].labels.numel() == 0


def test_the_index_after_the_last_subject_is_a_sample_without_planes_and_no_table_means_no_phenotypes(tmp_path):
    blank = written(tmp_path, prepared(3, ()), phenotypes=np.array([[1.0, 2.0]], np.float32))[1]
    assert blank.subject == ""
    assert not blank.present.any()
    assert not blank.annotated.any()
    assert blank.phenotypes.shape == (2,)
    assert blank.phenotypes.isnan().all()
    assert written(tmp_path, prepared(3, ()))[0].phenotypes.shape == (0,)


def test_a_plane_tells_which_classes_somebody_drew_on_it(tmp_path):
    made = prepared(2, ("la_2ch", "la_3ch", "la_4ch"))
    annotated = np.zeros((5, 6), np.uint8)
    annotated[0, 1:4] = annotated[2, 4] = annotated[3, 5] = 1  # the three-chamber view (3) has no slot
    sample = written(tmp_path, made._replace(annotated=annotated))[0]
    expected = torch.zeros(6, 6, dtype=torch.bool)
    expected[0, [0, 4]] = True
    expected[2, :4] = True  # where anything was drawn, so was the background
    assert torch.equal(sample.annotated, expected)


def test_subjects_come_with_their_phenotypes(tmp_path):
    subjects, values = ["900000002", SUBJECT], np.array([[1.5, np.nan], [2.5, 3.5]], np.float32)
    values.setflags(write=False)  # as pandas may hand them over
    for subject in subjects:
        write_subject(tmp_path, subject, prepared(3, ()), "digest")
    dataset = PlaneDataset(tmp_path, subjects, SLOTS, SHAPE, phenotypes=values)
    assert [dataset[index].subject for index in range(2)] == subjects
    told = torch.stack([dataset[index].phenotypes for index in range(2)])
    torch.testing.assert_close(told, torch.tensor(values), equal_nan=True)


def assert_same(sample, other):
    """Compare two samples, subjects too."""
    assert sample.subject == other.subject
    for name, one, another in zip(Sample._fields[:-1], sample[:-1], other[:-1], strict=True):
        assert torch.equal(one, another), name


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.rename(path.with_name("elsewhere")),
        lambda path: path.write_bytes(b"no planes"),
    ],
)
def test_an_unreadable_file_is_named_with_its_subject_and_becomes_a_blank_sample(tmp_path, caplog, harm):
    dataset = written(tmp_path, prepared(3, ()))
    path = subject_file(tmp_path, SUBJECT)
    harm(path)
    assert_same(dataset[0], dataset[len(dataset)])
    assert re.search(f"subject {SUBJECT}: {path} .* run prepare again; it is left out", caplog.text)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"images": np.zeros((3, FRAMES, 24, 24), np.uint8)}, "24, 24"),  # another size
        ({"images": np.zeros((2, FRAMES, SIZE, SIZE), np.uint8)}, "images: uint8"),  # fewer than planes
        ({"images": np.zeros((3, FRAMES, SIZE, SIZE), np.int16)}, "images: int16"),
        ({"affine": np.zeros((3, 4, 4))}, "affine: float64"),
        ({"annotated": np.zeros((3, 9), np.uint8)}, "annotated: uint8 (3, 9)"),
        ({"labels": np.zeros((1, SIZE + 1, SIZE), np.uint8)}, ""),  # read when the images are in their slots
        ({"labelled": np.array([[1, FRAMES]], np.int16)}, ""),  # a frame that is not there
        ({"labels": np.zeros((0, SIZE, SIZE), np.uint8)}, ""),  # fewer than are said to be there
    ],
)
def test_planes_of_another_size_number_or_type_are_named_with_their_subject_and_nothing_is_left(
    tmp_path, caplog, changes, said
):
    dataset = written(tmp_path, prepared(3, (), labelled=[(1, 0)])._replace(**changes), labels=True)
    assert_same(dataset[0], dataset[len(dataset)])
    assert f"subject {SUBJECT}" in caplog.text
    assert said in caplog.text


def test_a_damaged_subject_does_not_harm_the_next(tmp_path, caplog):
    written(tmp_path, made := prepared(3, ()))
    dataset = PlaneDataset(tmp_path, ["900000777", SUBJECT], SLOTS, SHAPE)
    assert dataset[0].subject == ""
    np.testing.assert_array_equal(dataset[1].images[2:5], made.images)
    assert "900000777" in caplog.text
    assert SUBJECT not in caplog.text


def test_a_cache_of_which_too_much_is_damaged_stops_the_run(tmp_path, caplog):
    nobody = [str(900000100 + index) for index in range(PlaneDataset.MOST_DAMAGED + 1)]
    dataset = PlaneDataset(tmp_path, nobody, SLOTS, SHAPE)
    assert {dataset[index].subject for index in range(PlaneDataset.MOST_DAMAGED)} == {""}
    path = subject_file(tmp_path, nobody[-1])
    with pytest.raises(MachineFault, match=f"subject {nobody[-1]}: {path} .*could not be read, is the disk"):
        dataset[PlaneDataset.MOST_DAMAGED]
    assert [subject in caplog.text for subject in nobody] == [True] * PlaneDataset.MOST_DAMAGED + [False]


@pytest.mark.parametrize("gone", [False, True])
def test_a_cache_that_is_prepared_otherwise_while_it_is_read_stops_the_run(tmp_path, caplog, gone):
    open_cache(tmp_path, {}, "digest")
    dataset = written(tmp_path, prepared(3, ()))
    assert dataset[0].subject == SUBJECT
    open_cache(tmp_path, {}, "another")
    assert dataset[0].subject == SUBJECT  # is still as it was
    if gone:
        subject_file(tmp_path, SUBJECT).unlink()
    else:
        write_subject(tmp_path, SUBJECT, prepared(4, ()), "another")
    with pytest.raises(MachineFault, match=r"prepared anew with other settings .* folder of its own"):
        dataset[0]
    assert not caplog.text


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE])
@pytest.mark.parametrize("numbered", [True, False])  # safetensors says of any failure that a file is missing
def test_errors_of_the_machine_stop_reading_and_never_advise_to_delete_sound_data(
    tmp_path, monkeypatch, caplog, number, numbered
):
    dataset = written(tmp_path, prepared(3, ()))
    error = OSError(number, os.strerror(number), "a file")
    with monkeypatch.context() as broken:
        broken.setattr(dataset_module, "safe_open", Mock(side_effect=error if numbered else FileNotFoundError("no")))
        if not numbered:
            broken.setattr(Path, "open", Mock(side_effect=error))
        with pytest.raises(MachineFault, match=os.strerror(number)) as stopped:
            dataset[0]
    assert ("ulimit -n" in str(stopped.value)) == (number in (errno.EMFILE, errno.ENFILE))
    assert "delete" not in str(stopped.value) + caplog.text
    assert dataset[0].subject == SUBJECT


def test_mapped_files_give_no_warning_and_samples_that_may_be_written_to(tmp_path):
    dataset = written(tmp_path, prepared(3, ("la_2ch",), labelled=[(1, 0)]), labels=True)
    subject_file(tmp_path, SUBJECT).chmod(0o444)
    torch.set_warn_always(True)  # torch says it once a process, which an earlier test may have used up
    try:
        sample, again = dataset[0], dataset[0]  # a warning would be an error
    finally:
        torch.set_warn_always(False)
    assert sample.images.any()
    for field in sample[:-1]:
        field.zero_()
    assert_same(dataset[0], again)


def short_reads(monkeypatch, most, fail_at=None):
    """Let the disk give at most `most` bytes at a time, and fail from byte `fail_at` of a file on."""
    real = os.preadv

    def preadv(number, places, at):
        if fail_at is not None and at >= fail_at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(number, [places[0][:most]], at)

    monkeypatch.setattr(os, "preadv", preadv)


def test_a_disk_that_gives_a_plane_in_pieces_gives_it_wholly(tmp_path, monkeypatch):
    dataset = written(tmp_path, made := prepared(3, ()))
    short_reads(monkeypatch, 1000)
    np.testing.assert_array_equal(dataset[0].images[2:5], made.images)


def test_a_disk_that_fails_within_a_plane_is_no_damaged_file(tmp_path, monkeypatch, caplog):
    dataset = written(tmp_path, prepared(3, ()))
    short_reads(monkeypatch, 1000, fail_at=subject_file(tmp_path, SUBJECT).stat().st_size - 2000)
    with pytest.raises(MachineFault, match="disk"):
        dataset[0]
    assert not caplog.text


def test_files_are_opened_by_their_own_path(tmp_path, monkeypatch):
    dataset, opened, real = written(tmp_path, prepared(3, ())), [], dataset_module.safe_open
    monkeypatch.setattr(dataset_module, "safe_open", lambda path, **how: opened.append(path) or real(path, **how))
    dataset[0]
    assert opened == [subject_file(tmp_path, SUBJECT)]  # which errors name


def meanwhile(monkeypatch, change):
    """Let something happen to a file when all but its images is read."""
    real = dataset_module.beside_images

    def beside_images(path, labels):
        read = real(path, labels)
        change()
        return read

    monkeypatch.setattr(dataset_module, "beside_images", beside_images)


def test_a_file_that_is_replaced_while_it_is_read_is_the_old_one_wholly(tmp_path, monkeypatch):
    dataset = written(tmp_path, made := prepared(3, (), seed=1))
    meanwhile(monkeypatch, lambda: write_subject(tmp_path, SUBJECT, prepared(5, (), seed=2), "digest"))
    np.testing.assert_array_equal(dataset[0].images[2:5], made.images)


@pytest.mark.parametrize("share", [0, 0.0005, 0.01, 0.5])  # of its length, header, images
def test_a_file_that_is_cut_while_it_is_read_is_left_out(tmp_path, monkeypatch, caplog, share):
    dataset = written(tmp_path, prepared(4, ()))
    path = subject_file(tmp_path, SUBJECT)
    meanwhile(monkeypatch, lambda: os.truncate(path, int(share * path.stat().st_size)))
    assert_same(dataset[0], dataset[len(dataset)])
    assert "it is left out" in caplog.text
