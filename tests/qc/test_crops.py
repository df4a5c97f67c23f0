import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cmr_ssl.commands.qc import qc
from cmr_ssl.preparation.cache import write_subject
from cmr_ssl.preparation.checks.limits import LIMITS
from cmr_ssl.qc.crops import TILE, crop, mark_centre, middle_plane, tiles
from tests.preparation.checks.synthetic_planes import heights, long_axis, short_axis, subject


def test_the_heart_centre_is_marked_where_it_lies():
    affine = short_axis(0.0)
    affine[:3, 3] += [10.5, -7.0, 0.0]  # 3.5 mm pixels: the centre lies 3 columns to the left, 2 rows below
    tile = np.asarray(Image.open(io.BytesIO(mark_centre(np.zeros((56, 56), np.uint8), affine)))).astype(int)
    row, column = np.argwhere(tile[..., 0] > 60).mean(axis=0)
    assert column == pytest.approx((27.5 - 3 + 0.5) * TILE / 56, abs=1)
    assert row == pytest.approx((27.5 + 2 + 0.5) * TILE / 56, abs=1)


def test_the_middle_slice_is_shown_without_short_axis_the_first_plane_and_a_damaged_file_is_named(tmp_path):
    affines = np.array([*map(short_axis, heights()), long_axis("la_4ch")])
    view = np.array([0] * len(heights()) + [3])
    assert heights()[middle_plane(view, affines)] in (5.0, -5.0)
    assert middle_plane(np.array([3, 1]), affines[:2]) == 0
    path = write_subject(tmp_path, "1", subject(), "digest")
    assert Image.open(io.BytesIO(crop(path))).size == (TILE, TILE)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"1\.safetensors cannot be read"):
        crop(path)


def test_what_few_have_comes_first_and_what_all_have_weighs_nothing():
    rows = [("1", "same"), ("2", "same"), ("3", "same"), ("3", "rare"), ("3", "rare"), ("1", "twice"), ("2", "twice")]
    measures = pd.DataFrame({"subject": ["1", "3"], "mistriggered": [0.01, 0.2], "low-contrast": [0.4, np.nan]})
    made = tiles(["1", "2", "3"], pd.DataFrame(rows, columns=["subject", "code"]), measures, LIMITS)
    codes = [("3", ["same", "rare"]), ("1", ["same", "twice"]), ("2", ["same", "twice"])]
    assert [(tile.subject, tile.codes) for tile in made] == codes
    assert made[0].rarity == pytest.approx(np.log(3))
    np.testing.assert_array_equal([tile.values for tile in made], [[0.2, np.nan], [0.01, -0.4], [np.nan, np.nan]])


def test_every_subject_has_a_tile_and_every_usable_one_a_picture(checked, tmp_path):
    (tmp_path / "crops").mkdir()
    (tmp_path / "crops" / "gone.jpg").write_bytes(b"")
    assert qc(checked, tmp_path, worst=0) == 0
    text = (tmp_path / "index.html").read_text()
    assert {path.stem for path in (tmp_path / "crops").iterdir()} == {"900000001", "900000002", "900000003"}
    for name in ("900000001", "900000002", "900000003"):
        assert f'src="crops/{name}.jpg"' in text
    assert text.count("<figure data-subject=") == 4
    assert text.index('data-subject="900000004"') < text.index('data-subject="900000001"')
