from pathlib import Path

import numpy as np
import pytest

from cmr_ssl.kspace.raw import RawCine, checked


def test_acceleration_is_counted_and_a_cine_without_lines_or_frames_is_refused():
    mask = np.ones((2, 4, 8), bool)
    mask[1, :, ::2] = False
    raw = RawCine(np.ones((2, 4, 1, 8, 6), np.complex64), mask, None, np.nan, "of the test")
    assert checked(raw, Path("a.h5")) is raw
    assert raw.acceleration.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="holds 1 frame"):
        checked(raw._replace(mask=mask[:, :1]), Path("a.h5"))
    mask[1, 2] = False
    with pytest.raises(ValueError, match="frame 2 of slice 1 has no line"):
        checked(raw, Path("a.h5"))
