import numpy as np

from cmr_ssl.pages.volume_curves import draw


def test_ed_and_es_are_marked_on_the_curve_and_unknown_frames_are_dots():
    lv = 100 + 40 * np.cos(np.arange(20) / 20 * 2 * np.pi)
    some = np.where(np.arange(20) % 10 == 0, 30.0, np.nan)
    drawing = draw({"LV": lv, "LA": some}, 50.0)
    ed, es = drawing.marks
    assert (ed.name, ed.ml, es.name, es.ml) == ("ED", 140, "ES", 60)
    assert es.x == drawing.x(500)
    assert drawing.y(60) == es.y
    curves = {one.name: one for one in drawing.curves}
    assert len(curves["LV"].points.split()) == 21  # the beat is closed
    assert (len(curves["LA"].dots), curves["LA"].points) == (2, "")
    assert draw({}, 50.0) is None


def test_names_of_curves_do_not_cover_each_other():
    ends = [one.end for one in draw({name: np.full(5, 50.0) for name in ("LV", "RV", "LA", "RA")}, np.nan).curves]
    assert np.diff(sorted(ends)).min() >= 12
