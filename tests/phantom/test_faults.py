import numpy as np
import pytest

from cmr_ssl.anatomy import LV, MYOCARDIUM
from cmr_ssl.phantom import faults
from cmr_ssl.phantom.faults import FAULTS, RATES, apply_faults
from cmr_ssl.planes import slice_affine, to_mm


def always(name):
    return {name: 1.0}


def by_view(series):
    return {item.plan.view: item for item in series}


def test_without_rates_nothing_happens(study):
    series, struck = apply_faults(np.random.default_rng(0), study.series, RATES["none"])
    assert struck == []
    assert series is study.series


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_recorded_changes_something_and_spares_its_input(study, name):
    before = [(item.pixels.copy(), item.labels.copy()) for item in study.series]
    series, struck = apply_faults(np.random.default_rng(3), study.series, always(name))
    assert struck == [name]
    for item, (pixels, labels) in zip(study.series, before, strict=True):
        np.testing.assert_array_equal(item.pixels, pixels)
        np.testing.assert_array_equal(item.labels, labels)
    same = [
        old.plan.view == new.plan.view and np.array_equal(old.pixels, new.pixels)
        for old, new in zip(study.series, series, strict=False)
    ]
    assert not all(same) or len(series) > len(study.series)


def test_what_one_fault_does_is_independent_of_the_others(study):
    alone, _ = apply_faults(np.random.default_rng(5), study.series, always("wrap_around"))
    both, _ = apply_faults(np.random.default_rng(5), study.series, {"wrap_around": 1.0, "swapped_view": 1.0})
    changed = [not np.array_equal(a.pixels, b.pixels) for a, b in zip(alone, both, strict=True)]
    assert not any(changed)


@pytest.mark.parametrize(("fault", "kept"), [(faults.lose_basal, -1), (faults.lose_apical, 0)])
def test_slices_that_remain_stay_where_they_were(study, fault, kept):
    whole = study.series[0]
    short = fault(np.random.default_rng(0), study.series)[0]
    lost = whole.pixels.shape[1] - short.pixels.shape[1]
    assert lost in (2, 3)
    assert short.plan.shape[2] == short.pixels.shape[1] == len(short.shifts)
    np.testing.assert_array_equal(short.pixels[:, kept], whole.pixels[:, kept])
    corner = np.zeros((1, 2))
    old, new = (
        to_mm(slice_affine(item.plan.affine, range(item.plan.shape[2])[kept]), corner) for item in (whole, short)
    )
    np.testing.assert_allclose(old, new)


def test_a_mistriggered_slice_turns_images_and_labels_alike(study):
    series = faults.mistrigger(np.random.default_rng(1), study.series)
    turned = [
        (old, new, layer)
        for old, new in zip(study.series, series, strict=True)
        for layer in range(old.pixels.shape[1])
        if not np.array_equal(old.pixels[:, layer], new.pixels[:, layer])
    ]
    assert len(turned) == 1
    old, new, layer = turned[0]
    shift = next(k for k in range(16) if np.array_equal(np.roll(old.pixels[:, layer], k, 0), new.pixels[:, layer]))
    assert shift != 0
    np.testing.assert_array_equal(np.roll(old.labels[:, layer], shift, 0), new.labels[:, layer])


def test_low_contrast_leaves_blood_hardly_brighter_than_muscle(study):
    faded = faults.lower_contrast(np.random.default_rng(0), study.series)

    def contrast(item):
        blood, muscle = (np.median(item.pixels[0][item.labels[0] == label]) for label in (LV, MYOCARDIUM))
        return blood / muscle

    for old, new in zip(study.series, faded, strict=True):
        assert contrast(old) > 2.2
        assert contrast(new) < 1.8


def test_swapped_views_exchange_names_and_keep_their_place(study):
    swapped = faults.swap_view(np.random.default_rng(0), study.series)
    assert sorted(by_view(swapped)) == sorted(by_view(study.series))
    moved = [v for v in by_view(study.series) if by_view(swapped)[v].pixels is not by_view(study.series)[v].pixels]
    assert len(moved) == 2


def test_a_repeat_is_filed_beside_the_good_one(study):
    repeated = faults.repeat(np.random.default_rng(0), study.series)
    extra = set(by_view(repeated)) - set(by_view(study.series))
    assert len(extra) == 1
    assert extra.pop().endswith("_first")


def test_missing_frames_repeat_the_frame_before(study):
    series = faults.miss_frames(np.random.default_rng(2), study.series)
    old, new = next((a, b) for a, b in zip(study.series, series, strict=True) if a is not b)
    layer = next(k for k in range(old.pixels.shape[1]) if not np.array_equal(old.pixels[:, k], new.pixels[:, k]))
    copies = [np.array_equal(new.pixels[t, layer], new.pixels[t - 1, layer]) for t in range(1, 16)]
    assert any(copies) or not new.pixels[0, layer].any()
