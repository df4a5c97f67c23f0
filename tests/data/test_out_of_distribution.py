import json

import numpy as np
import pytest

from cmr_ssl.data.out_of_distribution import (
    FEWEST_STUDIES,
    MEASURES,
    cache_statistics,
    describe_outlier,
    fit_distribution,
    planes_by_view,
    study_statistics,
    training_distribution,
)
from cmr_ssl.planes import LONG_AXIS
from cmr_ssl.preparation.cache import subject_file
from tests.caches import prepared, write_cache

VIEWS = LONG_AXIS[:2]


def one(seed, slices=8, change=lambda images: images, scale=1.0):
    """Return measures and counts of a tiny study."""
    study = prepared(slices, VIEWS, seed)
    dimmer = 0.9 + 0.2 * np.random.default_rng(seed).random()  # patients differ
    images = change((study.images * dimmer).astype(np.float32)).clip(0, 255).astype(np.uint8)
    affine = study.affine.copy()
    affine[:, :3] *= scale
    return study_statistics(images, affine, study.view), planes_by_view(study.view)


@pytest.fixture(scope="module")
def usual():
    return fit_distribution([one(seed, 7 + seed % 3) for seed in range(40)])


def test_a_study_like_those_of_the_training_is_not_flagged(usual):
    assert [describe_outlier(usual, one(seed, 7 + seed % 3)[0]) for seed in range(100, 160)] == [""] * 60


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"change": lambda images: 255 - images}, "dark greys"),
        ({"change": lambda images: images[:, ::2].repeat(2, axis=1)}, "noise"),
        ({"change": lambda images: images + np.random.default_rng(0).normal(0, 40, images.shape)}, ""),
        ({"change": lambda images: images[:, :1].repeat(8, axis=1)}, "motion"),
        ({"scale": 0.1}, "of what beats"),
        ({"scale": 2.0}, ""),
        ({"slices": 3}, "depth of the stack"),
    ],
)
def test_pictures_and_geometry_that_are_grossly_other_are_flagged_and_said_how(options, named, usual):
    said = describe_outlier(usual, one(500, **options)[0])
    assert said.startswith("it looks unlike the 40 studies of the training")
    assert named in said


def test_what_is_usual_is_plain_numbers_without_anybody(usual):
    assert json.loads(json.dumps(usual)) == usual
    assert usual["planes"] == {"sa": [7, 9], "la_2ch": [1, 1], "la_3ch": [1, 1], "la_4ch": [0, 0]}
    assert usual["measures"] == list(MEASURES)


def test_few_studies_do_not_tell_what_is_usual():
    few = fit_distribution([one(seed) for seed in range(FEWEST_STUDIES - 1)])
    assert few["studies"] == FEWEST_STUDIES - 1
    assert describe_outlier(few, one(0, scale=0.1)[0]) == ""


def test_studies_without_a_short_axis_or_beat_are_measured_as_far_as_they_go(usual):
    study = prepared(0, VIEWS)
    found = study_statistics(study.images[:, :2], study.affine, study.view)
    told = dict(zip(MEASURES, found, strict=True))
    assert np.isnan([told[name] for name in ("noise", "distance of slices", "depth of the stack")]).all()
    describe_outlier(usual, found)
    still = study_statistics(np.full_like(study.images, 7), study.affine, study.view)
    assert describe_outlier(usual, still) != ""


def test_a_cache_is_measured_past_files_that_cannot_be_read(tmp_path):
    cache = write_cache(tmp_path, {f"90000000{k}": (6, VIEWS) for k in range(5)})
    subject_file(cache, "900000003").write_bytes(b"torn")
    subjects = [f"90000000{k}" for k in range(5)]
    assert len([*cache_statistics(cache, subjects)]) == 4
    assert training_distribution(cache, subjects, 0)["studies"] == 4
