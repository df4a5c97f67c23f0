import numpy as np
import pytest
from PIL import Image

from cmr_ssl.report.agreement_plots import draw_agreement, draw_bland_altman, draw_curves

pytestmark = pytest.mark.usefixtures("fine_figures")
CURVES = {"LV": 100 + 40 * np.cos(np.linspace(0, 2 * np.pi, 20)), "LA": np.full(10, 40.0)}


def drawn(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"))


@pytest.mark.parametrize("draw", [draw_agreement, draw_bland_altman])
def test_a_figure_shows_the_agreement_that_there_is(draw, tmp_path):
    true = np.append(np.linspace(100, 200, 30), np.nan)
    noise = np.random.default_rng(0).normal(0, 5, 31)
    for name, shift in (("a.png", 0), ("b.png", 20 * np.sin(true))):
        draw(tmp_path / name, true + noise + shift, true, "LVEDV (mL)")
    one, other = (drawn(tmp_path / name) for name in ("a.png", "b.png"))
    assert min(one.shape) > 400
    assert one.shape != other.shape or (one != other).mean() > 0.005


def test_missing_values_do_not_spoil_the_figure(tmp_path):
    values = np.array([1.0, 2.0, 3.0, np.nan])
    draw_agreement(tmp_path / "gaps.png", values, values, "LVEF (%)")
    draw_agreement(tmp_path / "none.png", values[3:], values[3:], "LVEF (%)")
    assert drawn(tmp_path / "gaps.png").min() < 128


@pytest.mark.parametrize("frame_ms", [40.0, None])
def test_curves_of_any_length_share_a_beat(frame_ms, tmp_path):
    draw_curves(tmp_path / "deep" / "curves.png", CURVES, frame_ms, "900000001")
    assert drawn(tmp_path / "deep" / "curves.png").min() < 128


def test_curves_with_gaps_or_none_at_all_are_drawn(tmp_path):
    gaps = CURVES["LV"].copy()
    gaps[3:] = np.nan
    draw_curves(tmp_path / "gaps.png", {"LV": gaps}, 40.0, "gaps")
    draw_curves(tmp_path / "none.png", {}, None, "none")
    assert (tmp_path / "none.png").is_file()
