import numpy as np
import pytest

from tests.commands.test_kspace import KSPACE, MASK, said_of
from tests.kspace.raw_writer import write_cmrxrecon, write_ismrmrd


def holding(**arrays):
    """Return the maker of a file that holds these arrays, __ in a name for /."""

    def make(h5py, path):
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file[name.replace("__", "/")] = array

    return make


def with_values(where, value):
    """Return the maker of a CMRxRecon file in which some samples hold another value."""
    kspace = KSPACE.copy()
    kspace[where] = value
    return lambda h5py, path: write_cmrxrecon(h5py, path, kspace)


def ismrmrd(*trajectory, **wrong):
    return lambda h5py, path: write_ismrmrd(h5py, path, KSPACE, MASK, *trajectory, **wrong)


LINES = np.zeros((2, 2, 2, 4, 4), np.complex64)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda h5py, path: write_cmrxrecon(h5py, path, KSPACE[:, :1]), "holds 1 frame: a cine has several"),
        (
            holding(kspace_sub04=LINES[0]),
            "has 4 axes instead of (frame, slice, coil, k_y, k_x), so the coil dimension is",
        ),
        (holding(kspace_full=LINES, kspace_sub04=LINES), "several arrays of k-space (kspace_full, kspace_sub04)"),
        (holding(kspace_full=LINES.real.astype(float)), "kspace_full is not complex (float64)"),
        (with_values((1, 3), 0), "frame 3 of slice 1 has no line"),
        (with_values((0, 2, 1, 4, 4), np.nan), "frame 2 of slice 0 holds values that are no numbers"),
        (holding(kspace__real=np.zeros(3)), "it holds kspace"),
        (holding(weights=np.zeros(3)), "nor an array whose name begins with kspace, as CMRxRecon's: it holds weights"),
        (lambda h5py, path: path.write_bytes(b"no"), "is no HDF5 file: raw k-space is read from ISMRMRD"),
        (ismrmrd("radial"), "has a radial trajectory"),
        (ismrmrd(no_coils=True), "the coil dimension is missing"),
        (ismrmrd(reverse=True), "in the reverse direction, as EPI"),
        (ismrmrd(gaps=True), "numbers 2 slices of 60001 frames but"),
        (ismrmrd(one_number=True), "lines of several slices, interleaved, have the number 0"),
        (ismrmrd(two_sets=True), "holds 2 images of each frame, numbered by idx.set"),
        (ismrmrd(turned=True), "slices are not parallel, read_dir differs"),
        (ismrmrd(partial_echo=8), "readouts have 32 samples, but the encoded space has 40, as of a partial echo"),
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
