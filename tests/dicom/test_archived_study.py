from pathlib import Path

import numpy as np
import pytest

from cmr_ssl.dicom.archive import Limits
from cmr_ssl.dicom.archived_study import read_study
from cmr_ssl.planes import VIEWS, normal
from cmr_ssl.preparation.views import apex_to_base, turned
from tests.dicoms import (
    FRAME_MS,
    FRAMES,
    codes,
    read_zip,
    slice_files,
    slice_of,
    tiny,
    view_files,
    write_ukb,
    write_zip,
)

PIG = Path(__file__).parents[3] / "shared" / "data" / "pig_dicom" / "dicom_sample.zip"


def read(*archives):
    return read_study("900000001", list(archives), Limits())


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return read(*sorted(write_ukb(tmp_path_factory.mktemp("ukb")).glob("*.zip")))


def test_a_clean_study_comes_back_as_it_was(study):
    assert not study.findings
    assert [one.view for one in study.series] == list(VIEWS)
    for one in study.series:
        truth = tiny(one.view)
        assert one.pixels.dtype == np.int16
        assert np.array_equal(one.pixels, truth.pixels)
        assert one.affine == pytest.approx(truth.affine, abs=1e-6)
        assert one.frame_ms == pytest.approx(FRAME_MS)
        assert one.acquired.all()


def test_the_order_of_files_inline_results_and_re_acquisitions_leave_the_study_as_it_was(clean, study, tmp_path):
    inline = view_files(tiny("sa", seed=5), "CINE_segmented_SAX_InlineVF", ImageType=["DERIVED", "PRIMARY"], tag="vf")
    worse = view_files(tiny("la_4ch", seed=6), AcquisitionTime="115900", tag="first try")
    names = np.random.default_rng(4).permutation(sorted(clean))
    shuffled = {f"{index}": clean[name] for index, name in enumerate(names)}
    for files, said in ((shuffled, []), (inline | worse | clean, ["inline-result", "re-acquired"])):
        again, _ = read_zip(tmp_path, files)
        assert codes(again.findings) == said
        for one, other in zip(study.series, again.series, strict=True):
            assert np.array_equal(one.pixels, other.pixels)


def test_slices_at_different_heart_rates_are_said(tmp_path):
    whole = tiny("sa")
    files = {}
    for index, frame_ms in enumerate((100.0, 100.0, 60.0, 100.0)):
        beat = f"{frame_ms * FRAMES:.0f}"
        files |= slice_files(*slice_of(whole, index), "SAX", frame_ms, tag=index, NominalInterval=beat)
    study, _ = read_zip(tmp_path, files)
    (found,) = study.findings
    assert (found.code, found.value) == ("heart-rate-varies", pytest.approx(100 / 60, rel=0.01))


@pytest.mark.parametrize(("beat", "code", "value"), [("1000", "part-of-beat", 0.8), ("400", "beat-differs", 2.0)])
def test_frames_that_cover_a_part_of_the_beat_or_more_than_it_are_said(beat, code, value, tmp_path):
    study, _ = read_zip(tmp_path, view_files(tiny("la_2ch"), NominalInterval=beat))
    assert [(found.code, found.value) for found in study.findings] == [(code, pytest.approx(value))]


def test_nothing_to_read_is_one_reason(tmp_path):
    assert codes(read(write_zip(tmp_path / "a.zip", {})).findings) == ["no-images"]
    assert codes(read(tmp_path / "missing.zip").findings) == ["bad-archive"]


@pytest.mark.skipif(not PIG.is_file(), reason="the real DICOM files are not here")
def test_real_files_have_the_right_geometry_times_and_views():
    study = read(PIG)
    short, long = study.series
    assert not study.findings
    assert (short.view, long.view) == ("sa", "la_4ch")  # both ventricles and both atria are seen in it
    assert (short.pixels.shape, long.pixels.shape) == ((256, 256, 3, 20), (256, 256, 1, 20))
    assert short.frame_ms == pytest.approx(631 / 20, abs=0.05)
    assert long.frame_ms == pytest.approx(659 / 20, abs=0.05)
    # LPS of the first headers, negated in x and y; rows and columns of 0.8203 mm; slices 10 mm apart
    assert short.affine[:3, 3] == pytest.approx([113.553, 110.42, 83.0096], abs=0.01)
    assert short.affine[:3, 0] == pytest.approx(np.array([-0.981407, 0.103243, -0.161808]) * 0.8203, abs=1e-4)
    assert np.linalg.norm(short.affine[:3, 2]) == pytest.approx(10.0, abs=0.01)
    assert short.affine[:3, 3] + 2 * short.affine[:3, 2] == pytest.approx([117.392, 120.979, 66.4632], abs=0.01)
    assert abs(normal(long.affine) @ normal(short.affine)) < np.sin(np.radians(10))
    assert turned(long.affine, apex_to_base(study.series)) == pytest.approx(159, abs=1)


@pytest.mark.parametrize("mm", [0.5, 2.0])
def test_a_picture_too_small_for_a_heart_is_left_out(mm, tmp_path):
    study, series = read_zip(tmp_path, view_files(tiny("la_2ch"), PixelSpacing=[f"{mm}"] * 2))
    assert not series
    assert codes(study.findings) == ["implausible-size"]
