"""How fast the left ventricle empties and fills, and how much the atria empty, from volume curves over one beat."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from cmr_ssl.measures.value import Value, told

Array = NDArray[np.float64]

ORDER = 3  # a cubic in the window keeps the height and width of a peak
WINDOW_MS = 110.0
FEWEST_FRAMES_IN_WINDOW = ORDER + 2
SLOWEST_FRAMES_MS = 45.0  # between frames; early filling lasts 120 to 220 ms
FEWEST_FRAMES = 16  # of a beat
UNEVEN = "the curve has frames without labels, so it is no closed beat"
NO_TIME = "the time between frames is unknown"


def smoothed(curve: Array, frame_ms: float, deriv: int = 0) -> Array:
    """Return a closed curve, or its rate per second, smoothed over the beat.

    A cubic is fitted to each window of about 110 ms, at least 5 frames, the last frame being followed by the first
    (Savitzky & Golay, Anal Chem 1964; 36:1627). A peak keeps its height where it is a parabola over the window, so that
    ED and ES are not drawn together as by a running mean, while noise of single frames no longer chooses them.

    Args:
        curve: volumes at even times over one whole beat, (T,).
        frame_ms: time between frames.
        deriv: 1 for the rate.
    """
    frames = max(FEWEST_FRAMES_IN_WINDOW, round(WINDOW_MS / frame_ms))
    frames += 1 - frames % 2
    even = savgol_filter(curve, frames, ORDER, deriv=deriv, delta=frame_ms * 1e-3, mode="wrap")
    return np.asarray(even, dtype=np.float64)


def emptying_fraction(curve: Array, frame_ms: float) -> float:
    """Return the total emptying fraction 100 (V_max - V_min) / V_max of the smoothed curve, percent.

    Source: Petersen et al., J Cardiovasc Magn Reson 2017; 19:18. Taken from the raw curve, largest and smallest are
    those that noise has made larger and smaller.
    """
    even = smoothed(curve, frame_ms)
    return float(100.0 * (even.max() - even.min()) / even.max())


def peak_rates(curve: Array, frame_ms: float) -> tuple[float, float]:
    """Return peak ejection and peak early filling rate in mL/s, both positive.

    The largest -dV/dt between ED and ES, and the largest dV/dt in the first half of diastole, of the smoothed curve:
    the second half holds the atrial kick (Maceira et al., J Cardiovasc Magn Reson 2006; 8:417).
    """
    even, rate = smoothed(curve, frame_ms), smoothed(curve, frame_ms, deriv=1)
    ed, es = int(even.argmax()), int(even.argmin())
    systole = (np.arange(len(even)) + ed)[: (es - ed) % len(even) + 1] % len(even)
    diastole = (np.arange(len(even)) + es)[: (ed - es) % len(even) + 1] % len(even)
    early = diastole[: len(diastole) // 2 + 1]
    return float(-rate[systole].min()), float(rate[early].max())


def rate_values(curve: Array | None, frame_ms: float, edv: float, why: str) -> list[Value]:
    """Return peak ejection and filling rate, absolute and per end-diastolic volume.

    Args:
        curve: volume of the LV in mL, (T,), None without one.
        frame_ms: time between frames.
        edv: end-diastolic volume in mL.
        why: why there is no curve.
    """
    said = why or unusable(curve, frame_ms)
    rates = (np.nan, np.nan) if curve is None or said else peak_rates(curve, frame_ms)
    rows: list[Value] = []
    for name, rate in zip(("peak ejection rate", "peak filling rate"), rates, strict=True):
        rows.append(told(name, "LV", "beat", rate, "mL/s", said))
        rows.append(told(f"{name} per EDV", "LV", "beat", rate / edv, "1/s", said))
    return rows


def emptying_values(curve: Array | None, frame_ms: float, why: str) -> list[Value]:
    """Return the emptying fraction of the LA; that of the RA is not told, whose one view reads it 10 points too low.

    Args:
        curve: volume of the LA in mL, (T,), None without one.
        frame_ms: time between frames.
        why: why there is no curve.
    """
    said = why or unusable(curve, frame_ms)
    value = np.nan if curve is None or said else emptying_fraction(curve, frame_ms)
    return [told("total emptying fraction", "LA", "beat", value, "%", said)]


def unusable(curve: Array | None, frame_ms: float) -> str:
    """Say why no rate can be told of a curve; empty where one can."""
    if curve is None:
        return "there is no volume curve"
    if len(curve) < FEWEST_FRAMES:
        return f"{len(curve)} frames are too few for a curve over the beat: {FEWEST_FRAMES} are needed"
    if not np.isfinite(curve).all():
        return UNEVEN
    if not np.isfinite(frame_ms) or frame_ms <= 0:
        return NO_TIME
    if frame_ms > SLOWEST_FRAMES_MS:
        return f"frames are {frame_ms:.0f} ms apart, more than the {SLOWEST_FRAMES_MS:.0f} ms that a peak needs"
    return ""
