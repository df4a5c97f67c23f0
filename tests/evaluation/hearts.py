"""Label maps of a short axis in files: a cavity in a wall and a right ventricle, on slices 10 mm apart."""

import numpy as np

from tests.studies import short_axis, write_image

SHAPE = (40, 36, 5)
SPACING = 2.0
STACK = short_axis(SHAPE, spacing=SPACING)
RADII = (9, 7, 5)  # of the cavity in pixels by frame: ED is the first, ES the last


def drawn(radii=RADII, shift=0):
    """Return numbers 1 LV, 2 myocardium, 3 RV, (X, Y, S, T); `shift` moves all by pixels along X."""
    x, y = np.indices(SHAPE[:2])
    distance = np.hypot(x - 24 - shift, y - 18)
    frames = []
    for radius in radii:
        plane = np.zeros(SHAPE[:2], np.uint8)
        plane[(np.abs(y - 18) < 7) & (x - shift < 14) & (x - shift > 4)] = 3
        plane[distance < radius + 3] = 2
        plane[distance < radius] = 1
        frames.append(np.repeat(plane[:, :, None], SHAPE[2], axis=2))
    return np.stack(frames, axis=3)


def write(folder, subject, labels, affine=STACK, name="seg_sa.nii.gz", **options):
    """Write a label map under the folder of a subject."""
    write_image(folder / subject / name, labels, affine, **options)
