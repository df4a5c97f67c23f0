import numpy as np
import pytest

from cmr_ssl.anatomy import LA, MYOCARDIUM, RA
from cmr_ssl.measures.valves import apical_thickness, long_axis_values
from cmr_ssl.volumes import LabelMap
from tests.measures.drawings import MM, long_axis_image


def view(*frames, angle=0.0):
    turn = np.deg2rad(angle)
    affine = np.diag([MM, MM, 6.0, 1.0])
    affine[:2, :2] = MM * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return LabelMap(np.array(frames)[:, None], affine)


HEART = view(long_axis_image(35.0), long_axis_image(49.0, tip_mm=98.0, wall_mm=11.2, tricuspid_mm=56.0))


def by_name(two, four, reasons=None):
    rows = long_axis_values({"la_2ch": two, "la_4ch": four}, reasons or {})
    return {one[:2]: one for one in rows}


def test_the_motion_of_valves_and_the_length_by_hand():
    rows = by_name(HEART, HEART)
    for where in ("la_2ch", "la_4ch", "global"):
        assert rows["MAPSE", where].value == pytest.approx(14.0, abs=0.1)
        assert rows["long-axis strain", where].value == pytest.approx(100 * (60.2 / 73 - 1), abs=1.0)
    assert rows["TAPSE", "la_4ch"].value == pytest.approx(21.0, abs=0.1)


def test_a_valve_that_is_left_out_between_the_chambers_does_not_move_the_plane_much():
    gapped = HEART.labels.copy()
    for frame, valve_mm in enumerate((35.0, 49.0)):
        row = int(valve_mm / MM) - 1
        gapped[frame, 0, row][gapped[frame, 0, row] == LA] = 0
    assert by_name(None, HEART._replace(labels=gapped))["MAPSE", "la_4ch"].value == pytest.approx(14.0, abs=0.2)


def test_the_apex_is_the_wall_beyond_the_cavity():
    (ed, es), why = apical_thickness({"la_2ch": None, "la_4ch": HEART})
    assert not why
    assert ed == pytest.approx(8.0, abs=MM / 2)
    assert es == pytest.approx(11.2, abs=MM / 2)


def test_what_is_not_drawn_is_not_measured():
    def without(classes):
        return by_name(None, HEART._replace(labels=np.where(np.isin(HEART.labels, classes), 0, HEART.labels)))

    bare, no_atria = without([MYOCARDIUM]), without([LA, RA])
    assert "no myocardium covers the apex" in bare["long-axis strain", "la_4ch"].reason
    assert bare["MAPSE", "la_4ch"].value == pytest.approx(14.0, abs=0.1)
    assert "LV and LA are not drawn side by side" in no_atria["MAPSE", "la_4ch"].reason
    assert "RV and RA" in no_atria["TAPSE", "la_4ch"].reason
    assert "la_2ch" in bare["MAPSE", "la_2ch"].reason
    assert np.isnan(bare["MAPSE", "global"].value)
    cut = HEART._replace(labels=HEART.labels[:, :, :60])
    assert "reaches the edge" in by_name(None, cut)["MAPSE", "la_4ch"].reason
    assert "apex" in apical_thickness({"la_2ch": None, "la_4ch": cut})[1]
