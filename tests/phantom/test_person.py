import numpy as np

from cmr_ssl.phantom.cohort_spec import PRESETS, CohortSpec
from cmr_ssl.phantom.person import draw_person, generators, scan, subject_id


def test_a_subject_of_nine_digits_depends_on_seed_and_index_alone_by_independent_generators():
    assert subject_id(1) == "900000001"
    assert len(subject_id(99_999)) == 9
    assert draw_person(7, 3, "mixed") == draw_person(7, 3, "mixed")
    assert draw_person(7, 3, "mixed") != draw_person(7, 4, "mixed")
    assert draw_person(7, 3, "mixed") != draw_person(8, 3, "mixed")
    draws = [rng.random() for rng in generators(7, 1)]
    assert len(set(draws)) == 4


def test_the_same_order_gives_the_same_pixels_and_the_same_person_whatever_goes_wrong(study):
    faulty = scan(CohortSpec(7, "small", "normal", "default"), 1)
    assert faulty.subject == study.subject
    if not faulty.faults:
        np.testing.assert_array_equal(faulty.series[0].pixels, study.series[0].pixels)
    again = scan(CohortSpec(7, "small", "normal", "none"), 1)
    for one, other in zip(study.series, again.series, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_array_equal(one.labels, other.labels)


def test_small_is_twice_as_coarse_and_has_sixteen_frames(study):
    assert PRESETS["small"].scale == 2
    assert all(len(item.pixels) == 16 for item in study.series)
