"""How fast the left ventricle empties and fills, and how much the atria empty, from volume curves over one beat."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from cmr_ssl.measures.value import Value, value_or_reason

Array = NDArray[np.float64]

ORDER = 3  # a cubic in the window keeps the height and width of a peak
WINDOW_MS = 110.0
FEWEST_FRAMES_IN_WINDOW = ORDER + 2
SLOWEST_FRAMES_MS = 45.0  # between frames; early filling lasts 120 to 220 ms
FEWEST_FRAMES = 16  # of a beat


def smoothed(curve: Array, frame_ms: float, deriv: int = 0) -> Array:
    """Return a closed curve, or its rate per second, smoothed over the beat.

    A cubic is fitted to each window of about 110 ms, at least 5 frames, and the last frame precedes the first (Savitzky
    & Golay, Anal Chem 1964; 36:1627). Unlike a running mean it keeps the height of a peak that is a parabola over the
    window, and noise of single frames no longer chooses ED and ES.

    Args:
        curve: volumes at even times over one whole beat, (T,).
        frame_ms: time between frames.
        deriv: 1 for the rate.
    """
    frames = max(FEWEST_FRAMES_IN_WINDOW, round(WINDOW_MS / frame_ms))
    frames += 1 - frames % 2
    values = savgol_filter(curve, frames, ORDER, deriv=deriv, delta=frame_ms * 1e-3, mode="wrap")
    return np.asarray(values, dtype=np.float64)


def emptying_fraction(curve: Array, frame_ms: float) -> float:
    """Return the total emptying fraction 100 (V_max - V_min) / V_max of the smoothed curve, percent.

    Source: Petersen et al., J Cardiovasc Magn Reson 2017; 19:18. Noise would bias both extremes of the raw curve.
    """
    smooth = smoothed(curve, frame_ms)
    return float(100.0 * (smooth.max() - smooth.min()) / smooth.max())


def peak_rates(curve: Array, frame_ms: float) -> tuple[float, float]:
    """Return peak ejection and peak early filling rate in mL/s, both positive.

    Of the smoothed curve: max -dV/dt from ED to ES, and max dV/dt in the first half of diastole, because the second
    half holds the atrial kick (Maceira et al., J Cardiovasc Magn Reson 2006; 8:417).
    """
    smooth, rate = smoothed(curve, frame_ms), smoothed(curve, frame_ms, deriv=1)
    ed, es = int(smooth.argmax()), int(smooth.argmin())
    systole = (np.arange(len(smooth)) + ed)[: (es - ed) % len(smooth) + 1] % len(smooth)
    diastole = (np.arange(len(smooth)) + es)[: (ed - es) % len(smooth) + 1] % len(smooth)
    early = diastole[: len(diastole) // 2 + 1]
    return float(-rate[systole].min()), float(rate[early].max())


def rate_values(curve: Array | None, frame_ms: float, edv: float, reason: str) -> list[Value]:
    """Return peak ejection and filling rate, absolute and per end-diastolic volume.

    Args:
        curve: volume of the LV in mL, (T,), None without one.
        frame_ms: time between frames.
        edv: end-diastolic volume in mL.
        reason: why there is no curve.
    """
    reason = reason or unusable(curve, frame_ms)
    rates = (np.nan, np.nan) if curve is None or reason else peak_rates(curve, frame_ms)
    values: list[Value] = []
    for name, rate in zip(("peak ejection rate", "peak filling rate"), rates, strict=True):
        values.append(value_or_reason(name, "LV", "beat", rate, "mL/s", reason))
        values.append(value_or_reason(f"{name} per EDV", "LV", "beat", rate / edv, "1/s", reason))
    return values


def emptying_values(curve: Array | None, frame_ms: float, reason: str) -> list[Value]:
    """Return the emptying fraction of the LA; see `rate_values`.

    That of the RA is left out, because its one view reads 10 points too low.
    """
    reason = reason or unusable(curve, frame_ms)
    fraction = np.nan if curve is None or reason else emptying_fraction(curve, frame_ms)
    return [value_or_reason("total emptying fraction", "LA", "beat", fraction, "%", reason)]


def unusable(curve: Array | None, frame_ms: float) -> str:
    """Return why no rate can be computed from a curve, or an empty text."""
    if curve is None:
        return "there is no volume curve"
    if len(curve) < FEWEST_FRAMES:
        return f"{len(curve)} frames are too few for a curve over the beat: {FEWEST_FRAMES} are needed"
    if not np.isfinite(curve).all():
        return "the curve has frames without labels, so it is no closed beat"
    if not np.isfinite(frame_ms) or frame_ms <= 0:
        return "the time between frames is unknown"
    if frame_ms > SLOWEST_FRAMES_MS:
        return f"frames are {frame_ms:.0f} ms apart, more than the {SLOWEST_FRAMES_MS:.0f} ms that a peak needs"
    return ""
