"""Which planes are wanted: what `--planes` may say, as stacks of planes that each fill one file."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.planes import SHORT_AXIS, VIEWS, normal, slice_affine, unit
from cmr_ssl.preparation.cache import PreparedSubject
from cmr_ssl.preparation.crop import place_crop
from cmr_ssl.preparation.views import HEART_RADIUS_MM
from cmr_ssl.sources.nifti_image import read_image

Array = NDArray[np.float64]

STEP_MM, BEYOND_MM = 2.0, 5.0  # of a dense stack: between planes, and how far it goes beyond what was acquired
GRAMMAR = "dense, la:ANGLES such as la:0,30,60,90, or like:FILE.nii.gz"
LONG_AXIS_DIRECTION = np.array([0.0, 0.0, 1.0])


class RequestedStack(NamedTuple):
    """Parallel planes that fill one file.

    Attributes:
        name: of the file, without ending.
        affine: voxel (column, row, plane, 1) to mm in the heart frame, (4, 4).
        slices: how many planes.
    """

    name: str
    affine: Array
    slices: int

    def planes(self) -> Array:
        """Return the affine of every plane, (Q, 4, 4)."""
        return np.stack([slice_affine(self.affine, index) for index in range(self.slices)])


class PlaneRequest(Protocol):
    """Planes that are wanted of every subject."""

    def names(self) -> list[str]:
        """Return the names of the files there will be, without ending."""

    def stacks(self, heart: PreparedSubject, spacing_mm: float) -> list[RequestedStack]:
        """Place the planes in one heart; their pixels are those the model was trained with.

        Raises:
            ValueError: if this heart has no such planes.
        """


@dataclass(frozen=True)
class Dense:
    """Short-axis slices every 2 mm from above the highest to below the lowest that was acquired, base first."""

    def names(self) -> list[str]:
        """Return the one name."""
        return ["synthetic_sa_dense"]

    def stacks(self, heart: PreparedSubject, spacing_mm: float) -> list[RequestedStack]:
        """Place the slices on the pixels of the acquired one nearest to the heart's centre."""
        slices = heart.affine[heart.view == VIEWS.index(SHORT_AXIS)].astype(np.float64)
        if len(slices) == 0:
            raise ValueError("a dense stack needs a short axis to extend, and there is none: ask for la:ANGLES")
        up = normal(slices[0]) * np.sign(normal(slices[0])[2])
        along = slices[:, :3, 3] @ up
        middle = np.abs(along - np.median(along)).argmin()
        affine = slices[middle].copy()
        affine[:3, 2] = -STEP_MM * up
        affine[:3, 3] += (along.max() + BEYOND_MM - along[middle]) * up
        count = int((np.ptp(along) + 2 * BEYOND_MM) / STEP_MM + 1e-3) + 1
        return [RequestedStack(self.names()[0], affine, count)]


@dataclass(frozen=True)
class LongAxis:
    """Planes that hold the long axis of the heart, a file each.

    Attributes:
        degrees: angles about the long axis, from the heart's x (right, forward) to its y; two chambers are near 90,
            three near 30, four near 150.
    """

    degrees: tuple[float, ...]

    def names(self) -> list[str]:
        """Return a name an angle."""
        return [f"synthetic_la_{angle:g}" for angle in self.degrees]

    def stacks(self, heart: PreparedSubject, spacing_mm: float) -> list[RequestedStack]:
        """Place the planes around the heart's centre, pictured as the nearest acquired long-axis plane is."""
        acquired = heart.affine[heart.view != VIEWS.index(SHORT_AXIS)].astype(np.float64)
        size = heart.images.shape[-1]
        placed = (long_axis_plane(angle, acquired, size, spacing_mm) for angle in self.degrees)
        return [RequestedStack(name, affine, 1) for name, affine in zip(self.names(), placed, strict=True)]


