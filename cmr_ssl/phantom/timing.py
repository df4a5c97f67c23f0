"""Timing of the beat: filling of each chamber at every frame, 1 at its largest and 0 at its smallest."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.phantom.population import Body, Shape
from cmr_ssl.volumes import MS_A_MINUTE

Array = NDArray[np.float64]

CONTRACTION_MS = 45.0  # isovolumic contraction after the R wave, and the lag of the trigger behind the Q wave
RELAXATION_MS = 70.0  # isovolumic relaxation
KICK_LEAD_MS = 155.0  # the atria contract this long before the next R wave


class Beat(NamedTuple):
    """Curves over one closed beat, all (T,); frame t lies at t * rr_ms / T after the R wave."""

    rr_ms: float  # length of the beat
    lv: Array  # filling of the left ventricle, 1 at frame 0
    rv: Array  # filling of the right ventricle; the tricuspid plane follows
    la: Array  # filling of the left atrium, 0 at frame 0
    ra: Array  # filling of the right atrium
    twist: Array  # twist of the left ventricle, 0 to 1
    ejection: Array  # speed of LV ejection relative to its peak, 0 to 1
    inflow: Array  # speed of early LV filling relative to its peak, 0 to 1


def smooth_step(x: Array) -> Array:
    """Rise from 0 at x <= 0 to 1 at x >= 1 without a kink."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def end_systole_ms(body: Body) -> float:
    """Return the end of ejection in ms after the R wave (Weissler-type regression of QS2 on heart rate)."""
    qs2 = 541.0 - 2.2 * body.heart_rate if body.male else 540.0 - 2.0 * body.heart_rate
    return qs2 - CONTRACTION_MS


def beat(body: Body, shape: Shape, frames: int) -> Beat:
    """Return the curves of one beat at `frames` equidistant times."""
    rr = MS_A_MINUTE / body.heart_rate
    t = np.arange(frames) * rr / frames
    es = end_systole_ms(body)
    lv = _ventricle(t, rr, es, shape.kick)
    rv = _ventricle(t, rr, es + 10.0, shape.kick)
    la = _atrium(t, rr, es, shape.passive)
    ra = _atrium(t, rr, es + 10.0, shape.passive)
    twist = smooth_step(t / es) * (1.0 - smooth_step((t - es) / (0.35 * (rr - es))))
    speed = np.gradient(lv)
    early = np.where(t < rr - KICK_LEAD_MS, speed, 0.0)
    lv, rv, la, ra = (_full_range(curve) for curve in (lv, rv, la, ra))
    return Beat(rr, lv, rv, la, ra, twist, _peak(-speed), _peak(early))


def _opening(rr: float, es: float) -> tuple[float, float, float]:
    """Return mitral opening, duration of rapid filling and start of the atrial contraction, in ms."""
    opening, kick = es + RELAXATION_MS, rr - KICK_LEAD_MS
    return opening, float(np.clip(kick - opening, 120.0, 220.0)), kick


def _ventricle(t: Array, rr: float, es: float, kick_share: float) -> Array:
    opening, rapid, kick = _opening(rr, es)
    ejected = smooth_step((t - CONTRACTION_MS) / (es - CONTRACTION_MS))
    filled = (1 - kick_share) * smooth_step((t - opening) / rapid) + kick_share * smooth_step((t - kick) / (rr - kick))
    return 1.0 - ejected + filled


def _atrium(t: Array, rr: float, es: float, passive: float) -> Array:
    opening, rapid, kick = _opening(rr, es)
    emptied = passive * smooth_step((t - opening) / rapid) + (1 - passive) * smooth_step((t - kick) / (rr - kick))
    return smooth_step(t / es) - emptied


def _full_range(curve: Array) -> Array:
    """Stretch a sampled curve so that it reaches 0 and 1: the extreme volumes are those of the sampled frames."""
    return (curve - curve.min()) / (curve.max() - curve.min())


def _peak(speed: Array) -> Array:
    return np.clip(speed, 0.0, None) / max(float(speed.max()), 1e-9)
