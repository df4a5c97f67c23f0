"""The beat is a circle: frame k of T stands at phase k / T, and frame 0 follows frame T - 1."""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.study import Finding, Series

BEAT_MS = (300.0, 2500.0)  # 200 to 24 beats a minute
BEAT_CHANGE = 0.2  # between views of one subject; beyond it somebody should know
UNIT_MS = {"sec": 1000.0, "msec": 1.0, "usec": 0.001}


def interpolate_cyclic(
    frames: NDArray[np.generic], phases: NDArray[np.float64], targets: NDArray[np.float64]
) -> NDArray[np.generic]:
    """Interpolate frames linearly around the beat.

    Args:
        frames: values at the known phases, (T, ...).
        phases: where they stand in the beat, rising, in [0, 1), (T,).
        targets: phases asked for, in [0, 1), (N,).

    Returns:
        Values at the targets, (N, ...); the very frames, in their own type, where every target is a known phase.
    """
    before, after, weight = _neighbours(phases, targets)
    if not weight.any():
        return frames[before]
    share = weight.astype(np.float32).reshape(-1, *(1,) * (frames.ndim - 1))
    early = frames[before].astype(np.float32)
    return np.asarray(early + share * (frames[after].astype(np.float32) - early))


def resample_beat(frames: NDArray[np.generic], count: int) -> NDArray[np.generic]:
    """Resample one beat, (T, ...), to `count` frames, (count, ...)."""
    return interpolate_cyclic(frames, phases(len(frames)), phases(count))


def phases(count: int) -> NDArray[np.float64]:
    """Return the phases of `count` equal steps around the beat, (count,)."""
    return np.arange(count) / count


def nearest_frames(count: int, target: int) -> NDArray[np.intp]:
    """Return for each of `count` source frames the nearest of `target` frames around the beat, (count,)."""
    return np.asarray(np.floor(phases(count) * target + 0.5), dtype=np.intp) % target


def frame_duration(step: float, unit: str, frames: int, view: str) -> tuple[float, list[Finding]]:
    """Turn a header's time step into milliseconds, distrusting its unit where the beat would be impossible.

    Args:
        step: time between frames in the header's unit.
        unit: NIfTI's name of the unit; anything but a time counts as unknown.
        frames: frames of the beat; two or fewer have no duration.
        view: where findings belong.

    Returns:
        Milliseconds between frames, NaN where unknown, and findings.
    """
    if frames <= 2:
        return float("nan"), []
    scale = UNIT_MS.get(unit, 0.0)
    if _possible(step * scale * frames):
        return step * scale, []
    guesses = [step * other for other in UNIT_MS.values() if _possible(step * other * frames)]
    if len(guesses) == 1:
        message = f"{frames} frames of {step:g} {unit} are no heart beat; {guesses[0]:g} ms a frame are"
        return guesses[0], [Finding("frame-unit", "repaired", view, message)]
    message = f"frame duration unknown ({step:g} {unit})"
    return float("nan"), [Finding("frame-duration", "noted", view, message)]


def beat_ms(series: Series) -> float:
    """Return the length of a series' beat in ms, NaN where unknown."""
    return series.frame_ms * series.pixels.shape[3]


def beats_differ(series: list[Series]) -> list[Finding]:
    """Note views whose beats are of different length: the same phase is then not quite the same moment."""
    known = {one.view: beat for one in series if np.isfinite(beat := beat_ms(one))}
    if not known or max(known.values()) <= (1 + BEAT_CHANGE) * min(known.values()):
        return []
    listed = ", ".join(f"{view} {beat:.0f} ms" for view, beat in known.items())
    return [Finding("beats-differ", "noted", "", f"the views were acquired at different heart rates: {listed}")]


def _possible(duration: float) -> bool:
    return BEAT_MS[0] <= duration <= BEAT_MS[1]


def _neighbours(
    phases: NDArray[np.float64], targets: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return the indices before and after each target and the weight of the later one."""
    later = np.searchsorted(phases, targets, side="right")
    before, after = (later - 1) % len(phases), later % len(phases)
    gap = (phases[after] - phases[before]) % 1.0
    gap[gap == 0] = 1.0
    return before, after, ((targets - phases[before]) % 1.0) / gap
