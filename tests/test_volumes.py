import numpy as np
import pytest

from cmr_ssl import anatomy
from cmr_ssl.anatomy import UNLABELLED
from cmr_ssl.planes import APEX_TO_BASE_RAS, heart_frame
from cmr_ssl.volumes import (
    MUSCLE_G_PER_ML,
    LabelMap,
    apex_to_base,
    ends_of_beat,
    extent,
    labelled_frames,
    measure,
    simpson,
)

CUBE_CM = np.diag([10.0, 10.0, 10.0, 1.0])  # a voxel of exactly 1 mL


def stack(frames):
    """Return a short-axis map of 1 mL voxels with so many voxels of LV, myocardium and RV at each frame."""
    labels = np.zeros((len(frames), 2, 10, 10), np.uint8)
    for frame, counts in zip(labels, frames, strict=True):
        frame.reshape(-1)[: sum(counts)] = np.repeat([anatomy.LV, anatomy.MYOCARDIUM, anatomy.RV], counts)
    return LabelMap(labels, CUBE_CM)


def test_ventricles_by_hand():
    values, reasons, curves = measure({"sa": stack([(160, 10, 5), (120, 12, 4), (80, 20, 2)])}, 60.0)
    expected = {"LVEDV (mL)": 160, "LVESV (mL)": 80, "LVSV (mL)": 80, "LVEF (%)": 50, "LVCO (L/min)": 4.8}
    expected |= {"LVM (g)": 10 * MUSCLE_G_PER_ML, "RVEDV (mL)": 5, "RVESV (mL)": 2, "RVSV (mL)": 3, "RVEF (%)": 60}
    assert {name: values[name] for name in expected} == pytest.approx(expected)
    assert set(reasons) == {name for name in values if name[:2] in ("LA", "RA")}
    np.testing.assert_array_equal(curves["LV"], [160, 120, 80])
    assert set(curves) == {"LV", "myocardium", "RV"}


def test_the_true_slice_spacing_counts_gap_included_and_however_the_stack_lies():
    affine = heart_frame(np.zeros(3), np.array([0.3, -0.5, 0.8]))
    affine = np.linalg.inv(affine) @ np.diag([1.5, 2.0, 10.0, 1.0])
    labels = np.zeros((1, 3, 4, 5), np.uint8)
    labels[0, :, 1:3, 2:4] = anatomy.LV
    assert simpson(LabelMap(labels, affine), anatomy.LV)[0] == pytest.approx(12 * 1.5 * 2.0 * 10.0 / 1000)


def test_ed_and_es_are_found_in_the_curve_wherever_the_beat_starts_but_not_without_a_ventricle():
    assert ends_of_beat(np.array([90.0, 60.0, np.nan, 140.0, 120.0])) == (3, 1)
    assert measure({"sa": stack([(160, 10, 5), (0, 10, 5), (80, 12, 2)])}, 60.0).values["LVESV (mL)"] == 80


def test_frames_nobody_labelled_are_not_empty_hearts():
    labelled = stack([(160, 10, 5), (0, 0, 0), (80, 12, 2)])
    labelled.labels[1] = UNLABELLED
    np.testing.assert_array_equal(labelled_frames(labelled.labels), [True, False, True])
    values, _, curves = measure({"sa": labelled}, 60.0)
    assert values["LVESV (mL)"] == 80
    assert np.isnan(curves["LV"][1])


def test_what_is_absent_is_nan_with_its_reason():
    values, reasons, curves = measure({}, 60.0)
    assert all(np.isnan(value) for value in values.values())
    assert set(reasons) == set(values)
    assert reasons["LVEDV (mL)"] == "there is no usable short-axis label map"
    assert reasons["LAV max (mL)"] == "the LA needs label maps of la_2ch and la_4ch"
    assert not curves


@pytest.mark.parametrize(
    ("frames", "rate", "name", "why"),
    [
        ([(160, 10, 0), (80, 10, 0)], 60.0, "RVEDV (mL)", "shows no RV"),
        ([(160, 0, 5), (80, 0, 5)], 60.0, "LVM (g)", "shows no myocardium"),
        ([(160, 10, 5), (80, 10, 0)], 60.0, "RVEF (%)", "not drawn at both ED and ES"),
        ([(160, 0, 5), (80, 10, 5)], 60.0, "LVM (g)", "not drawn at ED"),
        ([(160, 10, 5)], 60.0, "LVEF (%)", "only one frame is labelled"),
        ([(160, 10, 5), (80, 10, 5)], np.nan, "LVCO (L/min)", "the heart rate is unknown"),
    ],
)
def test_one_thing_missing_costs_only_what_depends_on_it(frames, rate, name, why):
    values, reasons, _ = measure({"sa": stack(frames)}, rate)
    assert np.isnan(values[name])
    assert why in reasons[name]
    assert len([value for value in values.values() if np.isfinite(value)]) > 0


