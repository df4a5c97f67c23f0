"""The label maps of one study on the grid of its images, and the volumes measured on them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from cmr_ssl.anatomy import CLASSES, UNLABELLED
from cmr_ssl.doubts import cut_short, incomplete, without_impossible, without_structures
from cmr_ssl.files import remove_halves
from cmr_ssl.inference.acquired_grid import restore
from cmr_ssl.inference.prepared import Prepared, cached_planes
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.preparation.beat_frames import nearest_frames
from cmr_ssl.preparation.cache import PreparedSubject
from cmr_ssl.report.maps import label_maps, phases
from cmr_ssl.report.overlays import overlay, overlay_gif
from cmr_ssl.sources.nifti_output import write_image
from cmr_ssl.tasks.annotated_classes import without_untrained
from cmr_ssl.tasks.structure_confidence import Confidence, named, without_unsure
from cmr_ssl.trust import cut_off, unsized
from cmr_ssl.volumes import MS_A_MINUTE, LabelMap, Measured, measure

Labels = NDArray[np.uint8]


class LabelMaps:
    """Predicted classes of every plane and frame of one study.

    Attributes:
        heart: the study as the network saw it.
        planes: classes of `anatomy` on its prepared planes, (P, T, H, W).
        maps: classes on the grid of the images, (X, Y, S, T), by view; background where nothing was predicted.
        confidence: 0 to 1, of each structure that is measured; see `structure_confidence`.
    """

    def __init__(self, heart: Prepared, planes: Labels, drawn: Tensor, confidence: Confidence) -> None:
        """Map the classes to the grid of the images; `drawn` are those of the training, (views, classes)."""
        self.heart, self.planes, self.drawn = heart, planes, drawn
        self.confidence, self._confidence = named(confidence.study), confidence
        self.affine = heart.batch.affine[0].cpu().numpy()
        self.view = heart.batch.view[0].cpu().numpy()
        self.maps: dict[str, Labels] = {}
        for series in heart.study.series:
            in_view = self._in_view(series.view)
            if in_view.any():
                slices = heart.planes.slice[self._cached(series.view)]
                to_heart = heart.planes.to_heart
                self.maps[series.view] = restore(planes[in_view], self.affine[in_view], to_heart, slices, series)

    def __repr__(self) -> str:
        """Describe the maps in one line."""
        shapes = ", ".join(f"{view} {labels.shape}" for view, labels in self.maps.items())
        return f"LabelMaps of {self.heart.study.subject}: {shapes}; measure them with volumes(), write them with save()"

    def volumes(self) -> Measured:
        """Measure volumes, ejection fractions and mass; what cannot be trusted is NaN, with the reason."""
        study, affines = self.heart.study, self.heart.study.affines
        maps = {view: LabelMap(self._predicted(view, labels).T, affines[view]) for view, labels in self.maps.items()}
        doubts = cut_short(maps.get(SHORT_AXIS))
        doubts |= cut_off(self.planes, maps, self.view) | incomplete(maps)
        measured = without_structures(measure(maps, MS_A_MINUTE / self.heart.beat_ms), doubts)
        if reason := unsized(study, self.heart.findings):
            measured = without_structures(measured, dict.fromkeys(CLASSES, reason))
        measured = without_unsure(without_impossible(measured), self._confidence)
        return without_untrained(measured, self.drawn)

    def save(self, folder: Path | str) -> list[Path]:
        """Write ``seg6_VIEW.nii.gz`` on the grid of the images into a folder and return the files."""
        folder = Path(folder)
        remove_halves(folder)
        written = []
        for series in self.heart.study.series:
            if series.view in self.maps:
                written.append(folder / f"seg6_{series.view}.nii.gz")
                labels = self.maps[series.view]
                write_image(written[-1], labels, series.affine, series.frame_ms, "cmr_ssl prediction")
        return written

    def draw(self, folder: Path | str) -> None:
        """Draw ``overlay.png``, at ED and ES, and ``overlay.gif``, the beating heart, into a folder."""
        images = (self.heart.batch.images[0].cpu().numpy() * 255).astype(np.uint8)
        frames = sorted(phases(label_maps(self.planes, self.affine, self.view))) or [0]
        titles = slice_titles(self.heart.planes, self.affine, self.view)
        overlay(Path(folder) / "overlay.png", images, self.planes, None, titles, frames)
        pace = {"beat_ms": self.heart.beat_ms} if np.isfinite(self.heart.beat_ms) else {}
        overlay_gif(Path(folder) / "overlay.gif", images, self.planes, None, titles, **pace)

    def _in_view(self, view: str) -> NDArray[np.bool_]:
        return np.asarray(self.view == VIEWS.index(view))

    def _cached(self, view: str) -> NDArray[np.intp]:
        return cached_planes(self.heart.planes, self.affine[self._in_view(view)])

    def _predicted(self, view: str, labels: Labels) -> Labels:
        """Return a map, (X, Y, S, T), in which what the network did not see is unlabelled, not background."""
        labels = labels.copy()
        labels[:, :, ~seen_frames(self.heart.planes, self._cached(view), labels.shape[2:])] = UNLABELLED
        return labels


def seen_frames(planes: PreparedSubject, cached: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which slices and frames (S, T) of a series the network saw; missing frames of a cine were filled."""
    slices, frames = shape
    mask = np.zeros((slices, frames), dtype=bool)
    prepared_frames = planes.acquired.shape[1]
    acquired = planes.acquired[cached][:, nearest_frames(frames, prepared_frames)] > 0
    mask[planes.slice[cached]] = acquired if prepared_frames == 2 else True
    return mask


def slice_titles(planes: PreparedSubject, affine: NDArray[np.float32], view: NDArray[np.integer]) -> list[str]:
    """Name planes by view and, where there are several, by their slice in the file, from 0 as in `qc` and findings."""
    names = [VIEWS[index] for index in view.tolist()]
    slices = planes.slice[cached_planes(planes, affine)].tolist()
    return [name if names.count(name) == 1 else f"{name} {index}" for name, index in zip(names, slices, strict=True)]
