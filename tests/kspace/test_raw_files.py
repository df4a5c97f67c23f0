import numpy as np
import pytest

from tests.commands.test_kspace import KSPACE, MASK, said_of
from tests.kspace.raw_writer import write_cmrxrecon, write_ismrmrd


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
