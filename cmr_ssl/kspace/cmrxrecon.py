"""Raw k-space in the layout of the CMRxRecon challenges: one complex array in a MATLAB file of version 7.3."""

from pathlib import Path
from typing import Any

import numpy as np

from cmr_ssl.kspace.raw import RawCine, checked

PREFIX = "kspace"
AXES = "(frame, slice, coil, k_y, k_x)"


def arrays(file: Any) -> list[str]:  # noqa: ANN401  (h5py comes without types)
    """Return the names of the arrays that may hold k-space."""
    return [name for name in file if str(name).startswith(PREFIX) and hasattr(file[name], "dtype")]


def read_cmrxrecon(file: Any, path: Path) -> RawCine:  # noqa: ANN401
    """Read an open file that holds one array of k-space, as ``kspace_full`` or ``kspace_sub04``.

    MATLAB's (k_x, k_y, coil, slice, frame) is (frame, slice, coil, k_y, k_x) here. There is no geometry in it.

    Raises:
        ValueError: if there are several such arrays, or one is not complex, has another number of axes, or no cine.
    """
    (name, *others) = arrays(file)
    if others:
        raise ValueError(
            f"{path} holds several arrays of k-space ({', '.join([name, *others])}): leave one in the file"
        )
    stored = file[name]
    fields = stored.dtype.names or ()
    if not np.iscomplexobj(np.empty(0, stored.dtype)) and not {"real", "imag"} <= {*fields}:
        raise ValueError(f"{path}: {name} is not complex ({stored.dtype}): images are read by `prepare`, not here")
    if stored.ndim != 5:
        lacks = ", so the coil dimension is missing" if stored.ndim == 4 else ""
        raise ValueError(f"{path}: {name} has {stored.ndim} axes instead of {AXES}{lacks}: save it with five")
    values = stored[()]
    values = values["real"] + 1j * values["imag"] if fields else values
    kspace = values.swapaxes(0, 1).astype(np.complex64)
    mask = (kspace != 0).any(axis=(2, 4))
    return checked(RawCine(kspace, mask, None, np.nan, "CMRxRecon"), path)
