import numpy as np
import pytest

from cmr_ssl.dicom.heart_cuts import cutting_plane, several_places
from tests.dicoms import FRAMES, PIXEL_MM, SIDE, cine, codes, read_zip, slice_files, tiny, view_files
from tests.studies import AXES, CENTRE, around_axis, beats, long_axis, picture

SHAPE = (SIDE + 2, SIDE, 1)
STEP = 5.0
COUNT = 14


def beside(view, mm, turned=0.0):
    """Return the affine of a plane parallel to a long-axis view, so many mm beside the heart's centre."""
    affine = long_axis(view, SHAPE, PIXEL_MM)
    across = np.cross(affine[:3, 0], affine[:3, 1])
    affine[:3, 3] += mm * across / np.linalg.norm(across)
    return affine


def files_at(affine, name, seed=0, **values):
    seen = picture(affine, SHAPE, beats(FRAMES), seed=seed)[:, :, 0]
    return slice_files(seen, affine, name, tag=round(float(affine[0, 3]), 3), SliceThickness="6", **values)


def stack_of(view, name, off=0, **values):
    """Return the files of 14 parallel planes around, or beside, the heart's centre."""
    files = {}
    for index in range(COUNT):
        mm = (index - COUNT // 2 + off) * STEP
        files |= files_at(beside(view, mm), name, index, **({"AcquisitionTime": f"12{index:02d}00"} | values))
    return files


def distance(series):
    """Return how far a plane passes from the heart's centre, mm."""
    across = np.cross(series.affine[:3, 0], series.affine[:3, 1])
    return abs(float((CENTRE - series.affine[:3, 3]) @ across / np.linalg.norm(across)))


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize(("off", "one_series"), [(-4, True), (0, False), (5, True)])
def test_of_parallel_long_axis_planes_the_one_through_the_heart_is_used(short, off, one_series, tmp_path):
    same = {"SeriesInstanceUID": "2.25.3"} if one_series else {}
    files = stack_of("la_4ch", "cine 4ch", off, **same) | (view_files(tiny("sa")) if short else {})
    study, series = read_zip(tmp_path, files)
    assert list(series) == [*(["sa"] if short else []), "la_4ch"]
    assert distance(series["la_4ch"]) <= (STEP if short else 2 * STEP)
    assert [(found.code, found.value) for found in study.findings] == [("beside-view", COUNT - 1)]
    assert "acquired again" not in study.findings[0].message


def test_two_planes_of_a_view_are_told_apart_by_the_heart_and_by_their_names(tmp_path):
    left, right = beside("la_2ch", 2.0), beside("la_2ch", 32.0)
    for names in (("2ch", "2ch"), ("2ch", "2ch RV")):
        files = view_files(tiny("sa")) | files_at(left, names[0]) | files_at(right, names[1], time="130000")
        study, series = read_zip(tmp_path, files)
        assert distance(series["la_2ch"]) == pytest.approx(2.0, abs=0.1)
        assert codes(study.findings) == ["beside-view"]


def test_planes_around_the_long_axis_are_planes_of_their_views(tmp_path):
    files = view_files(tiny("sa"))
    for index, degrees in enumerate(range(0, 180, 15)):
        files |= files_at(around_axis(degrees, SHAPE, PIXEL_MM), "radial", index)
    study, series = read_zip(tmp_path, files)
    assert list(series) == ["sa", "la_2ch", "la_3ch", "la_4ch"]
    for view in ("la_2ch", "la_3ch", "la_4ch"):
        truth = long_axis(view, SHAPE, PIXEL_MM)
        across = [np.cross(one[:3, 0], one[:3, 1]) / PIXEL_MM**2 for one in (series[view].affine, truth)]
        assert abs(across[0] @ across[1]) == pytest.approx(1.0, abs=1e-6)
    assert set(codes(study.findings)) == {"beside-view"}


def test_a_plane_planned_again_near_by_is_another_try_and_without_a_heart_the_middle_of_a_stack_is_used():
    first, later = (cine(beside("la_4ch", mm), "4ch", time=time) for mm, time in ((0.0, "120000"), (4.5, "121500")))
    assert several_places([first, later])
    chosen, findings = cutting_plane("la_4ch", [first, later], CENTRE, AXES[2])
    assert chosen is later
    assert codes(findings) == ["re-acquired"]
    assert "4 mm away" in findings[0].message
    planes = [cine(beside("la_4ch", mm), "4ch", series="one") for mm in range(0, 50, 10)]
    chosen, findings = cutting_plane("la_4ch", planes, None, AXES[2])
    assert chosen is planes[2]
    assert [(found.code, found.value) for found in findings] == [("beside-view", 4)]
