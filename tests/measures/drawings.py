"""Ventricles drawn by formula: discs in rings, cylinders, and a long axis."""

import numpy as np

from cmr_ssl.anatomy import LA, LV, MYOCARDIUM, RA, RV
from cmr_ssl.volumes import LabelMap

MM = 1.4  # of a pixel
SIZE = 96
CENTRE = np.array([47.3, 50.8])  # column, row
# Columns run towards the septum, rows towards the back, slices from apex to base: seen from the base, angles grow
# from the septum over the anterior wall.
AFFINE = np.diag([MM, -MM, 10.0, 1.0])


def polar():
    """Return radius in mm and angle in degrees of every pixel around the centre, counted as in the heart frame."""
    row, column = np.indices((SIZE, SIZE))
    x, y = (column - CENTRE[0]) * MM, -(row - CENTRE[1]) * MM
    return np.hypot(x, y), np.rad2deg(np.arctan2(y, x))


def ring_image(endo, epi, septum=0.0, half=60.0, rv=True):
    """Return a ring with the RV behind its wall, `half` degrees to both sides of the septum; radii may be maps."""
    radius, angle = polar()
    image = np.zeros((SIZE, SIZE), np.uint8)
    beside = np.abs((angle - septum + 180) % 360 - 180) < half
    if rv:
        image[(radius < np.asarray(epi) + 15) & beside] = RV
    image[radius < epi] = MYOCARDIUM
    image[radius < endo] = LV
    return image


def cylinder(endo=(25.0, 18.0), epi=(34.0, 31.0), slices=9, **options):
    """Return a stack of equal rings at ED and ES, a little narrower at the apex, as a label map."""
    narrow = np.linspace(0.999, 1.0, slices)
    frames = [
        [ring_image(inner * part, outer * part, **options) for part in narrow]
        for inner, outer in zip(endo, epi, strict=True)
    ]
    return LabelMap(np.array(frames), AFFINE)


def long_axis_image(valve_mm, tip_mm=100.0, wall_mm=8.0, tricuspid_mm=None):
    """Return a four-chamber view whose axis runs down the rows: atria above the valve planes, in mm from the top."""
    labels = np.zeros((SIZE, SIZE), np.uint8)
    row, column = np.indices(labels.shape)
    y, x = (row + 0.5) * MM, (column - 47.5) * MM
    labels[(y < tip_mm + wall_mm) & (y >= valve_mm) & (np.abs(x) < 25 + wall_mm)] = MYOCARDIUM
    labels[(y < tip_mm) & (y >= valve_mm) & (np.abs(x) < 25)] = LV
    labels[(y < valve_mm) & (y > 5) & (np.abs(x) < 22)] = LA
    plane = valve_mm if tricuspid_mm is None else tricuspid_mm
    right = (x > 25 + wall_mm) & (x < 58)
    labels[right & (y < 80) & (y >= plane)] = RV
    labels[right & (y < plane) & (y > 5)] = RA
    return labels
