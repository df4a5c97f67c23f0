"""Raw k-space from files that the tests write; without h5py there is one sentence."""

import sys

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from cmr_ssl.cli import main
from cmr_ssl.kspace.raw_files import read_raw
from tests.kspace.raw_writer import measured, write_cmrxrecon, write_ismrmrd

KSPACE, MASK, IMAGES = measured()


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py")


def said_of(capsys, *options):
    status = main(["kspace", *map(str, options)])
    told = capsys.readouterr()
    return status, told.err if status else told.out


@pytest.mark.parametrize("oversampling", [1, 2])
def test_ismrmrd_gives_back_every_line_in_its_place(h5py, tmp_path, oversampling):
    raw = read_raw(write_ismrmrd(h5py, tmp_path / "raw.h5", KSPACE, MASK, oversampling=oversampling))
    assert raw.layout == "ISMRMRD"
    assert np.array_equal(raw.mask, MASK)
    assert raw.kspace == pytest.approx(KSPACE, abs=1e-4)
    assert raw.acceleration == pytest.approx([2, 2])
    assert raw.affine[:3, :3] == pytest.approx(np.diag([-10.0, -10.0, 10.0]))
    assert raw.affine @ [16, 16, 0, 1] == pytest.approx([0, 0, 0, 1])


def test_pixels_are_as_large_as_measured_whatever_the_scanner_interpolates_to(h5py, tmp_path):
    raw = read_raw(write_ismrmrd(h5py, tmp_path / "raw.h5", KSPACE, MASK, oversampling=2, interpolated=2))
    assert raw.kspace == pytest.approx(KSPACE, abs=1e-4)
    assert raw.affine[:3, :3] == pytest.approx(np.diag([-10.0, -10.0, 10.0]))


def test_cmrxrecon_gives_back_every_line_in_its_place(h5py, tmp_path):
    raw = read_raw(write_cmrxrecon(h5py, tmp_path / "cine_sax.mat", KSPACE))
    assert raw.layout == "CMRxRecon"
    assert np.array_equal(raw.kspace, KSPACE)
    assert np.array_equal(raw.mask, MASK)
    assert raw.affine is None


def test_a_cine_is_reconstructed_where_its_file_says(h5py, tmp_path, capsys):
    source = write_ismrmrd(h5py, tmp_path / "raw.h5", KSPACE, MASK)
    status, said = said_of(capsys, "--source", source, "--out", tmp_path / "out", "--frame_ms", 40, "--device", "cpu")
    assert status == 0
    assert "2 slices, 12 frames, 3 coils, acceleration 2.00 as counted" in said
    image = nib.load(tmp_path / "out" / "sa.nii.gz")
    assert image.shape == (32, 32, 2, 12)
    assert image.header.get_zooms() == pytest.approx((10, 10, 10, 0.04))
    shown = image.get_fdata().transpose(2, 3, 1, 0)
    assert np.corrcoef(shown.ravel(), IMAGES.ravel())[0, 1] > 0.98
    lines = pd.read_csv(tmp_path / "out" / "sa_lines.csv")
    assert lines["acceleration"].tolist() == [2, 2]
    assert lines["acquired_per_frame"].tolist() == [16, 16]


def test_a_file_without_geometry_is_placed_by_the_options(h5py, tmp_path, capsys):
    words = ["--source", write_cmrxrecon(h5py, tmp_path / "a.mat", KSPACE), "--out", tmp_path / "out"]
    assert "has no geometry: add --spacing_mm" in said_of(capsys, *words)[1]
    assert said_of(capsys, *words, "--view", "la_4ch", "--spacing_mm", 1.5, "--gap_mm", 8)[0] == 0
    assert nib.load(tmp_path / "out" / "la_4ch.nii.gz").header.get_zooms()[:3] == pytest.approx((1.5, 1.5, 8))


def test_a_cine_that_is_there_is_kept_unless_it_is_to_be_replaced(h5py, tmp_path, capsys):
    (tmp_path / "sa.nii.gz").write_bytes(b"of the scanner")
    words = ["--source", write_cmrxrecon(h5py, tmp_path / "a.mat", KSPACE), "--out", tmp_path, "--spacing_mm", 1.5]
    assert "sa.nii.gz is there: name another folder, or give --overwrite true" in said_of(capsys, *words)[1]
    assert (tmp_path / "sa.nii.gz").read_bytes() == b"of the scanner"
    assert said_of(capsys, *words, "--overwrite", "true")[0] == 0


