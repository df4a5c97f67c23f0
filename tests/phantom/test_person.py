import numpy as np

from cmr_ssl.phantom.cohort_spec import CohortSpec
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
    order = CohortSpec(7, "small", "normal", "none")
    again, faulty = scan(order, 1), scan(order._replace(faults="default"), 1)
    assert faulty.subject == again.subject == study.subject
    for one, other in zip(study.series, again.series, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_array_equal(one.labels, other.labels)
