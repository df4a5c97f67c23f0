import numpy as np
import pytest
from PIL import Image

from cmr_ssl.phantom.pictures import (
    SLICES_SHOWN,
    PanelStyle,
    check_preview,
    check_sheet,
    draw_panel,
    end_systole,
    subject_rows,
    write_preview,
    write_sheet,
)


def test_a_panel_holds_every_view_labels_add_colour_and_end_systole_is_not_the_first_frame(study):
    plain, labelled = (draw_panel(study, 0, flag, PanelStyle(SLICES_SHOWN, 32)) for flag in (False, True))
    assert plain.shape == labelled.shape == (32, 8 * 32, 3)
    assert np.ptp(plain.astype(int), axis=2).max() == 0
    assert np.ptp(labelled.astype(int), axis=2).max() > 40
    assert 3 <= end_systole(study) <= 8


def test_a_sheet_shows_two_subjects_side_by_side_at_ed_over_es(study, tmp_path):
    rows = subject_rows(study)
    height, width, _ = rows.shape
    assert not np.array_equal(rows[: height // 2], rows[height // 2 :])
    write_sheet(tmp_path / "sheet.png", [rows] * 3)
    with Image.open(tmp_path / "sheet.png") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (2 * height, 2 * width, 3)
    np.testing.assert_array_equal(pixels[:height, :width], pixels[:height, width:])
    assert not pixels[height:, width:].any()


@pytest.mark.parametrize(
    ("check", "name", "why"),
    [(check_sheet, "a.gif", r"a \.png, not 'a\.gif'"), (check_preview, "a.avi", "not 'a")],
)
def test_other_endings_are_refused_and_nothing_is_overwritten_unasked(check, name, why, tmp_path):
    with pytest.raises(ValueError, match=why):
        check(tmp_path / name, overwrite=False)
    check(tmp_path / "a.png", overwrite=False)
    (tmp_path / "a.png").write_bytes(b"mine")
    check(tmp_path / "a.png", overwrite=True)
    with pytest.raises(ValueError, match="exists"):
        check(tmp_path / "a.png", overwrite=False)


def test_a_gif_beats_at_the_hearts_own_pace_and_a_png_is_wide(study, tmp_path):
    for name in ("heart.gif", "deep/heart.png"):
        write_preview(tmp_path / name, study)
    with Image.open(tmp_path / "heart.gif") as picture:
        assert picture.n_frames == 16
        assert picture.info["duration"] * 16 == pytest.approx(60000 / study.subject.body.heart_rate, rel=0.1)
    with Image.open(tmp_path / "deep" / "heart.png") as picture:
        assert picture.size[0] == 8 * 208
