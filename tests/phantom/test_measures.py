import numpy as np
import pytest

from cmr_ssl import anatomy
from cmr_ssl.phantom.measures import area_length, ejection, emptying, extent, simpson


def test_simpson_counts_voxels_at_ed_and_at_the_smallest_cavity():
    labels = np.zeros((3, 2, 10, 10), np.uint8)
    for frame, count in enumerate((8, 6, 4)):
        labels[frame, :, :count] = anatomy.LV
    labels[:, :, 9, :5] = anatomy.MYOCARDIUM
    labels[0, 0, 9, 5:] = anatomy.RV
    values = simpson(labels, 1000.0, 60.0)
    assert values["LVEDV (mL)"] == 160
    assert values["LVESV (mL)"] == 80
    assert values["LVEF (%)"] == pytest.approx(50)
    assert values["LVCO (L/min)"] == pytest.approx(4.8)
    assert values["LVM (g)"] == pytest.approx(10.5)
    assert (values["RVEDV (mL)"], values["RVESV (mL)"]) == (5, 0)


def ellipse(length, width, angle=0.0):
    """Draw an atrium above a ventricle, both turned by `angle` in degrees, 100 x 100 pixels."""
    y, x = np.mgrid[:100, :100] - 50.0
    c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    along, across = c * y + s * x, -s * y + c * x
    frame = np.zeros((100, 100), np.uint8)
    frame[((along - 20) / 15) ** 2 + (across / 15) ** 2 < 1] = anatomy.LV
    frame[((along + 10) / (length / 2)) ** 2 + (across / (width / 2)) ** 2 < 1] = anatomy.LA
    return frame


@pytest.mark.parametrize("angle", [0.0, 30.0, 75.0])
def test_an_atrium_is_as_long_as_it_is_however_the_image_is_turned(angle):
    area, length = extent(ellipse(40, 26, angle)[None], anatomy.LA, 1.5)
    assert length[0] == pytest.approx(40 * 1.5, rel=0.06)
    assert area[0] == pytest.approx(np.pi * 20 * 13 * 1.5**2, rel=0.03)


def test_area_length_gives_the_volume_of_an_ellipsoid():
    view = np.stack([ellipse(40, 26), ellipse(30, 20)])
    values = area_length(view, view, 1.5)
    volumes = [4 / 3 * np.pi * (a / 2) * (b / 2) ** 2 * 1.5**3 / 1e3 for a, b in ((40, 26), (30, 20))]
    assert values["LAV max (mL)"] == pytest.approx(volumes[0], rel=0.08)
    assert values["LAV min (mL)"] == pytest.approx(volumes[1], rel=0.08)


def test_an_atrium_nobody_sees_has_no_volume():
    blank = np.zeros((2, 10, 10), np.uint8)
    assert np.isnan(area_length(blank, blank, 1.0)["LAV max (mL)"])


def test_derived_numbers_follow_from_the_two_volumes():
    assert ejection("RV", 100.0, 40.0) == {
        "RVEDV (mL)": 100.0,
        "RVESV (mL)": 40.0,
        "RVSV (mL)": 60.0,
        "RVEF (%)": 60.0,
    }
    assert emptying("LA", 80.0, 20.0)["LAEF (%)"] == pytest.approx(75.0)