def ellipse(length, width, angle=0.0, size=(100, 100), steps=(1.0, 1.0)):
    """Draw an atrium with its long axis `angle` degrees from the rows' direction; sizes in mm."""
    row, column = np.mgrid[: size[0], : size[1]]
    y, x = (row - size[0] / 2) * steps[1], (column - size[1] / 2) * steps[0]
    c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    along, across = c * y + s * x, -s * y + c * x
    frame = np.zeros(size, np.uint8)
    frame[(along / (length / 2)) ** 2 + (across / (width / 2)) ** 2 < 1] = anatomy.LA
    return frame


@pytest.mark.parametrize("angle", [0.0, 30.0, 75.0])
@pytest.mark.parametrize("steps", [(1.0, 1.0), (0.8, 1.6)])
def test_an_atrium_is_as_long_as_it_is_however_the_image_is_turned_or_scaled(angle, steps):
    frame = ellipse(40, 26, angle, steps=steps)
    to_base = np.array([np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle)), 0.0])
    area, length = extent(LabelMap(frame[None, None], np.diag([*steps, 6.0, 1.0])), anatomy.LA, to_base)
    assert length[0] == pytest.approx(40, rel=0.06)
    assert area[0] == pytest.approx(np.pi * 20 * 13, rel=0.03)


def atrial_maps(*frames):
    """Return both views needed for a left atrium whose length runs along the rows."""
    view = LabelMap(np.stack(frames)[:, None], np.diag([1.5, 1.5, 6.0, 1.0]))
    axes = np.eye(4)
    axes[:3, :3] = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]).T  # normal along y: the short axis cuts across
    short = LabelMap(np.zeros((len(frames), 1, 4, 4), np.uint8), axes)
    return {"la_2ch": view, "la_4ch": view, "sa": short}


def test_area_length_gives_the_volume_of_an_ellipsoid():
    sizes = ((60, 39), (45, 30))
    values = measure(atrial_maps(*(ellipse(*size, steps=(1.5, 1.5)) for size in sizes)), 60.0).values
    volumes = [4 / 3 * np.pi * (a / 2) * (b / 2) ** 2 / 1e3 for a, b in sizes]
    assert values["LAV max (mL)"] == pytest.approx(volumes[0], rel=0.08)
    assert values["LAV min (mL)"] == pytest.approx(volumes[1], rel=0.08)
    assert values["LAEF (%)"] == pytest.approx(100 * (1 - values["LAV min (mL)"] / values["LAV max (mL)"]))
    assert np.isnan(values["RAV max (mL)"])


def test_an_atrium_lost_at_one_labelled_frame_has_no_smallest_volume():
    lost = ellipse(60, 39, steps=(1.5, 1.5))
    lost[lost == anatomy.LA] = anatomy.RA
    measured = measure(atrial_maps(ellipse(60, 39, steps=(1.5, 1.5)), lost), 60.0)
    assert np.isnan(measured.values["LAV max (mL)"])
    assert "not seen at every labelled frame" in measured.reasons["LAV max (mL)"]


def test_scattered_pixels_have_no_length():
    frame = np.zeros((100, 100), np.uint8)
    frame[20:80:59, 10:90:20] = anatomy.LA  # two rows of four dots on either side of nothing
    frame[50, 5], frame[50, 95] = anatomy.LA, anatomy.LA
    _, length = extent(LabelMap(frame[None, None], np.eye(4)), anatomy.LA, np.array([0.0, 1.0, 0.0]))
    assert np.isnan(length[0])


def test_an_atrium_is_not_measured_of_views_of_different_length_or_of_several_planes():
    maps = atrial_maps(*[ellipse(60, 39)] * 3)
    maps["la_2ch"] = maps["la_2ch"]._replace(labels=maps["la_2ch"].labels[:2])
    assert "different numbers of frames" in measure(maps, 60.0).reasons["LAV max (mL)"]
    maps = atrial_maps(*[ellipse(60, 39)] * 2)
    maps["la_2ch"] = maps["la_2ch"]._replace(labels=maps["la_2ch"].labels.repeat(2, axis=1))
    measured = measure(maps, 60.0)
    assert np.isnan(measured.values["LAV max (mL)"])
    assert "has several planes" in measured.reasons["LAV max (mL)"]
    assert np.isfinite(measure(atrial_maps(*[ellipse(60, 39)] * 2), 60.0).values["LAV max (mL)"])


def test_the_long_axis_points_to_the_base_whichever_way_the_slices_were_stored():
    up = np.linalg.inv(heart_frame(np.zeros(3), APEX_TO_BASE_RAS))
    down = up @ np.diag([1.0, -1.0, -1.0, 1.0])
    for affine in (up, down):
        found = apex_to_base(LabelMap(np.zeros((1, 1, 1, 1), np.uint8), affine))
        np.testing.assert_allclose(found, APEX_TO_BASE_RAS / np.linalg.norm(APEX_TO_BASE_RAS), atol=1e-6)
    np.testing.assert_array_equal(apex_to_base(None), APEX_TO_BASE_RAS)
