"""Label maps beside the images: brought to the classes of `anatomy`, 255 wherever unlabelled."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import BACKGROUND, CLASSES, LA, LV, MYOCARDIUM, RA, RV, UNLABELLED, is_structure
from cmr_ssl.planes import SHORT_AXIS, normal
from cmr_ssl.sources.label_contrast import unlike_images
from cmr_ssl.sources.label_grids import TOLERANCE, ImageGrid, onto_grid
from cmr_ssl.sources.label_shapes import implausible_shape
from cmr_ssl.sources.label_values import (
    holds_wall,
    listed,
    mere_mask,
    mirrored,
    to_classes,
    whole_numbers,
    wrongly_surrounded,
)
from cmr_ssl.sources.nifti_files import EdEs, LabelFile, names_of
from cmr_ssl.sources.nifti_image import PLACE_CODES, read_image
from cmr_ssl.sources.nifti_paths import image_exists, locate
from cmr_ssl.study import Finding, Series

ALWAYS_VISIBLE = {SHORT_AXIS: {LV, MYOCARDIUM, RV}}  # view to the classes in every frame of every heart
ES_TOLERANCE = 0.5  # slices between ES and the ED stack it was joined to


def attach_labels(series: Series, folder: Path, files: list[LabelFile]) -> tuple[Series, list[Finding]]:
    """Add the first label map that exists for its view to a series; labels that do not fit are left out."""
    for label in files:
        if label.view == series.view and any(image_exists(folder, name) for name in names_of(label.file)):
            try:
                return _labelled(series, folder, label)
            except ValueError as error:
                return series, [Finding("bad-labels", "noted", series.view, f"labels left out: {error}")]
    return series, []


def mark_unannotated(labels: NDArray[np.uint8], expected: tuple[int, ...]) -> tuple[NDArray[np.uint8], tuple[int, ...]]:
    """Mark what was not annotated as unlabelled.

    A frame of the series without any structure was not annotated. An expected class that other frames show but this
    one lacks was not annotated here, so this frame's background may hide it.

    Args:
        labels: classes, (X, Y, S, T).
        expected: classes that every annotated frame of this series must show.

    Returns:
        Labels with 255 in those places, and the expected classes that no frame shows.
    """
    annotated = is_structure(labels).any(axis=(0, 1, 2))
    shown = {index: (labels == index).any(axis=(0, 1, 2)) for index in expected}
    incomplete = np.zeros_like(annotated)
    for frames in shown.values():
        incomplete |= annotated & ~frames & frames.any()
    labels = labels.copy(order="K")
    labels[..., incomplete] = np.where(labels[..., incomplete] == BACKGROUND, UNLABELLED, labels[..., incomplete])
    labels[..., ~annotated] = UNLABELLED
    return labels, tuple(index for index, frames in shown.items() if not frames.any())


def undrawn_between(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the slices of a stack (X, Y, S, T) without any structure between slices that have some, (S, T)."""
    drawn: NDArray[np.bool_] = np.asarray(is_structure(labels).any(axis=(0, 1)))
    before, after = np.maximum.accumulate(drawn, axis=0), np.maximum.accumulate(drawn[::-1], axis=0)[::-1]
    return np.asarray(~drawn & before & after & (labels == BACKGROUND).any(axis=(0, 1)))


def _labelled(series: Series, folder: Path, file: LabelFile) -> tuple[Series, list[Finding]]:
    labels, findings = _on_grid(series, folder, file)
    title = "/".join(names_of(file.file))
    mapped = {CLASSES.index(name) for name in file.classes.values()} - {BACKGROUND}
    labels, absent = mark_unannotated(labels, tuple(sorted(mapped & ALWAYS_VISIBLE.get(series.view, set()))))
    if (labels == UNLABELLED).all():
        unknown = "; ".join(finding.message for finding in findings if finding.code == "label-values")
        raise ValueError(f"{title} draws nothing{unknown and f': {unknown}'}")
    findings += _check_anatomy(series, labels, file, title)
    if series.view == SHORT_AXIS and (gaps := undrawn_between(labels)).any():
        labels[..., gaps] = UNLABELLED
        slices = ", ".join(map(str, np.flatnonzero(gaps.any(axis=1))))
        message = f"in {title} nothing is drawn on slice {slices} between drawn ones: it counts as unlabelled there"
        findings.append(Finding("undrawn-slice", "repaired", series.view, message))
    labels.transpose(2, 3, 0, 1)[~series.acquired] = UNLABELLED
    return replace(series, labels=labels, annotated=tuple(sorted(mapped - {*absent}))), findings


