"""Compare regional measures with what synthetic hearts are: their surfaces are known at every angle, height and time.

    python -m benchmarks.measures --subjects 20

Only label maps are drawn, no images. The truth knows neither slices nor pixels: thirds are those of the exact cavity,
insertion points those of the exact right ventricle.
"""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.measures import Value, regional
from cmr_ssl.measures.levels import LEVELS
from cmr_ssl.measures.rings import MIDDLES, length
from cmr_ssl.measures.septum import segments
from cmr_ssl.phantom.cohort_spec import PRESETS, Preset
from cmr_ssl.phantom.heart import APEX_WALL_MM, Heart
from cmr_ssl.phantom.person import breath_scatter, build_world, draw_person, generators
from cmr_ssl.phantom.population import Subject
from cmr_ssl.phantom.prescription import Prescription, prescribe
from cmr_ssl.phantom.series_pixels import World, draw_shifts
from cmr_ssl.phantom.surfaces import ANGLES, HEIGHTS, Surface
from cmr_ssl.phantom.timing import beat
from cmr_ssl.phantom.tissue import classify, heart_box, locate, measure_depths
from cmr_ssl.planes import slice_affine, to_mm
from cmr_ssl.volumes import FOUR_CHAMBER, TWO_CHAMBER, LabelMap
from cmr_ssl.volumes import measure as measure_maps

Array = NDArray[np.float64]
Key = tuple[str, str, str]

DRAWN = ("sa", TWO_CHAMBER, FOUR_CHAMBER)
PLANES_A_LEVEL = 12  # heights at which a third of the exact ventricle is looked at
DENSE = 3000  # frames of a beat whose rates are exact enough


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


def _labels(world: World, plan: Prescription, frames: list[int], shifts: Array) -> LabelMap:
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


def radii(surface: Surface, frame: int, z: Array) -> Array:
    """Return exact radii in mm in the sectors of `rings`, (Z, SECTORS), angle 0 being the heart's x axis."""
    u = np.clip((z - surface.bottom[frame]) / (surface.top[frame] - surface.bottom[frame]), 0, 1) * (HEIGHTS - 1)
    low = np.minimum(u.astype(int), HEIGHTS - 2)
    table = surface.square[frame].astype(np.float64)
    square = table[:, low] * (1 - (u - low)) + table[:, low + 1] * (u - low)
    step = (((MIDDLES + np.pi) % (2 * np.pi)) * ANGLES / (2 * np.pi)).astype(int) % ANGLES
    return np.sqrt(square[step]).T


def exact(drawn: Drawn) -> dict[Key, float]:
    """Return the true value of every measure, by measure, segment and phase."""
    heart = drawn.world.scene.heart
    es = int(heart.beat.lv.argmin())
    true = _walls(heart, es) | _strains(heart, es) | _long_axis(heart, es)
    return true | _rates(drawn.subject)


