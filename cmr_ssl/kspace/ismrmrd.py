"""Raw k-space in the ISMRM Raw Data Format (Inati et al., MRM 2017): one record a readout, and a header in XML."""

from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.kspace.raw import Complex, RawCine, checked

NO_IMAGE = sum(1 << (bit - 1) for bit in (19, 20, 23, 24, 26, 27, 28, 29))  # noise, calibration, navigators, dummies
REVERSED = 1 << (22 - 1)
SAME_MM = 0.1  # positions that differ by less are one slice
SAME_DIRECTION = 1e-3  # of unit vectors
ONE_CINE = ("contrast", "set", "repetition", "kspace_encode_step_2")  # what a cine has one of; else images are mixed
NAMESPACE = "{*}"


class Header(NamedTuple):
    """What the header says of the encoding; the sizes are (x, y).

    Attributes:
        trajectory: cartesian, radial, spiral, ...
        encoded: samples and lines of a full k-space.
        shown: pixels of the images, as large as measured, whatever a scanner interpolates them to.
        pixel_mm: of the images.
        middle: number of the line at k_y = 0.
    """

    trajectory: str
    encoded: tuple[int, int]
    shown: tuple[int, int]
    pixel_mm: tuple[float, float]
    middle: int


def is_ismrmrd(file: Any) -> bool:  # noqa: ANN401  (h5py comes without types)
    """Tell whether an open file has the data set of this format."""
    return "dataset" in file and {"data", "xml"} <= {*file["dataset"]}


def read_ismrmrd(file: Any, path: Path) -> RawCine:  # noqa: ANN401
    """Read an open file.

    Frames are numbered by ``idx.phase``, slices by ``idx.slice``; a line that was acquired several times is averaged.
    Samples beyond the field of view that is shown (oversampling of the readout) are cut away.

    Raises:
        ValueError: if the trajectory is not Cartesian, readouts differ in size or are no whole ones, slices share a
            number or are not parallel, or there are several contrasts, sets or repetitions.
    """
    header = read_header(file, path)
    if header.trajectory.lower() != "cartesian":
        raise ValueError(f"{path} has a {header.trajectory} trajectory: only Cartesian lines are read")
    records = file["dataset"]["data"][()].reshape(-1)
    heads = records["head"]
    kept = (heads["flags"] & NO_IMAGE) == 0
    if not kept.any():
        raise ValueError(f"{path} holds no readout of an image: {len(heads)} records of noise, navigators or nothing")
    lines, heads = records["data"][kept], heads[kept]
    if (heads["flags"] & REVERSED).any():
        raise ValueError(f"{path} has readouts in the reverse direction, as EPI: only those in one direction are read")
    samples, coils = check_readouts(heads, lines, header, path)
    where = heads["idx"]
    check_one_cine(where, path)
    slices, frames = (int(where[name].max()) + 1 for name in ("slice", "phase"))
    if slices * frames > len(lines):
        raise ValueError(
            f"{path} numbers {slices} slices of {frames} frames but has {len(lines)} readouts: number them from 0 on, "
            "without gaps"
        )
    rows = header.encoded[1]
    row = where["kspace_encode_step_1"].astype(int) - header.middle + rows // 2
    if row.min() < 0 or row.max() >= rows:
        raise ValueError(
            f"{path}: lines {row.min()} to {row.max()} of {rows}: its encoding limits do not fit its matrix"
        )
    sums = np.zeros((slices, frames, rows, coils, samples), np.complex64)
    counts = np.zeros((slices, frames, rows), int)
    place = (where["slice"].astype(int), where["phase"].astype(int), row)
    values = np.stack([np.asarray(line, np.float32).view(np.complex64).reshape(coils, samples) for line in lines])
    np.add.at(sums, place, values)
    np.add.at(counts, place, 1)
    means = (sums / np.maximum(counts, 1)[..., None, None]).astype(np.complex64)
    kspace = cut(means, header.shown[0])
    kspace = np.ascontiguousarray(kspace.transpose(0, 1, 3, 2, 4)).astype(np.complex64)
    return checked(RawCine(kspace, counts > 0, affine_of(heads, header, path), np.nan, "ISMRMRD"), path)


def read_header(file: Any, path: Path) -> Header:  # noqa: ANN401
    """Read the XML header of an open file.

    Raises:
        ValueError: if it lacks something.
    """
    stored = file["dataset"]["xml"][()]
    text = stored.reshape(-1)[0] if isinstance(stored, np.ndarray) else stored
    try:
        encoding = ElementTree.fromstring(text).find(".//{*}encoding")
        if encoding is None:
            raise LookupError("no encoding")
        encoded, shown = (
            [
                float(_text(encoding, f"{space}/{kind}/{axis}"))
                for kind in ("matrixSize", "fieldOfView_mm")
                for axis in "xy"
            ]
            for space in ("encodedSpace", "reconSpace")
        )
        middle = encoding.findtext(_tagged("encodingLimits/kspace_encoding_step_1/center"))
        trajectory = _text(encoding, "trajectory")
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise ValueError(f"{path} has an incomplete ISMRMRD header ({error}): export it again") from error
    samples, lines, *field_mm = encoded
    if min(*encoded, shown[2]) <= 0:
        raise ValueError(f"{path} has an encoding without samples, lines or size in mm: export it again")
    columns = min(round(samples * shown[2] / field_mm[0]), int(samples))
    return Header(
        trajectory=trajectory,
        encoded=(int(samples), int(lines)),
        shown=(columns, int(lines)),
        pixel_mm=(field_mm[0] / samples, field_mm[1] / lines),
        middle=int(lines) // 2 if middle is None else int(middle),
    )


