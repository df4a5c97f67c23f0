"""k-space as a scanner measured it, from HDF5 files: ISMRMRD and CMRxRecon. Nothing here is simulated."""

from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex64]


class RawCine(NamedTuple):
    """Cartesian lines of S slices over one beat.

    Attributes:
        kspace: (S, T, C, H, W), zero where nothing was acquired.
        mask: True for lines that were acquired, (S, T, H).
        affine: pixel (column, row, slice, 1) to scanner mm, RAS+, (4, 4); None where the file has no geometry.
        frame_ms: time between frames, NaN if unknown.
        layout: of the file, as people call it.
    """

    kspace: Complex
    mask: NDArray[np.bool_]
    affine: NDArray[np.float64] | None
    frame_ms: float
    layout: str

    @property
    def acceleration(self) -> NDArray[np.float64]:
        """All lines over those acquired, of each slice, mean over its frames, (S,)."""
        return self.mask.shape[2] / self.mask.sum(axis=2).mean(axis=1)


def checked(raw: RawCine, path: Path) -> RawCine:
    """Return what was read of a file.

    Raises:
        ValueError: if it is no cine, values are no numbers, or a frame has no line at all.
    """
    frames = raw.mask.shape[1]
    if frames < 2:
        raise ValueError(f"{path} holds {frames} frame: a cine has several, numbered as idx.phase or along time")
    broken = np.argwhere(~np.isfinite(raw.kspace).all(axis=(2, 3, 4)))
    if len(broken):
        slice_, frame = broken[0]
        raise ValueError(f"{path}: frame {frame} of slice {slice_} holds values that are no numbers: export it again")
    empty = np.argwhere(~raw.mask.any(axis=2))
    if len(empty):
        slice_, frame = empty[0]
        raise ValueError(f"{path}: frame {frame} of slice {slice_} has no line: frames must not be left out")
    return raw


def opened(path: Path) -> Any:  # noqa: ANN401  (h5py comes without types)
    """Open an HDF5 file for reading.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it is no HDF5 file, or h5py is missing.
    """
    h5py = library()
    if not path.is_file():
        raise FileNotFoundError(f"no file at {path}: name one of raw k-space, ISMRMRD (.h5) or CMRxRecon (.mat)")
    if not h5py.is_hdf5(path):
        raise ValueError(f"{path} is no HDF5 file: raw k-space is read from ISMRMRD (.h5) or CMRxRecon (.mat, v7.3)")
    return h5py.File(path, "r")


def library() -> ModuleType:
    """Return h5py, or raise ValueError where it is not installed."""
    try:
        import h5py
    except ImportError as error:
        raise ValueError(
            "raw k-space needs the package h5py: pip install 'cmr-ssl[raw]', or pip install h5py"
        ) from error
    module: ModuleType = h5py
    return module