def _check_anatomy(series: Series, labels: NDArray[np.uint8], file: LabelFile, title: str) -> list[Finding]:
    """Raise ValueError for labels that cannot be a heart's or not that of the images, and note a mirrored one."""
    oriented = series.stored is None
    left, right = (LV, RV) if series.view == SHORT_AXIS else (LA, RA)
    is_mirrored = oriented and mirrored(labels, series.affine, left, right)
    if series.view != SHORT_AXIS:
        if is_mirrored:
            raise ValueError(f"in {title} the RA lies on the left of the LA: the two are exchanged, or it is mirrored")
    elif flaw := (
        wrongly_surrounded(labels, file.classes)
        or mere_mask(labels, file.classes)
        or implausible_shape(labels, series.affine)
    ):
        raise ValueError(f"in {title} {flaw}")
    elif is_mirrored and not (labels == MYOCARDIUM).any():
        raise ValueError(f"in {title} the RV lies on the left of the LV: the two are exchanged, or it is mirrored")
    if flaw := unlike_images(labels, series.pixels):
        raise ValueError(f"in {title} {flaw}")
    if not is_mirrored or not holds_wall(labels):
        return []
    message = f"in {title} the RV lies on the left of the LV: images and labels are mirrored, or the body is"
    return [Finding("mirrored", "noted", series.view, message)]


def _on_grid(series: Series, folder: Path, file: LabelFile) -> tuple[NDArray[np.uint8], list[Finding]]:
    """Return classes on the grid of the series, (X, Y, S, T), 255 where unlabelled, and findings."""
    if isinstance(file.file, str):
        labels, findings = _read(series, folder, file.file, file, _grid(series))
        if labels.shape != series.pixels.shape:
            raise ValueError(f"their shape {labels.shape} is not that of the images {series.pixels.shape}")
        return labels, findings
    both = np.full(series.pixels.shape, UNLABELLED, dtype=np.uint8, order="F")
    findings = []
    for frame, name in zip(_frames(series, file.file), names_of(file.file), strict=True):
        if image_exists(folder, name):
            labels, new = _read(series, folder, name, file, _grid(series, frame))
            both[..., frame] = labels[..., 0]
            findings += [finding for finding in new if finding not in findings]
    return both, findings


def _grid(series: Series, frame: int | None = None) -> ImageGrid:
    """Return the grid that labels of a series must lie on; of one frame, only the slices acquired at it."""
    affine = series.affine if series.stored is None else series.stored
    columns, rows, count = series.pixels.shape[:3]
    slices = np.flatnonzero(series.acquired[:, frame]) if frame is not None else np.arange(count)
    extent = (int(slices[0]), int(np.ptp(slices)) + 1) if len(slices) else (0, count)
    joined = frame == 1 and series.pixels.shape[3] == 2
    return ImageGrid(affine, (columns, rows, count), extent, ES_TOLERANCE if joined else TOLERANCE)


def _read(
    series: Series, folder: Path, name: str, file: LabelFile, grid: ImageGrid
) -> tuple[NDArray[np.uint8], list[Finding]]:
    """Read one file of a label map and bring it onto the grid of the series."""
    path = locate(folder, name)
    image, read = read_image(path, series.view, normal(grid.affine))
    findings = [item._replace(message=f"{path.name}: {item.message}") for item in read if item.code in PLACE_CODES]
    try:
        values, note = whole_numbers(image.pixels)
    except ValueError as error:
        raise ValueError(f"{path.name} {error}") from error
    labels, unknown = to_classes(values, file.classes, file.unlabelled)
    if unknown:
        message = f"label numbers {listed(unknown)} of {path.name} mean nothing here and count as unlabelled"
        findings.append(Finding("label-values", "noted", series.view, message))
    if note:
        findings.append(Finding("label-values", "noted", series.view, f"{path.name}: {note}"))
    if (series.stored is None) != (image.stored is None):
        raise ValueError(f"{path.name} has {'no' if image.stored is not None else 'an'} orientation, unlike its images")
    try:
        placed, changed = onto_grid(labels, image.affine if image.stored is None else image.stored, grid)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    if changed:
        message = f"{path.name} has another grid; it was brought onto that of the images, and is unlabelled around it"
        findings.append(Finding("labels-moved", "noted", series.view, message))
    return placed, findings


def _frames(series: Series, file: EdEs) -> tuple[int, int]:
    """Return the frames, from 0, of the two halves of a label map."""
    count = series.pixels.shape[3]
    if count == 2:  # an ED/ES pair itself
        return 0, 1
    if not isinstance(file.ed_frame, int) or not isinstance(file.es_frame, int):
        raise ValueError(f"{file.ed} and {file.es} are of a cine of {count} frames: name their ed_frame and es_frame")
    if not (1 <= file.ed_frame <= count and 1 <= file.es_frame <= count) or file.ed_frame == file.es_frame:
        raise ValueError(f"frames {file.ed_frame} and {file.es_frame} of {file.ed} and {file.es} are not 1 to {count}")
    return file.ed_frame - 1, file.es_frame - 1
