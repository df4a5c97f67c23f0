"""Synthetic hearts drawn as exact label maps, no images, and measured."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.measures import Value, regional
from cmr_ssl.phantom.cohort_spec import Preset
from cmr_ssl.phantom.person import breath_scatter, build_world, draw_person, generators
from cmr_ssl.phantom.population import Subject
from cmr_ssl.phantom.prescription import Prescription, prescribe
from cmr_ssl.phantom.series_pixels import World, draw_shifts
from cmr_ssl.phantom.tissue import classify, heart_box, locate, measure_depths
from cmr_ssl.planes import slice_affine, to_mm
from cmr_ssl.volumes import FOUR_CHAMBER, TWO_CHAMBER, LabelMap
from cmr_ssl.volumes import measure as measure_maps
from experiments.measures.truth import Key, exact

DRAWN = ("sa", TWO_CHAMBER, FOUR_CHAMBER)


class Drawn(NamedTuple):
    """One synthetic heart with its label maps.

    Attributes:
        subject: who it is.
        world: the heart and where it lies.
        maps: label maps by view.
        frame_ms: time between frames.
        frames: which frames of the beat were drawn.
    """

    subject: Subject
    world: World
    maps: dict[str, LabelMap]
    frame_ms: float
    frames: list[int]


def draw(index: int, preset: Preset, whole_beat: bool, seed: int = 7, breathing: float = 1.0) -> Drawn:
    """Draw the exact label maps of one subject, at ED and ES or over the whole beat.

    Args:
        index: of the subject, from 1.
        preset: how finely.
        whole_beat: every frame, not ED and ES only.
        seed: of the cohort.
        breathing: factor on how differently the breath was held.
    """
    subject = draw_person(seed, index, "mixed")
    _, lying, scanning, _ = generators(seed, index)
    world = build_world(subject, preset, lying, scanning)
    scatter = breathing * breath_scatter(scanning, subject.body.bsa)
    plans = prescribe(scanning, world.scene.heart, world.placement, preset.scale)
    shifts = [draw_shifts(scanning, plan.shape[2], scatter) for plan in plans]
    lv = world.scene.heart.beat.lv
    frames = list(range(len(lv))) if whole_beat else [0, int(lv.argmin())]
    drawn = zip(plans, shifts, strict=True)
    maps = {plan.view: _labels(world, plan, frames, shift) for plan, shift in drawn if plan.view in DRAWN}
    return Drawn(subject, world, maps, world.scene.heart.beat.rr_ms / preset.frames, frames)


def _labels(world: World, plan: Prescription, frames: list[int], shifts: NDArray[np.float64]) -> LabelMap:
    columns, rows, count = plan.shape
    labels = np.zeros((len(frames), count, rows, columns), np.uint8)
    pixels = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2).astype(np.float64)
    low, high = heart_box(world.scene)
    for index in range(count):
        at = world.placement.to_heart(to_mm(slice_affine(plan.affine, index), pixels) - shifts[index])
        near = np.flatnonzero(np.all((at >= low) & (at <= high), axis=1))
        if len(near):
            sight = locate(world.scene, at[near].astype(np.float32))
            for number, frame in enumerate(frames):
                classes = classify(measure_depths(world.scene, sight, slice(frame, frame + 1)))
                labels[number, index].reshape(-1)[near] = classes[0]
    return LabelMap(labels, plan.affine)


def measured(drawn: Drawn) -> list[Value]:
    """Measure a drawn heart as `quantify` does."""
    volumes = measure_maps(drawn.maps, drawn.subject.body.heart_rate)
    return regional(drawn.maps, volumes, drawn.frame_ms)


def errors(drawn: Drawn) -> dict[Key, tuple[float, float]]:
    """Return true value and error of everything that could be measured."""
    true = exact(drawn.subject, drawn.world)
    keyed = {(one.measure, one.segment, one.phase): one.value for one in measured(drawn)}
    return {key: (true[key], value - true[key]) for key, value in keyed.items() if np.isfinite(value)}
