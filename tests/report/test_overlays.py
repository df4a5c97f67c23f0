import numpy as np
from PIL import Image

from cmr_ssl.anatomy import COLOURS, LV, RV, UNLABELLED
from cmr_ssl.report.montage import GAP, NAMES
from cmr_ssl.report.montage import TITLES as TITLES_HEIGHT
from cmr_ssl.report.overlays import MOVING, overlay, overlay_gif, paint

IMAGES = np.full((2, 4, 24, 24), 120, np.uint8)
TITLES = ["sa", "la_4ch"]


def labels(value):
    found = np.zeros(IMAGES.shape, np.uint8)
    found[:, :, 6:18, 6:18] = value
    return found


def test_a_structure_shines_in_its_colour_and_the_rest_stays_grey():
    painted = np.asarray(paint(IMAGES[:, 0], labels(LV)[:, 0]), dtype=float)
    inside, outside = painted[0, 12, 12], painted[0, 1, 1]
    assert np.ptp(outside) == 0
    assert inside.argmax() == np.argmax(COLOURS[LV])
    assert inside[0] > inside[1]


def test_prediction_and_truth_stand_in_one_picture(tmp_path):
    arguments = TITLES, [0, 2]
    overlay(tmp_path / "both.png", IMAGES, labels(LV), labels(RV), *arguments)
    overlay(tmp_path / "alone.png", IMAGES, labels(LV), None, *arguments)
    sizes = []
    for name in ("both.png", "alone.png"):
        with Image.open(tmp_path / name) as picture:
            sizes.append(picture.size)
    assert sizes[0][1] > sizes[1][1]


def test_planes_that_nobody_labelled_are_blank_and_never_mistaken_for_background(tmp_path):
    half = labels(RV)
    half[1] = UNLABELLED
    assert np.isnan(paint(IMAGES[:, 0], half[:, 0])).all(axis=(1, 2, 3)).tolist() == [False, True]
    overlay_gif(tmp_path / "half.gif", IMAGES, labels(LV), half, TITLES)
    with Image.open(tmp_path / "half.gif") as cine:
        red, _, blue = cine.convert("RGB").getpixel((NAMES + MOVING + GAP + 40, TITLES_HEIGHT + MOVING + GAP + 40))
    assert blue > red + 20


def test_a_gif_has_every_frame_and_truth_only_where_it_would_not_flicker(tmp_path):
    partly = labels(RV)
    partly[:, 1:] = UNLABELLED
    heights = []
    for name, true in (("whole.gif", labels(RV)), ("partly.gif", partly)):
        overlay_gif(tmp_path / name, IMAGES, labels(LV), true, TITLES)
        with Image.open(tmp_path / name) as picture:
            assert picture.n_frames in (1, IMAGES.shape[1])  # frames that are all alike may be merged
            heights.append(picture.size[1])
    assert heights[0] > heights[1]


def test_structures_keep_their_colours_in_a_cine_of_many_greys(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (6, 4, 24, 24), dtype=np.uint8)
    overlay_gif(tmp_path / "beat.gif", noise, np.zeros_like(noise), None, ["sa"] * 6)
    with Image.open(tmp_path / "beat.gif") as cine:
        for frame in range(cine.n_frames):
            cine.seek(frame)
            legend = np.asarray(cine.convert("RGB"), dtype=int)[-20:]
            for colour in COLOURS[1:]:
                assert np.abs(legend - colour).max(axis=2).min() <= 8