def one_frame(h5py, path):
    write_cmrxrecon(h5py, path, KSPACE[:, :1])


def without_coils(h5py, path):
    with h5py.File(write_cmrxrecon(h5py, path, KSPACE), "a") as file:
        stored = file["kspace_sub04"][:, :, 0]
        del file["kspace_sub04"]
        file["kspace_sub04"] = stored


def several(h5py, path):
    with h5py.File(write_cmrxrecon(h5py, path, KSPACE), "a") as file:
        file["kspace_full"] = file["kspace_sub04"][()]


def images(h5py, path):
    with h5py.File(path, "w") as file:
        file["kspace_full"] = np.zeros((2, 2, 2, 4, 4))


def empty_frame(h5py, path):
    kspace = KSPACE.copy()
    kspace[1, 3] = 0
    write_cmrxrecon(h5py, path, kspace)


def no_numbers(h5py, path):
    kspace = KSPACE.copy()
    kspace[0, 2, 1, 4, 4] = np.nan
    write_cmrxrecon(h5py, path, kspace)


def a_folder_of_arrays(h5py, path):
    with h5py.File(path, "w") as file:
        file["kspace/real"] = np.zeros(3)


def something_else(h5py, path):
    with h5py.File(path, "w") as file:
        file["weights"] = np.zeros(3)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (one_frame, "holds 1 frame: a cine has several"),
        (without_coils, "has 4 axes instead of (frame, slice, coil, k_y, k_x), so the coil dimension is missing"),
        (several, "holds several arrays of k-space (kspace_full, kspace_sub04)"),
        (images, "kspace_full is not complex (float64)"),
        (empty_frame, "frame 3 of slice 1 has no line"),
        (no_numbers, "frame 2 of slice 0 holds values that are no numbers"),
        (a_folder_of_arrays, "it holds kspace"),
        (something_else, "nor an array whose name begins with kspace, as CMRxRecon's: it holds weights"),
        (lambda h5py, path: path.write_bytes(b"no"), "is no HDF5 file: raw k-space is read from ISMRMRD"),
        (lambda h5py, path: write_ismrmrd(h5py, path, KSPACE, MASK, "radial"), "has a radial trajectory"),
        (lambda h5py, path: write_ismrmrd(h5py, path, KSPACE, MASK, no_coils=True), "the coil dimension is missing"),
        (lambda h5py, path: write_ismrmrd(h5py, path, KSPACE, MASK, reverse=True), "in the reverse direction, as EPI"),
        (lambda h5py, path: write_ismrmrd(h5py, path, KSPACE, MASK, gaps=True), "numbers 2 slices of 60001 frames but"),
        (
            lambda h5py, path: write_ismrmrd(h5py, path, KSPACE, MASK, one_number=True),
            "lines of several slices, interleaved, have the number 0",
        ),
        (
            lambda h5py, path: write_ismrmrd(h5py, path, KSPACE, MASK, two_sets=True),
            "holds 2 images of each frame, numbered by idx.set",
        ),
        (
            lambda h5py, path: write_ismrmrd(h5py, path, KSPACE, MASK, turned=True),
            "slices are not parallel, read_dir differs",
        ),
        (
            lambda h5py, path: write_ismrmrd(h5py, path, KSPACE, MASK, partial_echo=8),
            "readouts have 32 samples, but the encoded space has 40, as of a partial echo",
        ),
    ],
)
def test_files_that_cannot_be_read_get_one_sentence(h5py, make, sentence, tmp_path, capsys):
    path = tmp_path / "raw.h5"
    make(h5py, path)
    status, said = said_of(capsys, "--source", path, "--out", tmp_path / "out", "--spacing_mm", 1)
    assert status == 1
    assert sentence in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--view", "sax"), "--view sax is none of sa, la_2ch, la_3ch, la_4ch"),
        (("--spacing_mm", "0"), "must be above 0"),
    ],
)
def test_options_that_make_no_sense_get_one_sentence(options, sentence, tmp_path, capsys):
    status, said = said_of(capsys, "--source", tmp_path / "raw.h5", "--out", tmp_path / "out", *options)
    assert status == 1
    assert sentence in said


def test_without_the_package_there_is_one_sentence(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "h5py", None)
    status, said = said_of(capsys, "--source", tmp_path / "raw.h5", "--out", tmp_path / "out")
    assert status == 1
    assert "raw k-space needs the package h5py" in said
