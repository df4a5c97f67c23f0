"""A small heart drawn by formula, whose volumes are counted, and files that say wrongly where it lies."""

import nibabel as nib
import numpy as np

from cmr_ssl.sources.nifti_files import LabelFile
from tests.studies import short_axis

SHAPE = (40, 36, 8, 20)
STEPS = np.array([3.6538, 3.6538, 10.0])
STACK = short_axis(SHAPE[:3], spacing=STEPS[0])


def heart(shape=SHAPE):
    """Return a left ventricle that tapers and beats, in its wall, the right one beside it: 1, 2, 3, (X, Y, S, T)."""
    x, y, s, t = np.indices(shape)
    beat = 1 + 0.2 * np.cos(2 * np.pi * t / shape[3])
    taper = np.clip(1 - 0.6 * (s - 1) / shape[2], 0, 1) * ((s > 0) & (s < shape[2] - 1))
    radius = np.hypot(x - 0.6 * shape[0], y - 0.5 * shape[1])
    labels = np.zeros(shape, np.uint8)
    labels[np.hypot(x - 0.34 * shape[0], 0.8 * (y - 0.5 * shape[1])) < 6.5 * beat * taper] = 3
    labels[radius < 8.0 * taper * (0.4 + 0.6 * beat)] = 2
    labels[radius < 5.5 * beat * taper] = 1
    return labels


def millilitres(labels, value, voxel=STEPS):
    """Return the largest volume of a number over time."""
    return float((labels == value).sum(axis=(0, 1, 2)).max() * np.prod(voxel) * 1e-3)


def write(path, labels, affine=STACK, sform=1, qform=1, pixdim=None, unit=None, qaffine=None):
    """Write a file whose sform, qform, pixdim and unit may contradict each other; pixdim in the unit of the file."""
    labels = np.asarray(labels)
    image = nib.Nifti1Image(labels, np.diag([*STEPS, 1.0]), dtype=labels.dtype)
    image.header.set_zooms((*(np.linalg.norm(STACK[:3, :3], axis=0)), *([0.05] * (labels.ndim - 3))))
    image.set_qform(STACK if qaffine is None else qaffine, qform)
    content = image.to_bytes()
    header = nib.Nifti1Header(content[:348])
    header.set_sform(affine, sform)
    header["sform_code"], header["qform_code"] = sform, qform
    if pixdim is not None:
        header["pixdim"][1:4] = pixdim
    header["xyzt_units"] = (2 if unit is None else unit) | 8
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header.binaryblock + content[348:])
    return path


UKB = LabelFile("sa", "seg_sa.nii.gz", {1: "LV", 2: "myocardium", 3: "RV"})
BRIGHTNESS = np.array([80, 200, 60, 190])  # around, left ventricle, wall, right ventricle


def picture(labels, noise=20.0):
    """Return images on which labels 1, 2, 3 were drawn, blood being bright."""
    rng = np.random.default_rng(3)
    return (BRIGHTNESS[np.where(labels < 4, labels, 0)] + rng.normal(0, noise, labels.shape)).clip(0).astype(np.int16)
