"""Frames of a beat on a circle: frame k of T has the phase k / T, and frame 0 follows frame T - 1."""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.study import Finding, Series

BEAT_MS = (300.0, 2500.0)  # 200 to 24 beats a minute
BEAT_CHANGE = 0.2  # relative, between views of one subject, above which it is a finding
UNIT_MS = {"sec": 1000.0, "msec": 1.0, "usec": 0.001}


def interpolate_cyclic(
    frames: NDArray[np.generic], phases: NDArray[np.float64], targets: NDArray[np.float64]
) -> NDArray[np.generic]:
    """Interpolate frames linearly around the beat.

    Args:
        frames: values at the known phases, (T, ...).
        phases: their phases, rising, in [0, 1), (T,).
        targets: requested phases, in [0, 1), (N,).

    Returns:
        Values at the targets, (N, ...); copies of frames, in their own type, where every target is a known phase.
    """
    after = np.searchsorted(phases, targets, side="right")
    before, after = (after - 1) % len(phases), after % len(phases)
    gap = (phases[after] - phases[before]) % 1.0
    gap[gap == 0] = 1.0
    weight = ((targets - phases[before]) % 1.0) / gap  # of the later frame
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
    """Convert a header's time step to milliseconds, correcting the unit where the beat would be impossible.

    Args:
        step: time between frames in the header's unit.
        unit: NIfTI's name of the unit; anything but a time is unknown.
        frames: frames of the beat; two or fewer have no duration.
        view: where findings belong.

    Returns:
        Milliseconds between frames, NaN where unknown, and findings.
    """
    if frames <= 2:
        return float("nan"), []
    shortest, longest = (limit / frames for limit in BEAT_MS)
    if shortest <= step * UNIT_MS.get(unit, 0.0) <= longest:
        return step * UNIT_MS[unit], []
    guesses = [step * scale for scale in UNIT_MS.values() if shortest <= step * scale <= longest]
    if len(guesses) == 1:
        message = f"{frames} frames of {step:g} {unit} are no heart beat; {guesses[0]:g} ms a frame are"
        return guesses[0], [Finding("frame-unit", "repaired", view, message)]
    message = f"frame duration unknown ({step:g} {unit})"
    return float("nan"), [Finding("frame-duration", "noted", view, message)]


def beat_ms(series: Series) -> float:
    """Return the length of a series' beat in ms, NaN where unknown."""
    return series.frame_ms * series.pixels.shape[3]


def beats_differ(series: list[Series]) -> list[Finding]:
    """Note views whose beats differ in length: the same phase is then not exactly the same moment."""
    beats = {one.view: beat for one in series if np.isfinite(beat := beat_ms(one))}
    if not beats or max(beats.values()) <= (1 + BEAT_CHANGE) * min(beats.values()):
        return []
    listed = ", ".join(f"{view} {beat:.0f} ms" for view, beat in beats.items())
    return [Finding("beats-differ", "noted", "", f"the views were acquired at different heart rates: {listed}")]
