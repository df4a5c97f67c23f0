import numpy as np
import pytest

from tests.dicoms import FRAMES, SIDE, codes, read_zip, slice_files, slice_of, tiny, view_files
from tests.studies import AXES, beats, picture

SMOOTH = {"noise": 0.0}


def stack_with(index, pixels, affine, **values):
    """Return the files of a short axis in which one slice is another."""
    whole = tiny("sa", **SMOOTH)
    kept = view_files(whole)
    replaced = slice_files(*slice_of(whole, index), f"CINE_segmented_SAX_b{index + 1}", tag=index)
    for name in replaced:
        del kept[name]
    return kept | slice_files(pixels, affine, f"CINE_segmented_SAX_b{index + 1}", tag="other", **values)


def test_a_slice_shifted_in_its_plane_is_resampled_onto_the_others(tmp_path):
    whole = tiny("sa", **SMOOTH)
    _, affine = slice_of(whole, 1)
    shifted = affine.copy()
    shifted[:3, 3] += 6.0 * AXES[0]  # half a pixel
    seen = picture(shifted, (SIDE, SIDE + 2, 1), beats(FRAMES), **SMOOTH)[:, :, 0]
    study, series = read_zip(tmp_path, stack_with(1, seen, shifted))
    assert codes(study.findings) == ["resampled-slice"]
    inner = np.s_[2:-2, 2:-2, 1]
    here, there = series["sa"].pixels[inner].astype(float), whole.pixels[inner].astype(float)
    assert np.abs(here - there).mean() < 0.5 * np.abs(seen[2:-2, 2:-2] - there).mean()


def test_a_slice_of_other_frames_is_brought_to_the_beat_of_its_stack(tmp_path):
    whole = tiny("sa", **SMOOTH)
    _, affine = slice_of(whole, 2)
    fine = picture(affine, (SIDE, SIDE + 2, 1), beats(2 * FRAMES), **SMOOTH)[:, :, 0]
    values = {"frame_ms": 50.0, "CardiacNumberOfImages": str(2 * FRAMES)}
    study, series = read_zip(tmp_path, stack_with(2, fine, affine, **values))
    assert [(found.code, found.where, found.value) for found in study.findings] == [
        ("other-frames", "sa slice 2", 2 * FRAMES)
    ]
    assert np.array_equal(series["sa"].pixels, whole.pixels)


def test_a_missing_frame_is_zero_and_not_acquired(tmp_path):
    whole = tiny("la_2ch")
    files = view_files(whole)
    del files[list(files)[3]]
    study, series = read_zip(tmp_path, files)
    assert [(found.code, found.where, found.value) for found in study.findings] == [("missing-frames", "la_2ch", 1)]
    (one,) = series.values()
    assert np.flatnonzero(~one.acquired[0]).tolist() == [3]
    assert not one.pixels[..., 3].any()
    assert np.array_equal(np.delete(one.pixels, 3, axis=3), np.delete(whole.pixels, 3, axis=3))


def test_scaled_values_are_what_the_header_says(tmp_path):
    whole = tiny("la_2ch")
    _, series = read_zip(tmp_path, view_files(whole, RescaleSlope="0.5", RescaleIntercept="10"))
    assert series["la_2ch"].pixels.dtype == np.float32
    assert series["la_2ch"].pixels == pytest.approx(whole.pixels * 0.5 + 10)


def test_values_beyond_what_nifti_holds_as_signed_stay_unsigned(tmp_path):
    whole = tiny("la_2ch")
    whole.pixels = whole.pixels.astype(np.uint16) + 40_000
    _, series = read_zip(tmp_path, view_files(whole, BitsStored=16, HighBit=15))
    assert series["la_2ch"].pixels.dtype == np.uint16
    assert np.array_equal(series["la_2ch"].pixels, whole.pixels)
    assert series["la_2ch"].pixels.flags.f_contiguous  # as NIfTI stores them
