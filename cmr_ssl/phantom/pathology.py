"""Effects of diseases on the heart, as numbers that `population` and `heart` apply."""

from dataclasses import dataclass
from typing import Literal

Pathology = Literal[
    "normal", "concentric_hypertrophy", "asymmetric_hypertrophy", "dilated", "infarct", "rv_overload", "af_like"
]
Range = tuple[float, float]


@dataclass(frozen=True)
class Disease:
    """Deviation of one pathology from the normal heart; a pair is the range a subject is drawn from."""

    share: float  # fraction of a mixed cohort
    lvedv: Range = (1.0, 1.0)  # factor on the LV end-diastolic volume
    lvef: Range | None = None  # the LV ejection fraction itself, where the disease dictates it
    lvef_change: Range = (0.0, 0.0)  # added to the LV ejection fraction otherwise
    rvef: Range | None = None  # the RV ejection fraction itself, where the disease dictates it
    rvef_change: float = 0.0  # added to the RV ejection fraction; follows the LV where `lvef` is dictated
    muscle: float = 1.0  # factor on the ratio of LV mass to volume
    la: float = 1.0  # factor on the largest LA volume
    laef: Range | None = None  # the LA ejection fraction itself, where the disease dictates it
    laef_change: float = 0.0  # added to the LA ejection fraction
    ra: float = 1.0  # factor on the largest RA volume
    raef_change: float = 0.0  # added to the RA ejection fraction
    length: float = 1.68  # LV cavity length over the cube root of its volume, 1.68 in normal hearts
    tapse: Range | None = None  # tricuspid excursion in mm, where the disease dictates it
    rv_half_angle: float = 76.0  # half of the angle the RV spans around the LV, degrees
    kick: float = 1.0  # factor on the part of filling that the atrial contraction brings; 0 when the atria fibrillate
    bump: Range = (0.0, 0.0)  # extra septal thickness relative to the mean wall
    akinesia: Range = (0.0, 0.0)  # lost share of the infarcted wall's inward motion; above 1 it bulges outward
    thinning: Range = (0.0, 0.0)  # fraction of thickness the infarcted wall has lost
    flattening: Range = (0.0, 0.0)  # displacement of the septum towards the LV, relative to its radius


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
