import io

import numpy as np
import pytest
from PIL import Image

from cmr_ssl.pages import map_thumbnails
from cmr_ssl.pages.map_thumbnails import SIZE, read_thumbnails, thumbnail
from tests.caches import COHORT


def test_a_thumbnail_shows_the_middle_and_takes_a_kilobyte():
    image = np.random.default_rng(0).integers(90, 110, (128, 128)).astype(np.uint8)
    image[48:80, 48:80] = 240
    made = thumbnail(image)
    shown = np.asarray(Image.open(io.BytesIO(made)).convert("L"))
    assert shown.shape == (SIZE, SIZE)
    assert len(made) < 1500
    assert (shown > 200).mean() == pytest.approx((32 / (0.75 * 128)) ** 2, abs=0.02)


def test_whoever_has_no_readable_file_has_no_thumbnail_and_is_counted(cache):
    subjects = sorted(COHORT)
    made = read_thumbnails(cache, [*subjects, "900000999"])
    assert [bool(picture) for picture in made.pictures] == [True] * len(subjects) + [False]
    assert made.note.startswith("1 subjects have no thumbnail")
    with pytest.raises(ValueError, match="name the cache that was embedded"):
        read_thumbnails(cache, ["900000999"])


def test_beyond_a_number_of_subjects_there_are_none_and_a_sentence(cache, monkeypatch):
    monkeypatch.setattr(map_thumbnails, "MOST_SUBJECTS", 5)
    assert read_thumbnails(cache, sorted(COHORT)) == ([], "No thumbnails: there are 24 subjects, and a page holds 5.")
