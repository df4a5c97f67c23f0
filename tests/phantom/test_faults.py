import numpy as np
import pytest

from cmr_ssl.anatomy import LV, MYOCARDIUM
from cmr_ssl.phantom import faults
from cmr_ssl.phantom.faults import FAULTS, RATES, apply_faults
from cmr_ssl.planes import slice_affine


def by_view(series):
    return {item.plan.view: item for item in series}


def test_without_rates_nothing_happens(study):
    assert apply_faults(np.random.default_rng(0), study.series, RATES["none"]) == (study.series, [])


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_recorded_changes_something_and_spares_its_input(study, name):
    before = [(item.pixels.copy(), item.labels.copy()) for item in study.series]
    series, struck = apply_faults(np.random.default_rng(3), study.series, {name: 1.0})
    assert struck == [name]
    for item, (pixels, labels) in zip(study.series, before, strict=True):
        np.testing.assert_array_equal(item.pixels, pixels)
        np.testing.assert_array_equal(item.labels, labels)
    assert {(one.plan.view, one.pixels.tobytes()) for one in series} - {
        (one.plan.view, one.pixels.tobytes()) for one in study.series
    }


def test_what_one_fault_does_is_independent_of_the_others(study):
    alone, _ = apply_faults(np.random.default_rng(5), study.series, {"wrap_around": 1.0})
    both, _ = apply_faults(np.random.default_rng(5), study.series, {"wrap_around": 1.0, "swapped_view": 1.0})
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(alone, both, strict=True))


@pytest.mark.parametrize(("fault", "kept"), [(faults.lose_basal, -1), (faults.lose_apical, 0)])
def test_slices_that_remain_stay_where_they_were(study, fault, kept):
    whole, short = study.series[0], fault(np.random.default_rng(0), study.series)[0]
    assert whole.pixels.shape[1] - short.pixels.shape[1] in (2, 3)
    assert short.plan.shape[2] == short.pixels.shape[1] == len(short.shifts)
    np.testing.assert_array_equal(short.pixels[:, kept], whole.pixels[:, kept])
    places = [slice_affine(one.plan.affine, range(one.plan.shape[2])[kept]) for one in (whole, short)]
    np.testing.assert_allclose(*places)


def test_a_mistriggered_slice_turns_images_and_labels_alike(study):
    series = faults.mistrigger(np.random.default_rng(1), study.series)
    ((old, new, layer),) = (
        (old, new, layer)
        for old, new in zip(study.series, series, strict=True)
        for layer in range(old.pixels.shape[1])
        if not np.array_equal(old.pixels[:, layer], new.pixels[:, layer])
    )
    shift = next(k for k in range(1, 16) if np.array_equal(np.roll(old.pixels[:, layer], k, 0), new.pixels[:, layer]))
    np.testing.assert_array_equal(np.roll(old.labels[:, layer], shift, 0), new.labels[:, layer])


def test_low_contrast_leaves_blood_hardly_brighter_than_muscle(study):
    faded = faults.lower_contrast(np.random.default_rng(0), study.series)

    def contrast(item):
        blood, muscle = (np.median(item.pixels[0][item.labels[0] == label]) for label in (LV, MYOCARDIUM))
        return blood / muscle

    for old, new in zip(study.series, faded, strict=True):
        assert contrast(old) > 2.2
        assert contrast(new) < 1.8


def test_swapped_views_exchange_names_and_keep_their_place_and_a_repeat_is_filed_beside_the_good_one(study):
    swapped, repeated = (fault(np.random.default_rng(0), study.series) for fault in (faults.swap_view, faults.repeat))
    before, after = by_view(study.series), by_view(swapped)
    assert after.keys() == before.keys()
    assert sum(after[view].pixels is not before[view].pixels for view in before) == 2
    (extra,) = by_view(repeated).keys() - before.keys()
    assert extra.endswith("_first")


def test_missing_frames_repeat_the_frame_before(study):
    series = faults.miss_frames(np.random.default_rng(2), study.series)
    old, new = next((a, b) for a, b in zip(study.series, series, strict=True) if a is not b)
    layer = next(k for k in range(old.pixels.shape[1]) if not np.array_equal(old.pixels[:, k], new.pixels[:, k]))
    copies = [np.array_equal(new.pixels[t, layer], new.pixels[t - 1, layer]) for t in range(1, 16)]
    assert any(copies) or not new.pixels[0, layer].any()
