"""Prepare one subject: from acquired series to planes for learning, without labels."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import CLASSES, UNLABELLED
from cmr_ssl.planes import SHORT_AXIS, VIEWS, heart_frame, slice_affine, spacing
from cmr_ssl.preparation.beat_frames import beat_ms, beats_differ, nearest_frames, resample_beat
from cmr_ssl.preparation.cache import PreparedSubject
from cmr_ssl.preparation.crop import Crop, inside, place_crop, resample_labels_to_crop, resample_to_crop
from cmr_ssl.preparation.geometry import size_flaw
from cmr_ssl.preparation.heart_finder import find_heart
from cmr_ssl.preparation.intensity import heart_window, near_heart, to_uint8
from cmr_ssl.preparation.repair import repair
from cmr_ssl.preparation.views import apex_to_base, beside_heart, misplaced
from cmr_ssl.study import Finding, Series, Severity, Study

# To be raised with every change of what comes out of the same images: caches are then prepared anew, as a whole.
METHOD = 3
HEART_MM = 60.0  # from its centre a heart reaches about as far
# Share of that outside the image, above which it is a finding. Of 58 windows cut out of ACDC's images, 19 lie above: 15
# of the 16 that lose more than 2 % of the labelled heart, and four that lose 0.2 to 1.3 %.
HEART_OUTSIDE = 0.08


@dataclass(frozen=True)
class Preparation:
    """Settings that all prepared subjects share.

    Attributes:
        size: pixels a side of the square crop around the heart.
        spacing_mm: pixel size of the crop.
        frames: frames of a beat; studies with ED and ES only keep their two.
        darkest_percentile: intensity that becomes 0, in percent of a series' pixels.
        brightest_percentile: intensity that becomes 255; of the pixels around the heart where others are brighter.
        min_frames: fewest frames that make a beat.
    """

    size: int = 128
    spacing_mm: float = 1.8269
    frames: int = 50
    darkest_percentile: float = 0.5
    brightest_percentile: float = 99.5
    min_frames: int = 8

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.size < 8 or not 0.1 <= self.spacing_mm <= 20:
            raise ValueError(f"a crop of {self.size} pixels of {self.spacing_mm} mm shows no heart")
        if not 0 <= self.darkest_percentile < self.brightest_percentile <= 100:
            raise ValueError(
                f"the intensity window {self.darkest_percentile}..{self.brightest_percentile} % is empty: "
                "the darkest percentile must lie below the brightest, both in 0..100"
            )
        if self.frames < 2 or self.min_frames < 8:
            raise ValueError(f"frames {self.frames} must be >= 2 and min_frames {self.min_frames} >= 8 to hold a beat")


class AcquisitionSummary(NamedTuple):
    """Properties of the acquisition of a study for the cohort table; NaN where unknown."""

    frames: int
    cine: bool
    beat_ms: float
    spacing_mm: float


def prepare_study(
    study: Study, preparation: Preparation
) -> tuple[PreparedSubject | None, list[Finding], AcquisitionSummary | None]:
    """Prepare one study.

    Args:
        study: as read; its pixels may be changed.
        preparation: settings.

    Returns:
        The tensors, or None where nothing usable is left; all findings, the source's first; a summary of the
        acquisition of the usable part.
    """
    series, findings = usable(study.series, preparation.min_frames)
    findings = study.findings + findings
    axis = apex_to_base(series)
    series = _without(series, misplaced(series, axis), findings)
    centre, heart_findings = find_heart(series)
    findings += heart_findings
    if centre is None:
        return None, findings, None
    series = _without(series, beside_heart(series, centre), findings)
    prepared, plane_findings = assemble(series, heart_frame(centre, axis), centre, preparation)
    summary = summarise_acquisition(series, preparation.min_frames) if prepared else None
    return prepared, findings + plane_findings, summary


def usable(series: list[Series], min_frames: int) -> tuple[list[Series], list[Finding]]:
    """Return the series of plausible size that share a time axis and show something, repaired where possible."""
    flaws = [(one, size_flaw(one.affine, one.pixels.shape)) for one in series]
    findings = [Finding("implausible-size", "rejected", one.view, flaw) for one, flaw in flaws if flaw]
    kept, time_findings = same_time([one for one, flaw in flaws if not flaw], min_frames)
    findings += time_findings
    for one in kept:
        findings += repair(one, min_frames)
    kept = [one for one in kept if one.acquired.any()]
    return kept, findings + beats_differ(kept)


def same_time(series: list[Series], min_frames: int) -> tuple[list[Series], list[Finding]]:
    """Keep the series that can share one time axis: the cines, or else those with the commonest few frames."""
    planes: dict[int, int] = {}
    for one in series:
        count = one.pixels.shape[3]
        planes[count] = planes.get(count, 0) + one.pixels.shape[2]
    few = max(planes, key=lambda count: (planes[count], count), default=0)
    beat = any(count >= min_frames for count in planes)
    kept = [one for one in series if (one.pixels.shape[3] >= min_frames if beat else one.pixels.shape[3] == few > 1)]
    views = {one.view for one in kept}
    return kept, [_too_few(one, min_frames) for one in series if one.view not in views]


def assemble(
    series: list[Series], to_heart: NDArray[np.float64], centre: NDArray[np.float64], preparation: Preparation
) -> tuple[PreparedSubject | None, list[Finding]]:
    """Crop, resample and stack all series: short axis from base to apex, then the long-axis views.

    Args:
        series: usable series of one time axis.
        to_heart: scanner mm to heart frame, (4, 4).
        centre: heart centre in scanner mm, (3,).
        preparation: settings.
    """
    prepared: list[PreparedSubject] = []
    findings: list[Finding] = []
    count = 0
    for one in sorted(series, key=lambda one: VIEWS.index(one.view)):
        planes, series_findings = prepare_series(one, to_heart, centre, preparation)
        findings += series_findings
        if planes is not None:
            prepared.append(planes._replace(labelled=(planes.labelled + [count, 0]).astype(np.int16)))
            count += len(planes.images)
    if not prepared:
        return None, findings
    stacked = PreparedSubject(*map(np.concatenate, zip(*prepared, strict=True)))
    return stacked._replace(to_heart=to_heart), findings


def prepare_series(
    series: Series, to_heart: NDArray[np.float64], centre: NDArray[np.float64], preparation: Preparation
) -> tuple[PreparedSubject | None, list[Finding]]:
    """Crop and resample one series around the heart's centre; None where it shows nothing there."""
    slices, crops, findings = _place_crops(series, to_heart, centre, preparation)
    if not slices:
        return None, findings
    images = np.stack(
        [resample_to_crop(series.pixels[:, :, index], crop) for index, crop in zip(slices, crops, strict=True)]
    )
    within = np.stack([inside(crop, series.pixels.shape[:2]) for crop in crops])
    near = within & np.stack([near_heart(to_heart @ crop.affine, preparation.size) for crop in crops])
    over_time = np.moveaxis(images, 1, -1)
    darkest, brightest = heart_window(
        over_time[within], over_time[near], preparation.darkest_percentile, preparation.brightest_percentile
    )
    if not brightest > darkest:
        message = f"the picture around the heart is one constant value ({darkest:g})"
        return None, [*findings, Finding("constant", "rejected", series.view, message)]
    frames = preparation.frames if images.shape[1] >= preparation.min_frames else images.shape[1]
    beats = np.stack([to_uint8(resample_beat(plane, frames), (darkest, brightest)) for plane in images])
    labelled, labels = _labels(series, slices, crops, frames)
    annotated = np.zeros((len(slices), len(CLASSES)), dtype=np.uint8)
    annotated[:, list(series.annotated)] = 1
    return PreparedSubject(
        images=beats,
        affine=np.stack([to_heart @ crop.affine for crop in crops]).astype(np.float32),
        view=np.full(len(slices), VIEWS.index(series.view), dtype=np.uint8),
        slice=np.array(slices, dtype=np.int16),
        acquired=series.acquired[slices][:, nearest_frames(frames, series.pixels.shape[3])].astype(np.uint8),
        to_heart=to_heart,
        labelled=labelled,
        labels=labels,
        annotated=annotated,
    ), findings


