import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cmr_ssl.dicom.reacquisitions import choose_plane, choose_slices, height
from tests.dicoms import SIDE, cine, codes, showing, stack_affines
from tests.studies import AXES, long_axis

DOWN = -AXES[2] * [-1, -1, 1]
NAME = "CINE_segmented_SAX_b{}"


def slices(**values):
    return [cine(affine, NAME.format(index + 1), **values) for index, affine in enumerate(stack_affines())]


def test_slices_go_from_base_to_apex_whatever_their_names():
    cines = [one._replace(name=f"b{9 - index}") for index, one in enumerate(slices())]
    chosen, findings = choose_slices(cines[::-1], DOWN)
    assert [one.name for one in chosen] == ["b9", "b8", "b7", "b6"]
    assert np.diff([height(one, DOWN) for one in chosen]) == pytest.approx([10.0] * 3)
    assert not findings


def test_of_two_slices_at_one_place_the_later_one_that_is_complete_is_used():
    again = slices(time="123000")[1]
    for cines in ([*slices(), again], [again, *slices()]):
        chosen, findings = choose_slices(cines, DOWN)
        assert [one is again for one in chosen] == [False, True, False, False]
        assert codes(findings) == ["re-acquired"]
    whole = slices(time="123000")[1]
    again = whole._replace(frames=(*whole.frames[:-1], None))
    chosen, findings = choose_slices([*slices(), again], DOWN)
    assert again not in chosen
    assert len(chosen) == 4
    assert "complete" in findings[0].message


def test_a_slice_as_acquired_is_better_than_one_computed_from_it():
    computed = slices(time="123000", derived=True)
    chosen, findings = choose_slices([*slices(), *computed], DOWN)
    assert not any(one.derived for one in chosen)
    assert len(findings) == 4


def test_a_re_acquired_long_axis_plane_may_lie_elsewhere():
    first = cine(long_axis("la_2ch", (16, 16, 1), 12.0), "2ch")
    moved = long_axis("la_2ch", (16, 16, 1), 12.0)
    moved[:3, 3] += 15.0 * AXES[0]
    later = cine(moved, "2ch", time="121500")
    chosen, findings = choose_plane("la_2ch", [later, first])
    assert chosen is later
    assert [(found.code, found.where) for found in findings] == [("re-acquired", "la_2ch")]


PICTURE = np.random.default_rng(0).integers(0, 1000, (SIDE, SIDE)).astype(np.int16)
BLURRED = (PICTURE // 2 + np.roll(PICTURE, 1, axis=0) // 4 + np.roll(PICTURE, 1, axis=1) // 4).astype(np.int16)
AS_GOOD = (PICTURE + np.random.default_rng(1).integers(-50, 50, PICTURE.shape)).clip(0).astype(np.int16)


def used(*pictures):
    """Return which of two tries of the second slice is used, given what each shows, and what is said."""
    plain, again = slices(), slices(time="123000")
    tries = [showing(one, picture) for one, picture in zip((plain[1], again[1]), pictures, strict=True)]
    chosen, (finding,) = choose_slices([*tries, plain[0], *plain[2:]], DOWN)
    return [one is chosen[1] for one in tries].index(True), finding


@pytest.mark.parametrize(
    ("first", "later", "kept", "said"),
    [(PICTURE, BLURRED, 0, "sharper"), (BLURRED, PICTURE, 1, "sharper"), (PICTURE, AS_GOOD, 1, "later")],
)
def test_of_complete_slices_the_sharp_one_is_used_and_of_sharp_ones_the_latest(first, later, kept, said):
    found, finding = used(first, later)
    assert found == kept
    assert said in finding.message
    assert (finding.value < 0.8) == (said == "sharper")


def test_a_blurred_slice_that_is_complete_is_better_than_a_sharp_one_that_is_not():
    plain = slices()
    whole = showing(plain[1], BLURRED)
    broken = showing(slices(time="123000")[1], PICTURE)
    broken = broken._replace(frames=(*broken.frames[:-1], None))
    chosen, _ = choose_slices([plain[0], whole, broken, *plain[2:]], DOWN)
    assert chosen[1] is whole


HEART = gaussian_filter(PICTURE.astype(float), 1.5)
HEART = ((HEART - HEART.min()) * 1000 / np.ptp(HEART)).astype(np.int16)
TAGGED = np.where(np.indices(HEART.shape)[0] % 4 < 2, HEART, HEART // 3).astype(np.int16)


@pytest.mark.parametrize("other", [PICTURE, TAGGED])
def test_noise_and_tags_are_no_sharper_hearts(other):
    for shown, kept in (((HEART, other), 0), ((other, HEART), 1)):
        found, finding = used(*shown)
        assert found == kept
        assert "smoother" in finding.message


@pytest.mark.parametrize("thickness", [20.0, 8.0])
def test_slices_that_overlap_by_half_are_slices(thickness):
    chosen, findings = choose_slices(slices(thickness=thickness), DOWN)
    assert len(chosen) == 4
    assert not findings
