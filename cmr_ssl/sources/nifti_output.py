"""Write NIfTI images with their geometry and frame duration."""

import gzip
from pathlib import Path

import numpy as np
from nibabel.nifti1 import Nifti1Image
from numpy.typing import NDArray

from cmr_ssl.files import save


def nifti_image(data: NDArray[np.generic], affine: NDArray[np.float64], frame_ms: float) -> Nifti1Image:
    """Return an image with affine and frame duration in the header.

    Args:
        data: (X, Y, S, T), or (X, Y, S) of one frame.
        affine: voxel to scanner mm, RAS+, (4, 4).
        frame_ms: time between frames, NaN if unknown; the header then says zero.
    """
    image = Nifti1Image(data, affine)
    time = [np.nan_to_num(frame_ms) / 1e3] if data.ndim == 4 else []
    image.header.set_zooms((*np.linalg.norm(affine[:3, :3], axis=0), *time))
    image.header.set_xyzt_units("mm", "sec")
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    return image


def write_image(
    path: Path, data: NDArray[np.generic], affine: NDArray[np.float64], frame_ms: float, description: str
) -> None:
    """Write an image as NIfTI, atomically; see `nifti_image`.

    Args:
        path: file to write, .nii.gz or .nii.
        data: (X, Y, S, T), or (X, Y, S) of one frame.
        affine: voxel to scanner mm, RAS+, (4, 4).
        frame_ms: time between frames, NaN if unknown.
        description: text in the header, up to 79 bytes.

    Raises:
        ValueError: if the name is not that of a NIfTI file.
    """
    if not path.name.endswith((".nii", ".nii.gz")):
        raise ValueError(f"{path} is no name of a NIfTI file: end it with .nii.gz")
    image = nifti_image(data, affine, frame_ms)
    image.header["descrip"] = description.encode()
    content = image.to_bytes()
    if path.suffix == ".gz":
        content = gzip.compress(content, compresslevel=1, mtime=0)  # no time stamp: the same image is the same file
    save(path, content)