def summarise_acquisition(series: list[Series], min_frames: int) -> AcquisitionSummary:
    """Summarise the acquisition of the leading series (the short axis if there is one), with the median beat."""
    leading = min(series, key=lambda one: VIEWS.index(one.view))
    frames = leading.pixels.shape[3]
    beats = [beat for one in series if np.isfinite(beat := beat_ms(one))]
    beat = float(np.median(beats)) if beats else float("nan")
    return AcquisitionSummary(frames, frames >= min_frames, beat, float(spacing(leading.affine).mean()))


def _without(series: list[Series], view_findings: list[Finding], findings: list[Finding]) -> list[Series]:
    """Add findings about views, and return the series that none of them rejects."""
    findings += view_findings
    rejected = {finding.where for finding in view_findings if finding.severity == "rejected"}
    return [one for one in series if one.view not in rejected]


def _too_few(series: Series, min_frames: int) -> Finding:
    count = series.pixels.shape[3]
    message = f"{count} frames are no beat (at least {min_frames} are) and do not go with the other views"
    if count == 1:
        message = "one frame shows no beat"
    if count == 1 and series.view != SHORT_AXIS and series.pixels.shape[2] >= min_frames:
        message += f"; if its {series.pixels.shape[2]} slices are frames, store it as (columns, rows, 1, frames)"
    return Finding("too-few-frames", "rejected", series.view, message)


