import numpy as np
import pytest

from cmr_ssl.phantom import archive_faults
from cmr_ssl.phantom.archive_faults import ARCHIVE_RATES, apply_archive_faults, faults_of
from cmr_ssl.phantom.scanner_archive import archive_bytes, archives_of, members
from tests.phantom.exams import EXAM, files, images

NAMES = list(ARCHIVE_RATES["default"])


@pytest.fixture(scope="module")
def pair(study):
    return archives_of(study)


def rng():
    return np.random.default_rng(3)


def struck(study, archive, name):
    return apply_archive_faults(rng(), archive, study.world, {name: 1.0})


def test_every_fault_has_a_rate_and_without_rates_nothing_happens(study, pair):
    assert list(faults_of(study.world)) == NAMES
    assert apply_archive_faults(rng(), pair[0], study.world, {}) == (pair[0], [])


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_is_recorded_changes_the_archive_and_leaves_the_planned_cines_as_they_were_acquired(study, pair, name):
    changed, [(recorded, _)] = struck(study, pair[0], name)
    assert recorded == name
    assert archive_bytes(EXAM, changed) != archive_bytes(EXAM, pair[0])
    before, after = ({cine.name: cine for cine in one.cines if cine.planned} for one in (pair[0], changed))
    assert after.keys() == before.keys()
    for key, cine in after.items():
        np.testing.assert_array_equal(cine.pixels, before[key].pixels)
        np.testing.assert_array_equal(cine.affine, before[key].affine)


def test_a_wrong_name_is_that_of_another_view_and_a_short_axis_has_none_to_misname(study, pair):
    changed, [(_, note)] = struck(study, pair[0], "wrong_view_name")
    assert note.where != note.value
    assert [cine.description for cine in changed.cines].count(note.value) == 2
    assert struck(study, pair[1], "wrong_view_name") == (pair[1], [])


def test_a_mixed_series_holds_every_slice(study, pair):
    changed, [(_, note)] = struck(study, pair[1], "mixed_series")
    read = images(archive_bytes(EXAM, changed))
    assert {image.SeriesDescription for image in read} == {"CINE_segmented_SAX"} == {note.where}
    assert len({image.SeriesInstanceUID for image in read}) == 1
    assert len({image.InstanceNumber for image in read}) == len(read)


def test_inline_copies_show_the_same_pixels_in_a_derived_series(study, pair):
    changed, [(_, note)] = struck(study, pair[0], "inline_series")
    read = images(archive_bytes(EXAM, changed))
    copies = [image for image in read if "InlineVF" in image.SeriesDescription]
    assert len(copies) == len(read) / 2
    assert {image.ImageType[0] for image in copies} == {"DERIVED"}
    assert {image.SeriesDescription for image in copies} == {note.where}
    assert sorted(image.PixelData for image in copies) == sorted(i.PixelData for i in read if i not in copies)


def test_another_cine_is_transverse_and_lies_above_the_heart(study, pair):
    changed, _ = struck(study, pair[1], "other_cine")
    other = next(cine for cine in changed.cines if not cine.planned)
    assert other.affine[2, :2] == pytest.approx(0.0)
    assert other.affine[2, 3] > study.world.placement.origin[2] + 50.0
    assert other.pixels.std() > 0


@pytest.mark.parametrize("in_vain", [0.0, 1.0])
def test_a_slice_acquired_again_lies_at_the_same_place_and_is_mostly_the_later_one(study, pair, in_vain, monkeypatch):
    monkeypatch.setattr(archive_faults, "SECOND_WORSE", in_vain)
    changed, [(_, note)] = struck(study, pair[1], "reacquired_slice")
    first, good = sorted((cine for cine in changed.cines if cine.description == note.where), key=lambda c: c.planned)
    assert (first.planned, good.planned) == (False, True)
    assert (first.started_s > good.started_s) == bool(in_vain)
    assert first.series != good.series
    np.testing.assert_array_equal(first.affine, good.affine)
    assert note.value == f"{len(first.pixels) - len(first.lost)} of {len(first.pixels)} frames"


def test_lost_files_are_those_of_the_record(study, pair):
    changed, [(_, note)] = struck(study, pair[0], "missing_file")
    before, after = ({(one.cine.name, one.frame) for one in members(archive)} for archive in (pair[0], changed))
    assert {frame for _, frame in before - after} == set(map(int, note.value.split()[1:]))
    assert 1 <= len(before - after) <= 3


@pytest.mark.parametrize(
    ("fault", "names"),
    [("manifest_misnamed", {"manifest.cvs"}), ("manifest_missing", set()), ("none", {"manifest.csv"})],
)
def test_the_manifest_is_called_as_the_record_says(study, pair, fault, names):
    changed, _ = struck(study, pair[0], fault)
    assert {name for name in files(archive_bytes(EXAM, changed)) if not name.endswith(".dcm")} == names


def test_a_renamed_column_stands_in_the_manifest(study, pair):
    changed, [(_, note)] = struck(study, pair[0], "manifest_columns")
    header = files(archive_bytes(EXAM, changed))["manifest.csv"].decode().splitlines()[0]
    assert note.value in header.split(",")
    assert "series discription" not in header


def test_faults_do_not_depend_on_each_other(study, pair):
    rates = {"mixed_series": 1.0, "truncated_archive": 1.0}
    both, _ = apply_archive_faults(rng(), pair[0], study.world, rates)
    assert struck(study, pair[0], "truncated_archive")[0].kept == both.kept < 1