def check_one_cine(where: NDArray[Any], path: Path) -> None:
    """Raise ValueError where readouts belong to several images of the same slice and frame, which would be averaged."""
    for name in ONE_CINE:
        if name in (where.dtype.names or ()) and (count := len(np.unique(where[name]))) > 1:
            raise ValueError(
                f"{path} holds {count} images of each frame, numbered by idx.{name}: write a file for each of them"
            )


def check_readouts(heads: NDArray[Any], lines: NDArray[Any], header: Header, path: Path) -> tuple[int, int]:
    """Return samples and coils of the readouts, all alike.

    Raises:
        ValueError: if they differ, values are missing, or the readouts are not those of the encoded space.
    """
    sizes = {*zip(heads["number_of_samples"].tolist(), heads["active_channels"].tolist(), strict=True)}
    if len(sizes) > 1:
        raise ValueError(f"{path} has readouts of {len(sizes)} sizes (samples, coils): {sorted(sizes)[:3]}; split it")
    ((samples, coils),) = sizes
    if not coils or any(len(line) != 2 * samples * coils for line in lines):
        raise ValueError(
            f"{path}: readouts do not hold {samples} samples of {coils} coils: the coil dimension is missing or wrong"
        )
    if samples != header.encoded[0]:
        raise ValueError(
            f"{path}: readouts have {samples} samples, but the encoded space has {header.encoded[0]}, as of a partial "
            "echo: fill them with zeros to whole readouts"
        )
    return samples, coils


def cut(kspace: Complex, columns: int) -> Complex:
    """Cut the field of view along the readout, the last axis, to so many columns in its middle."""
    samples = kspace.shape[-1]
    if samples <= columns:
        return kspace
    axes = (-1,)
    images = np.fft.fftshift(np.fft.ifft(np.fft.ifftshift(kspace, axes), norm="ortho"), axes)
    first = samples // 2 - columns // 2
    shown = images[..., first : first + columns]
    return np.fft.fftshift(np.fft.fft(np.fft.ifftshift(shown, axes), norm="ortho"), axes)


def affine_of(heads: NDArray[Any], header: Header, path: Path) -> NDArray[np.float64]:
    """Return where the pixels of the stack lie, scanner mm, RAS+, (4, 4).

    Raises:
        ValueError: if one slice number has several places, or the slices are not parallel with even gaps.
    """
    numbers = heads["idx"]["slice"]
    middles = []
    for number in np.unique(numbers):
        places = heads["position"][numbers == number].astype(np.float64)
        if np.abs(places - places[0]).max() > SAME_MM:
            raise ValueError(
                f"{path}: lines of several slices, interleaved, have the number {number}: number them by idx.slice"
            )
        middles.append(places[0])
    axes = [direction_of(heads, name, path) for name in ("read_dir", "phase_dir", "slice_dir")]
    step = np.diff(middles, axis=0) if len(middles) > 1 else axes[2][None] * 8.0
    if np.abs(step - step[0]).max() > SAME_MM * len(middles) or np.abs(step[0] @ axes[2]) < SAME_MM:
        raise ValueError(f"{path}: slices are not evenly spaced along one direction: write a file for each of them")
    pixel = header.pixel_mm
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = axes[0] * pixel[0], axes[1] * pixel[1], step[0]
    affine[:3, 3] = middles[0] - affine[:3, 0] * (header.shown[0] // 2) - affine[:3, 1] * (header.shown[1] // 2)
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine  # LPS to RAS


def direction_of(heads: NDArray[Any], name: str, path: Path) -> NDArray[np.float64]:
    """Return the direction that all readouts share, (3,).

    Raises:
        ValueError: if they differ, as those of long-axis planes in one file do, or it is none.
    """
    directions = heads[name].astype(np.float64)
    if np.abs(directions - directions[0]).max() > SAME_DIRECTION:
        raise ValueError(f"{path}: slices are not parallel, {name} differs: write a file for each of them")
    if not np.isclose(np.linalg.norm(directions[0]), 1, atol=0.01):
        raise ValueError(
            f"{path}: {name} is {directions[0].tolist()}, which is no direction: export it with its geometry"
        )
    return directions[0]


def _tagged(path: str) -> str:
    return "/".join(f"{NAMESPACE}{part}" for part in path.split("/"))


def _text(element: "ElementTree.Element[str]", path: str) -> str:
    text = element.findtext(_tagged(path))
    if text is None:
        raise LookupError(f"no {path}")
    return text
