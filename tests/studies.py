"""Tiny studies with known answers: a body of static texture in which one sphere of blood in a shell of muscle beats.

The heart lies at `CENTRE` (scanner mm). Its blood has radius `radius(phase)`, its outer wall stands still, so what
changes is symmetric about the centre. Planes are oblique as in a patient, `AXES` being the heart's x, y, z.
"""

from pathlib import Path

import nibabel as nib
import numpy as np

from cmr_ssl.planes import APEX_TO_BASE_RAS, LONG_AXIS, RIGHT_ANTERIOR_RAS, SHORT_AXIS, heart_frame
from cmr_ssl.study import Series, Study

CENTRE = np.array([-31.0, 17.0, 44.0])
AXES = heart_frame(np.zeros(3), APEX_TO_BASE_RAS, RIGHT_ANTERIOR_RAS)[:3, :3]
OUTER_MM = 40.0
BLOOD, MUSCLE = 300.0, 90.0
DEGREES = dict(zip(LONG_AXIS, (90.0, 30.0, 150.0), strict=True))


def radius(phase):
    """Return the radius of the blood at a phase of the beat, in mm; largest at phase 0."""
    return 24.0 + 6.0 * np.cos(2 * np.pi * np.asarray(phase))


def plane(column, row, slices, at, shape, spacing, step=10.0):
    """Return the voxel-to-mm affine whose middle voxel lies `at` a point, given the directions of its axes."""
    affine = np.eye(4)
    affine[:3, :3] = np.stack([column, row, slices], axis=1) * [*np.broadcast_to(spacing, 2), step]
    affine[:3, 3] = at - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return affine


def short_axis(shape=(72, 64, 9), spacing=3.6538, at=CENTRE, first="base"):
    """Return the affine of a stack with the right ventricle on the left, stored from base or from apex."""
    x, y, z = AXES
    return plane(-x, -y, -z if first == "base" else z, at, shape, spacing)


def around_axis(degrees, shape, spacing, at=CENTRE):
    """Return the affine of a plane along the long axis, turned by so many degrees around it."""
    angle = np.radians(degrees)
    along = np.cos(angle) * AXES[0] + np.sin(angle) * AXES[1]
    return plane(along, -AXES[2], np.cross(along, -AXES[2]), at, shape, spacing, step=6.0)


def long_axis(view, shape=(64, 72, 1), spacing=3.6538, at=CENTRE):
    """Return the affine of a long-axis plane turned around the long axis as its name says."""
    return around_axis(DEGREES[view], shape, spacing, at)


def picture(affine, shape, phases, centre=CENTRE, noise=2.0, seed=0):
    """Return what a plane shows, (X, Y, S, T) int16 in the memory order of NIfTI."""
    voxels = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    points = voxels @ affine[:3, :3].T + affine[:3, 3]
    distance = np.linalg.norm(points - centre, axis=-1)[..., None]
    body = 120 + 60 * np.sin(points @ [0.05, 0.03, 0.04]) * np.cos(points @ [0.02, -0.06, 0.03])
    inner = radius(np.asarray(phases))
    beating = BLOOD + (MUSCLE - BLOOD) / (1 + np.exp(np.clip(inner - distance, -30, 30)))
    pixels = np.where(distance < OUTER_MM, beating, body[..., None])
    pixels = pixels + np.random.default_rng(seed).normal(0, noise, pixels.shape)
    return np.asfortranarray(pixels.clip(0).round().astype(np.int16))


def beats(frames):
    """Return the phases of the frames of a cine."""
    return np.arange(frames) / frames


def series(view, frames=16, frame_ms=60.0, phases=None, affine=None, shape=None, **options):
    """Return one view of the beating study."""
    shape = shape or ((72, 64, 9) if view == SHORT_AXIS else (64, 72, 1))
    if affine is None:
        affine = short_axis(shape) if view == SHORT_AXIS else long_axis(view, shape)
    pixels = picture(affine, shape, beats(frames) if phases is None else phases, **options)
    return Series(view, pixels, affine, frame_ms, np.ones(pixels.shape[2:], dtype=bool))


def study(views=(SHORT_AXIS, *LONG_AXIS), subject="900000001", **options):
    """Return a study of these views."""
    return Study(subject, [series(view, **options) for view in views])


def write_image(path, pixels, affine, frame_ms=60.0, unit="sec", code=1):
    """Write one NIfTI file."""
    image = nib.Nifti1Image(pixels, affine)
    image.header.set_xyzt_units("mm", unit)
    image.header["pixdim"][4] = frame_ms * {"sec": 1e-3, "msec": 1.0, "usec": 1e3, "unknown": 1.0}[unit]
    image.set_sform(affine, code)
    image.set_qform(affine, code)
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(image, path)


def write_study(folder: Path, made: Study, unit="sec"):
    """Write a study as a subject's folder of `folder`."""
    for one in made.series:
        write_image(folder / made.subject / f"{one.view}.nii.gz", one.pixels, one.affine, one.frame_ms, unit)
        if one.labels is not None:
            write_image(folder / made.subject / f"seg_{one.view}.nii.gz", one.labels, one.affine, one.frame_ms, unit)
    return folder / made.subject
