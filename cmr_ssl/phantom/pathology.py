"""What diseases do to a heart: plain numbers that `population` and `heart` apply."""

from dataclasses import dataclass
from typing import Literal

Pathology = Literal[
    "normal", "concentric_hypertrophy", "asymmetric_hypertrophy", "dilated", "infarct", "rv_overload", "af_like"
]
Range = tuple[float, float]


@dataclass(frozen=True)
class Disease:
    """How one pathology departs from the normal heart; a pair is the range a subject is drawn from.

    Attributes:
        share: fraction of a mixed cohort.
        lvedv: factor on the LV end-diastolic volume.
        lvef: the LV ejection fraction itself, where the disease dictates it.
        lvef_change: added to the LV ejection fraction otherwise.
        rvef: the RV ejection fraction itself, where the disease dictates it.
        rvef_change: added to the RV ejection fraction; follows the LV where `lvef` is dictated.
        muscle: factor on the ratio of LV mass to volume.
        la: factor on the largest LA volume.
        laef: the LA ejection fraction itself, where the disease dictates it.
        laef_change: added to the LA ejection fraction.
        ra: factor on the largest RA volume.
        raef_change: added to the RA ejection fraction.
        length: LV cavity length over the cube root of its volume, 1.68 in normal hearts.
        tapse: tricuspid excursion in mm, where the disease dictates it.
        rv_half_angle: half of the angle the RV spans around the LV, degrees.
        kick: factor on the part of filling that the atrial contraction brings; 0 when the atria fibrillate.
        bump: extra septal thickness relative to the mean wall.
        akinesia: how much of its inward motion the infarcted wall loses; above 1 it bulges outward.
        thinning: fraction of thickness the infarcted wall has lost.
        flattening: how far the septum is pressed towards the LV, relative to its radius.
    """

    share: float
    lvedv: Range = (1.0, 1.0)
    lvef: Range | None = None
    lvef_change: Range = (0.0, 0.0)
    rvef: Range | None = None
    rvef_change: float = 0.0
    muscle: float = 1.0
    la: float = 1.0
    laef: Range | None = None
    laef_change: float = 0.0
    ra: float = 1.0
    raef_change: float = 0.0
    length: float = 1.68
    tapse: Range | None = None
    rv_half_angle: float = 76.0
    kick: float = 1.0
    bump: Range = (0.0, 0.0)
    akinesia: Range = (0.0, 0.0)
    thinning: Range = (0.0, 0.0)
    flattening: Range = (0.0, 0.0)


DISEASES: dict[Pathology, Disease] = {
    "normal": Disease(share=0.885),
    "concentric_hypertrophy": Disease(share=0.05, muscle=1.22),
    "asymmetric_hypertrophy": Disease(
        share=0.015, lvedv=(0.95, 0.95), lvef_change=(0.06, 0.06), muscle=1.45, la=1.2, kick=1.2, bump=(0.6, 1.2)
    ),
    "dilated": Disease(
        share=0.015, lvedv=(1.25, 1.7), lvef=(0.20, 0.42), rvef_change=0.05, muscle=0.92, la=1.25, laef_change=-0.1,
        length=1.55,
    ),
    "infarct": Disease(
        share=0.015, lvedv=(1.12, 1.12), lvef_change=(-0.20, -0.06), rvef_change=-0.02, laef_change=-0.05,
        akinesia=(0.6, 1.1), thinning=(0.15, 0.30),
    ),
    "rv_overload": Disease(
        share=0.01, rvef=(0.28, 0.44), ra=1.4, raef_change=-0.06, tapse=(10.0, 14.0), rv_half_angle=84.0,
        flattening=(0.08, 0.25),
    ),
    "af_like": Disease(share=0.01, la=1.5, laef=(0.15, 0.25), ra=1.25, raef_change=-0.15, kick=0.0),
}  # fmt: skip