def exact_septum(heart: Heart) -> float:
    """Return the exact angle of the mid septum, radians from the heart's x axis, in the middle third at ED."""
    z = _heights(heart, 0)[len(LEVELS) // 2]
    u = np.rint((z - heart.rv.bottom[0]) / (heart.rv.top[0] - heart.rv.bottom[0]) * (HEIGHTS - 1)).astype(int)
    there = heart.rv.square[0][:, np.clip(u, 0, HEIGHTS - 1)] > 0
    angle = (np.arange(ANGLES) + 0.5) * 2 * np.pi / ANGLES - np.pi
    return float(np.mean([angle[column].mean() for column in there.T if column.any()]))


def _heights(heart: Heart, frame: int) -> Array:
    """Return heights in mm in each third of the exact cavity, from apex to base, (3, PLANES_A_LEVEL)."""
    count = len(LEVELS) * PLANES_A_LEVEL
    part = (np.arange(count) + 0.5) / count
    bottom, top = heart.endo.bottom[frame], heart.mitral[frame]
    return np.asarray((bottom + (top - bottom) * part).reshape(len(LEVELS), PLANES_A_LEVEL))


def _walls(heart: Heart, es: int) -> dict[Key, float]:
    septum = exact_septum(heart)
    walls = {phase: np.zeros(17) for phase in ("ED", "ES")}
    for phase, frame in (("ED", 0), ("ES", es)):
        for level, z in enumerate(_heights(heart, frame)):
            wall = (radii(heart.epi, frame, z) - radii(heart.endo, frame, z)).mean(axis=0)
            at = segments(level, septum)
            for number in np.unique(at):
                walls[phase][number - 1] = wall[at == number].mean()
        walls[phase][16] = APEX_WALL_MM if frame == 0 else heart.endo.bottom[frame] - heart.epi.bottom[frame]
    true = {("wall thickness", str(at + 1), phase): wall[at] for phase, wall in walls.items() for at in range(17)}
    change = 100 * (walls["ES"] / walls["ED"] - 1)
    return true | {("wall thickening", str(at + 1), "ED to ES"): change[at] for at in range(17)}


def _strains(heart: Heart, es: int) -> dict[Key, float]:
    """Return the strains of planes that stay where they are, at every height that holds a cavity at ED and ES."""
    true: dict[Key, float] = {}
    found: dict[str, list[tuple[int, float]]] = {}
    for level, heights in enumerate(_heights(heart, 0)):
        for z in heights[(heights < heart.mitral[es]) & (heights > heart.endo.bottom[es])]:
            endo, epi = ([radii(one, frame, z[None])[0] for frame in (0, es)] for one in (heart.endo, heart.epi))
            middle = [(a + b) / 2 for a, b in zip(endo, epi, strict=True)]
            wall = [(b - a).mean() for a, b in zip(endo, epi, strict=True)]
            sizes = {
                "circumferential strain, endocardial": [length(one) for one in endo],
                "circumferential strain, mid-wall": [length(one) for one in middle],
                "radial strain": wall,
            }
            for name, (before, after) in sizes.items():
                found.setdefault(name, []).append((level, 100 * (after / before - 1)))
    for name, values in found.items():
        true[name, "global", "ES"] = float(np.mean([value for _, value in values]))
        for level, title in enumerate(LEVELS):
            true[name, title, "ES"] = float(np.mean([value for at, value in values if at == level]))
    return true


def _long_axis(heart: Heart, es: int) -> dict[Key, float]:
    ed_mm, es_mm = (float(heart.mitral[frame] - heart.epi.bottom[frame]) for frame in (0, es))
    true: dict[Key, float] = {}
    for view in (TWO_CHAMBER, FOUR_CHAMBER, "global"):
        true["long-axis strain", view, "ES"] = 100 * (es_mm / ed_mm - 1)
        true["MAPSE", view, "ED to ES"] = float(heart.mitral[0] - heart.mitral[es])
    return true | {("TAPSE", FOUR_CHAMBER, "ED to ES"): float(heart.ra.bottom[0] - heart.ra.bottom[es])}


def _rates(subject: Subject) -> dict[Key, float]:
    """Return the rates of the curve itself, at so many frames that nothing is lost between them."""
    curves = beat(subject.body, subject.shape, DENSE)
    stroke = subject.volumes.lvedv - subject.volumes.lvesv
    rate = np.gradient(curves.lv) * stroke * DENSE / curves.rr_ms * 1e3
    es = int(curves.lv.argmin())
    ejection, filling = -rate[:es].min(), rate[es : es + (DENSE - es) // 2].max()
    true = {}
    for name, value in (("peak ejection rate", ejection), ("peak filling rate", filling)):
        true[name, "LV", "beat"] = float(value)
        true[f"{name} per EDV", "LV", "beat"] = float(value / subject.volumes.lvedv)
    true["total emptying fraction", "LA", "beat"] = 100 * (1 - subject.volumes.lavmin / subject.volumes.lavmax)
    return true


def errors(drawn: Drawn) -> dict[Key, tuple[float, float]]:
    """Return true value and error of everything that could be measured."""
    true = exact(drawn)
    keyed = {(one.measure, one.segment, one.phase): one.value for one in measured(drawn)}
    return {key: (true[key], value - true[key]) for key, value in keyed.items() if np.isfinite(value)}


def summary(found: Sequence[dict[Key, tuple[float, float]]]) -> list[str]:
    """Return a line a measure: how many values, mean truth, bias, and mean and largest absolute error."""
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for one in found:
        for (name, segment, phase), pair in one.items():
            pairs.setdefault((name, _group(name, segment) + " " + phase), []).append(pair)
    lines = [
        "| measure | where and when | values | truth | bias | mean error | largest |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for (name, where), values in pairs.items():
        true, error = np.array(values).T
        numbers = (true.mean(), error.mean(), np.abs(error).mean(), np.abs(error).max())
        lines.append(f"| {name} | {where} | {len(true)} | " + " | ".join(f"{number:.2f}" for number in numbers) + " |")
    return lines


def _group(name: str, segment: str) -> str:
    """Return where a value was measured, segments being gathered by third."""
    if not name.startswith("wall"):
        return segment
    number = int(segment)
    return "basal" if number < 7 else "mid" if number < 13 else "apical" if number < 17 else "apex (17)"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of errors."""
    parser = ArgumentParser(description="regional measures against the exact truth of synthetic hearts")
    parser.add_argument("--subjects", type=int, default=20)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="full", help="pixels")
    parser.add_argument("--whole-beat", action="store_true", help="all 50 frames, for rates and fractions; slower")
    options = parser.parse_args(arguments)
    preset = Preset(50, PRESETS[options.preset].scale)
    found = [errors(draw(index, preset, options.whole_beat)) for index in range(1, options.subjects + 1)]
    print("\n".join(summary(found)))


if __name__ == "__main__":
    main()
