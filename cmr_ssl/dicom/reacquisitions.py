"""Choice among re-acquired slices: the pictures, of these the complete, of these the sharp, of these the latest ones.

The others become findings with their sharpness relative to the chosen one.
"""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.dicom.cine import Cine
from cmr_ssl.dicom.sharpest_try import look_at
from cmr_ssl.study import Finding

SAME_PLACE_MM = 1.0  # slices closer than this, or than half their thickness, show the same place
ROUNDING_MM = 0.1  # of half a thickness, at which slices that overlap by half lie
BLURRED = 1 / 1.15  # of the sharpest; two good acquisitions differ by a few hundredths
TOO_SHARP = 2.5  # times as sharp as others, as tags and maps are, and no other breath-hold


def choose_slices(cines: list[Cine], down: NDArray[np.float64]) -> tuple[list[Cine], list[Finding]]:
    """Return one cine a position of parallel ones, and findings on the others; `down` is base to apex, LPS+, (3,)."""
    common = Counter(cine.grid.plane for cine in cines).most_common(1)[0][0]
    chosen: list[Cine] = []
    findings: list[Finding] = []
    for acquisitions in group_by_position(cines, down):
        best, more = choose_plane("sa", acquisitions, common)
        chosen.append(best)
        findings += more
    return chosen, findings


def choose_plane(view: str, cines: list[Cine], common: tuple[object, ...] | None = None) -> tuple[Cine, list[Finding]]:
    """Return the best of several acquisitions of one plane, and findings on the others.

    Cines on the `common` grid of their stack, see `PixelGrid.plane`, are preferred.
    """
    if len(cines) == 1:
        return cines[0], []
    looks = [look_at(cine) for cine in cines]
    sharp = [look.sharpness for look in looks]
    ranks = [(not look.noisy, *rank(cine, common)) for look, cine in zip(looks, cines, strict=True)]
    equal = _of_one_kind([index for index, its in enumerate(ranks) if its == max(ranks)], sharp)
    least = BLURRED * max((sharp[index] for index in equal if not np.isnan(sharp[index])), default=0.0)
    clear = [index for index in equal if not sharp[index] < least]
    best = max(clear, key=lambda index: (cines[index].acquired, cines[index].series))
    others = [index for index in range(len(cines)) if index != best]
    return cines[best], [_replaced(view, cines[index], cines[best], sharp[index] / sharp[best]) for index in others]


def _of_one_kind(indices: list[int], sharp: list[float]) -> list[int]:
    """Return the indices without those of slices too sharp to be the same kind of picture as the others."""
    known = sorted(sharp[index] for index in indices if not np.isnan(sharp[index]))
    if not known:
        return indices
    usual = known[(len(known) - 1) // 2]
    return [index for index in indices if not sharp[index] > TOO_SHARP * usual]


def rank(cine: Cine, common: tuple[object, ...] | None) -> tuple[bool, float, bool]:
    """Return a sort key, larger for cines that are as acquired, complete, and on the common grid."""
    return not cine.derived, -cine.missing / len(cine.frames), cine.grid.plane == common


def height(cine: Cine, direction: NDArray[np.float64]) -> float:
    """Return the position of a slice's middle along a direction in LPS+, mm."""
    rows, columns, spacing, orientation, position = cine.grid
    along, down = np.array(orientation[:3]) * spacing[1], np.array(orientation[3:]) * spacing[0]
    return float((np.array(position) + along * (columns - 1) / 2 + down * (rows - 1) / 2) @ direction)


def group_by_position(cines: list[Cine], across: NDArray[np.float64]) -> list[list[Cine]]:
    """Group parallel cines by their position along the direction across them, LPS+, (3,), in its order."""
    ordered = sorted(cines, key=lambda cine: height(cine, across))
    places = [[ordered[0]]]
    for cine in ordered[1:]:
        first = places[-1][0]
        if height(cine, across) - height(first, across) < max(SAME_PLACE_MM, first.thickness / 2 - ROUNDING_MM):
            places[-1].append(cine)
        else:
            places.append([cine])
    return places


def _replaced(view: str, cine: Cine, better: Cine, sharp: float) -> Finding:
    """Return why a cine was not used; `sharp` is its sharpness relative to the one that was."""
    reasons = {
        "smoother": sharp > TOO_SHARP,
        "complete": better.missing < cine.missing,
        "sharper": sharp < BLURRED,
        "later": better.acquired > cine.acquired,
    }
    reason = next((reason for reason, holds in reasons.items() if holds), "better")
    value = None if np.isnan(sharp) else sharp
    doubt = ", as noise, phases or tags have" if sharp > TOO_SHARP else ""
    measured = "" if value is None else f" (this one has {value:.2f} of its sharpness{doubt})"
    apart = abs(height(cine, better.normal) - height(better, better.normal))
    place = "the same place" if apart < max(SAME_PLACE_MM, better.thickness / 2) else f"a place {apart:.0f} mm away"
    message = f"{cine.name} was acquired again at {place}; the {reason} one was used{measured}"
    return Finding("re-acquired", "noted", view, message, value)
