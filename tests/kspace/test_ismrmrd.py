import numpy as np
import pytest

from cmr_ssl.kspace.raw_files import read_raw
from tests.commands.test_kspace import KSPACE, MASK
from tests.kspace.raw_writer import write_ismrmrd


@pytest.mark.parametrize(("oversampling", "interpolated"), [(1, 1), (2, 1), (2, 2)])
def test_ismrmrd_gives_back_every_line_in_its_place_and_pixels_as_measured(h5py, tmp_path, oversampling, interpolated):
    how = {"oversampling": oversampling, "interpolated": interpolated}
    raw = read_raw(write_ismrmrd(h5py, tmp_path / "raw.h5", KSPACE, MASK, **how))
    assert raw.layout == "ISMRMRD"
    assert np.array_equal(raw.mask, MASK)
    assert raw.kspace == pytest.approx(KSPACE, abs=1e-4)
    assert raw.acceleration == pytest.approx([2, 2])
    assert raw.affine[:3, :3] == pytest.approx(np.diag([-10.0, -10.0, 10.0]))
    assert raw.affine @ [16, 16, 0, 1] == pytest.approx([0, 0, 0, 1])
