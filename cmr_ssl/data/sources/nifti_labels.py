"""Label maps beside the images: brought to the classes of `anatomy`, 255 wherever nobody looked."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import BACKGROUND, CLASSES, LV, MYOCARDIUM, RV, UNLABELLED
from cmr_ssl.data.sources.nifti_files import EdEs, LabelFile, names
from cmr_ssl.data.sources.nifti_image import Image, read_image
from cmr_ssl.data.study import Finding, Series
from cmr_ssl.planes import SHORT_AXIS

EVERYWHERE = {SHORT_AXIS: {LV, MYOCARDIUM, RV}}  # what a view shows in every frame of every heart


def attach_labels(series: Series, folder: Path, files: list[LabelFile]) -> tuple[Series, list[Finding]]:
    """Return the series with the first label map found for its view; labels that do not fit are left out."""
    for label in files:
        if label.view == series.view and any((folder / name).is_file() for name in names(label.file)):
            try:
                return _labelled(series, folder, label)
            except ValueError as error:
                return series, [Finding("bad-labels", "noted", series.view, f"labels left out: {error}")]
    return series, []


def to_classes(values: NDArray[np.generic], classes: dict[int, str]) -> tuple[NDArray[np.uint8], list[float]]:
    """Renumber a label map.

    Args:
        values: numbers as stored, (X, Y, S, T).
        classes: number to class name.

    Returns:
        Classes, (X, Y, S, T) uint8, 255 where the number is unknown; and the unknown numbers.
    """
    table = np.full(256, UNLABELLED, dtype=np.uint8)
    table[0] = BACKGROUND
    for value, name in classes.items():
        table[value] = CLASSES.index(name)
    small = values.astype(np.uint8)
    odd = np.asarray(small != values)
    renumbered = table[small]
    renumbered[odd] = UNLABELLED
    return renumbered, np.unique(values[renumbered == UNLABELLED]).tolist()


def blank_unlooked(labels: NDArray[np.uint8], expected: tuple[int, ...]) -> tuple[NDArray[np.uint8], tuple[int, ...]]:
    """Mark what nobody looked at as unlabelled.

    A frame without any structure in the whole series was not annotated. An expected class that other frames show but
    this one lacks was not annotated here, so this frame's background may hide it.

    Args:
        labels: classes, (X, Y, S, T).
        expected: classes that whoever annotates a frame of this series must find in it.

    Returns:
        Labels with 255 in those places, and the expected classes that nobody drew anywhere.
    """
    looked = ((labels != BACKGROUND) & (labels != UNLABELLED)).any(axis=(0, 1, 2))
    drawn = np.array([(labels == index).any(axis=(0, 1, 2)) for index in expected]).reshape(
        len(expected), labels.shape[3]
    )
    known = np.asarray(drawn.any(axis=1))
    partly = looked & ~drawn[known].all(axis=0)
    labels = labels.copy(order="K")
    labels[..., partly] = np.where(labels[..., partly] == BACKGROUND, UNLABELLED, labels[..., partly])
    labels[..., ~looked] = UNLABELLED
    return labels, tuple(index for index, somewhere in zip(expected, known.tolist(), strict=True) if not somewhere)


def _labelled(series: Series, folder: Path, file: LabelFile) -> tuple[Series, list[Finding]]:
    values = _on_grid(series, folder, file.file)
    labels, unknown = to_classes(values, file.classes)
    named = {CLASSES.index(name) for name in file.classes.values()} - {BACKGROUND}
    labels, absent = blank_unlooked(labels, tuple(sorted(named & EVERYWHERE.get(series.view, set()))))
    if (labels == UNLABELLED).all():
        raise ValueError(f"{'/'.join(names(file.file))} draws nothing")
    labels.transpose(2, 3, 0, 1)[~series.acquired] = UNLABELLED
    unknown = [value for value in unknown if value != UNLABELLED]  # a file may say itself where nobody looked
    message = f"label numbers {unknown} mean nothing here and count as unlabelled"
    findings = [Finding("label-values", "noted", series.view, message)] if unknown else []
    return replace(series, labels=labels, annotated=tuple(sorted(named - {*absent}))), findings


def _on_grid(series: Series, folder: Path, file: str | EdEs) -> NDArray[np.generic]:
    """Return label values on the grid of the series, (X, Y, S, T)."""
    if isinstance(file, str):
        image, _ = read_image(folder / file, series.view)
        _check_grid(series, image, series.pixels.shape)
        return np.nan_to_num(image.pixels)
    values = np.zeros(series.pixels.shape, dtype=np.float32, order="F")
    for frame, name in zip(_frames(series, file), names(file), strict=True):
        if (folder / name).is_file():
            image, _ = read_image(folder / name, series.view)
            slices = series.acquired[:, frame]
            _check_grid(series, image, (*series.pixels.shape[:2], int(slices.sum()), 1))
            values[:, :, slices, frame] = np.nan_to_num(image.pixels[..., 0])
    return values


def _frames(series: Series, file: EdEs) -> tuple[int, int]:
    """Return the frames, from 0, that the two halves of a label map show."""
    count = series.pixels.shape[3]
    if count == 2:  # an ED/ES pair itself
        return 0, 1
    if not isinstance(file.ed_frame, int) or not isinstance(file.es_frame, int):
        raise ValueError(f"{file.ed} and {file.es} are of a cine of {count} frames: name their ed_frame and es_frame")
    if not (1 <= file.ed_frame <= count and 1 <= file.es_frame <= count) or file.ed_frame == file.es_frame:
        raise ValueError(f"frames {file.ed_frame} and {file.es_frame} of {file.ed} and {file.es} are not 1 to {count}")
    return file.ed_frame - 1, file.es_frame - 1


def _check_grid(series: Series, image: Image, shape: tuple[int, ...]) -> None:
    if image.pixels.shape != shape:
        raise ValueError(f"their shape {image.pixels.shape} is not that of the images {shape}")
    if not np.allclose(image.affine[:3, :3], series.affine[:3, :3], atol=0.05):
        raise ValueError("their affine is not that of the images")