@dataclass(frozen=True)
class Like:
    """The planes of a NIfTI file, exactly where they are; pixels are those of the model, around the heart.

    The model speaks of one pixel size, so the file's planes are kept and its grid is not: columns and rows run as in
    the file, and a viewer that shows both files together shows them in the same place.

    Attributes:
        name: of the file, without ending.
        affine: of the file, voxel to scanner mm, (4, 4).
        slices: how many it has.
    """

    name: str
    affine: Array
    slices: int

    def names(self) -> list[str]:
        """Return the one name."""
        return [f"synthetic_like_{self.name}"]

    def stacks(self, heart: PreparedSubject, spacing_mm: float) -> list[RequestedStack]:
        """Crop the file's planes around the heart; every plane has the crop of the one nearest to its centre."""
        centre = np.asarray(np.linalg.inv(heart.to_heart)[:3, 3], dtype=np.float64)
        distance = np.abs([normal(plane) @ (centre - plane[:3, 3]) for plane in self._planes()])
        if distance.min() > HEART_RADIUS_MM:
            raise ValueError(
                f"{self.name} passes {distance.min():.0f} mm from the heart's centre: is it this subject's?"
            )
        middle = int(distance.argmin())
        crop = place_crop(slice_affine(self.affine, middle), centre, heart.images.shape[-1], spacing_mm)
        return [RequestedStack(self.names()[0], heart.to_heart @ slice_affine(crop.affine, -middle), self.slices)]

    def _planes(self) -> list[Array]:
        return [slice_affine(self.affine, index) for index in range(self.slices)]


def parse_planes(text: str) -> PlaneRequest:
    """Return what `--planes` asks for.

    Raises:
        ValueError: if it asks for nothing we know, or the file it names has no place in the scanner.
        FileNotFoundError: if that file is missing.
    """
    kind, _, rest = text.partition(":")
    if text == "dense":
        return Dense()
    if kind == "la" and rest:
        return LongAxis(_angles(rest))
    if kind == "like" and rest:
        return _like(Path(rest))
    raise ValueError(f"--planes {text!r} asks for nothing known: give {GRAMMAR}")


def long_axis_plane(degrees: float, acquired: Array, size: int, spacing_mm: float) -> Array:
    """Return the affine of the plane through the long axis at this angle, (4, 4), its middle at the heart's centre.

    Args:
        degrees: about the long axis, from the heart's x to its y.
        acquired: affines of long-axis planes in the heart frame, (Q, 4, 4). The nearest of them is turned into place,
            so that the picture stands as an operator would have it; without any, the base is on top.
        size: pixels a side.
        spacing_mm: pixel size.
    """
    angle = np.radians(degrees)
    facing = np.array([np.sin(angle), -np.cos(angle), 0.0])
    column, row = np.array([np.cos(angle), np.sin(angle), 0.0]), -LONG_AXIS_DIRECTION
    if len(acquired):
        cosines = np.array([normal(plane) @ facing for plane in acquired])
        nearest = acquired[np.abs(cosines).argmax()]
        turn = _shortest_turn(normal(nearest), facing * np.sign(cosines[np.abs(cosines).argmax()] or 1.0))
        column, row = turn @ unit(nearest[:3, 0]), turn @ unit(nearest[:3, 1])
    affine = np.eye(4)
    affine[:3, :3] = np.stack([column, row, np.cross(column, row)], axis=1) * spacing_mm
    affine[:3, 3] = -affine[:3, :2].sum(axis=1) * (size - 1) / 2
    return affine


def _shortest_turn(start: Array, end: Array) -> Array:
    """Return the rotation (3, 3) that turns one unit vector into another less than 180 degrees away."""
    axis, cosine = np.cross(start, end), start @ end
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + cross + cross @ cross / (1 + cosine)


def _angles(text: str) -> tuple[float, ...]:
    try:
        degrees = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise ValueError(f"--planes la:{text} lists no angles: give degrees and commas, as in la:0,30,60,90") from error
    if not np.isfinite(degrees).all() or len({f"{angle:g}" for angle in degrees}) < len(degrees):
        raise ValueError(f"--planes la:{text}: angles must be numbers, and each given once")
    return degrees


def _like(path: Path) -> Like:
    if not path.is_file():
        raise FileNotFoundError(f"--planes like:{path}: there is no such file")
    image, findings = read_image(path, path.name)
    if any(finding.code == "no-orientation" for finding in findings):
        raise ValueError(f"--planes like:{path}: the file has no orientation, so nobody knows where its planes lie")
    return Like(path.name.removesuffix(".gz").removesuffix(".nii"), image.affine, image.pixels.shape[2])