def _place_crops(
    series: Series, to_heart: NDArray[np.float64], centre: NDArray[np.float64], preparation: Preparation
) -> tuple[list[int], list[Crop], list[Finding]]:
    """Place the crop of every usable slice, from base to apex."""
    heights = (to_heart @ series.affine)[2, 3] + np.arange(len(series.acquired)) * (to_heart @ series.affine)[2, 2]
    slices = [int(index) for index in np.argsort(-heights) if series.acquired[index].any()]
    planes = [slice_affine(series.affine, index) for index in slices]
    crops = [place_crop(plane, centre, preparation.size, preparation.spacing_mm) for plane in planes]
    within = np.stack([inside(crop, series.pixels.shape[:2]) for crop in crops])
    findings = _outside(within, preparation, series.view)
    return (slices, crops, findings) if within.any() else ([], [], findings)


def _outside(within: NDArray[np.bool_], preparation: Preparation, view: str) -> list[Finding]:
    """Tell whether the image ends within the heart; `within`, (S, H, W), are the pixels of the crops in the image.

    How much of the crops lies outside says nothing: a small image may show the whole heart.
    """
    offset = (np.arange(preparation.size) - (preparation.size - 1) / 2) * preparation.spacing_mm
    heart = np.hypot(offset[:, None], offset) < HEART_MM
    outside = 1 - float(within[:, heart].mean())
    if outside <= HEART_OUTSIDE:
        return []
    severity: Severity = "noted" if within.any() else "rejected"
    message = f"the image ends at the heart: {outside:.0%} within {HEART_MM:.0f} mm of its centre lie outside"
    return [Finding("crop-outside", severity, view, message, outside)]


def _labels(
    series: Series, slices: list[int], crops: list[Crop], frames: int
) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """Return (plane, frame) of each label map, (L, 2), and the maps, (L, H, W)."""
    size = len(crops[0].rows)
    if series.labels is None:
        return np.zeros((0, 2), dtype=np.int16), np.zeros((0, size, size), dtype=np.uint8)
    maps: dict[tuple[int, int], NDArray[np.uint8]] = {}
    target = nearest_frames(series.labels.shape[3], frames)
    for plane, (index, crop) in enumerate(zip(slices, crops, strict=True)):
        for frame, labels in enumerate(resample_labels_to_crop(series.labels[:, :, index], crop)):
            if (labels != UNLABELLED).any():
                maps[plane, int(target[frame])] = labels
    stacked = np.stack([*maps.values()]) if maps else np.zeros((0, size, size), dtype=np.uint8)
    return np.array([*maps], dtype=np.int16).reshape(-1, 2), stacked
