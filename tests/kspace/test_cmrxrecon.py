import numpy as np

from cmr_ssl.kspace.raw_files import read_raw
from tests.commands.test_kspace import KSPACE, MASK
from tests.kspace.raw_writer import write_cmrxrecon


def test_cmrxrecon_gives_back_every_line_in_its_place(h5py, tmp_path):
    raw = read_raw(write_cmrxrecon(h5py, tmp_path / "cine_sax.mat", KSPACE))
    assert raw.layout == "CMRxRecon"
    assert np.array_equal(raw.kspace, KSPACE)
    assert np.array_equal(raw.mask, MASK)
    assert raw.affine is None
