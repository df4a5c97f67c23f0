"""NIfTI images that say where and when they were taken."""

import numpy as np
from nibabel.nifti1 import Nifti1Image
from numpy.typing import NDArray


def nifti_image(data: NDArray[np.generic], affine: NDArray[np.float64], frame_ms: float) -> Nifti1Image:
    """Return an image with its place and times in the header.

    Args:
        data: (X, Y, S, T).
        affine: voxel to scanner mm, RAS+, (4, 4).
        frame_ms: time between frames, NaN if unknown; the header then says zero.
    """
    image = Nifti1Image(data, affine)
    image.header.set_zooms((*np.linalg.norm(affine[:3, :3], axis=0), np.nan_to_num(frame_ms) / 1e3))
    image.header.set_xyzt_units("mm", "sec")
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    return image
