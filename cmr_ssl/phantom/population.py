"""One subject's body, volumes and shape, with the distributions of UK Biobank.

Targets are the published means, spreads and correlations of the first 5,000 participants; the correlations come from
eight standard normal variables that the measurements share, see `_draw_volumes`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cmr_ssl.phantom.pathology import DISEASES, Disease, Pathology, Range

Territory = Literal["", "LAD", "RCA", "LCX"]
TERRITORIES: tuple[Territory, ...] = ("LAD", "RCA", "LCX")


@dataclass(frozen=True)
class Body:
    """Sex, age in years, height in cm, weight in kg, heart rate per minute."""

    male: bool
    age: float
    height: float
    weight: float
    heart_rate: float

    @property
    def bmi(self) -> float:
        """Body mass index in kg/m2."""
        return self.weight / (self.height / 100) ** 2

    @property
    def bsa(self) -> float:
        """Body surface area in m2 (Mosteller)."""
        return float(np.sqrt(self.height * self.weight / 3600))


@dataclass(frozen=True)
class Volumes:
    """Largest and smallest chamber volumes in mL, LV mass in g."""

    lvedv: float
    lvesv: float
    lvm: float
    rvedv: float
    rvesv: float
    lavmax: float
    lavmin: float
    ravmax: float
    ravmin: float


@dataclass(frozen=True)
class Shape:
    """Shape and motion of the heart; lengths in mm, angles in degrees, the rest relative."""

    length: float  # LV cavity length over the cube root of its volume
    avpd: float  # descent of the mitral plane
    tapse: float  # descent of the tricuspid plane
    septal_excess: float  # extra thickness of the septum relative to the mean wall
    rv_half_angle: float  # half of the angle the RV spans
    kick: float  # share of ventricular filling brought by the atrial contraction
    passive: float  # share of atrial emptying before that contraction
    twist: float  # factor on the normal twist
    bump: float  # extra thickness of an asymmetrically hypertrophied septum
    bump_angle: float  # its position, 0 at mid-septum, positive anterior
    akinesia: float  # lost inward motion of the infarcted wall
    thinning: float  # lost thickness of the infarcted wall
    territory: Territory  # coronary artery of the infarct, empty without one
    flattening: float  # septal flattening by an overloaded RV


@dataclass(frozen=True)
class Subject:
    """One synthetic person."""

    pathology: Pathology
    body: Body
    volumes: Volumes
    shape: Shape


def draw_pathology(rng: np.random.Generator) -> Pathology:
    """Draw a pathology at the rates of a mixed cohort."""
    names = tuple(DISEASES)
    return names[int(rng.choice(len(names), p=[DISEASES[name].share for name in names]))]


def draw_subject(rng: np.random.Generator, pathology: Pathology) -> Subject:
    """Draw one subject with the given pathology."""
    disease = DISEASES[pathology]
    body = _draw_body(rng)
    volumes = _draw_volumes(rng, body, disease)
    return Subject(pathology, body, volumes, _draw_shape(rng, body, volumes, disease))


def _draw_body(rng: np.random.Generator) -> Body:
    male = bool(rng.random() < 0.47)
    age = np.clip(rng.normal(62.0, 7.5), 44.0, 82.0)
    height = rng.normal(176.0, 7.0) if male else rng.normal(163.0, 6.0)
    spread = 0.14 if male else 0.17
    bmi = np.clip((27.1 if male else 26.2) * np.exp(spread * rng.normal(-0.012, 1.0)), 17.0, 45.0)
    heart_rate = np.clip(rng.normal(60.0 if male else 62.0, 10.0), 40.0, 105.0)
    return Body(male, float(age), float(height), float(bmi * (height / 100) ** 2), float(heart_rate))


def _uniform(rng: np.random.Generator, bounds: Range) -> float:
    return float(rng.uniform(*bounds))


def _draw_volumes(rng: np.random.Generator, body: Body, disease: Disease) -> Volumes:
    z = rng.normal(size=8)  # shared between volumes, so that they correlate
    years, male = body.age - 62.0, body.male
    size = (80.0 if male else 69.5) * body.bsa * np.exp(0.15 * z[0] - 0.011)
    lvedv = size * (1 - 0.004 * years) * (1 - 0.0035 * (body.heart_rate - 61.0)) * _uniform(rng, disease.lvedv)
    lvef = _lvef(rng, (0.582 if male else 0.602) - 0.018 * z[0] + 0.050 * z[1], disease)
    muscle = np.exp(0.10 * z[2] + 0.045 * (body.bmi - 26.6) / 4.2 - 0.035 * z[0] + 0.003 * years)
    lvm = (0.63 if male else 0.60) * muscle * disease.muscle * lvedv
    rvef = _rvef(rng, lvef, 0.563 + 0.85 * (lvef - 0.585) - 0.008 * z[0] + 0.027 * z[3], disease)
    rvsv = lvedv * lvef * (1 + 0.02 * rng.normal())
    lavmax = 34.2 * body.bsa * np.exp(0.24 * z[4] + 0.12 * z[0]) * (1 + 0.004 * years) * disease.la
    laef = 0.592 + 0.03 * z[1] - 0.045 * z[4] - 0.002 * years + 0.08 * z[5] + disease.laef_change
    laef = np.clip(laef if disease.laef is None else _uniform(rng, disease.laef), 0.15, 0.80)
    ravmax = (43.5 if male else 37.5) * body.bsa * np.exp(0.24 * z[6] + 0.12 * z[0] + 0.04 * z[4]) * disease.ra
    raef = np.clip(0.425 + 0.095 * z[7] - 0.02 * z[6] + disease.raef_change, 0.12, 0.70)
    values = (lvedv, lvedv * (1 - lvef), lvm, rvsv / rvef, rvsv / rvef - rvsv)
    return Volumes(*map(float, (*values, lavmax, lavmax * (1 - laef), ravmax, ravmax * (1 - raef))))


def _lvef(rng: np.random.Generator, normal: float, disease: Disease) -> float:
    value = normal + _uniform(rng, disease.lvef_change) if disease.lvef is None else _uniform(rng, disease.lvef)
    return float(np.clip(value, 0.15, 0.80))


def _rvef(rng: np.random.Generator, lvef: float, normal: float, disease: Disease) -> float:
    value = normal if disease.lvef is None else lvef
    value = value + disease.rvef_change if disease.rvef is None else _uniform(rng, disease.rvef)
    return float(np.clip(value, 0.18, 0.78))


def _draw_shape(rng: np.random.Generator, body: Body, volumes: Volumes, disease: Disease) -> Shape:
    length = disease.length + 0.06 * rng.normal()
    lvef, rvef = 1 - volumes.lvesv / volumes.lvedv, 1 - volumes.rvesv / volumes.rvedv
    tapse = rng.normal(20.0, 3.0) * rvef / 0.56 if disease.tapse is None else _uniform(rng, disease.tapse)
    kick = np.clip(0.10 + 0.0045 * (body.age - 20) + 0.05 * rng.normal(), 0.1, 0.5) * disease.kick
    return Shape(
        length=float(length),
        avpd=float(0.25 * length * np.cbrt(volumes.lvedv * 1e3) * lvef * np.clip(rng.normal(1.0, 0.1), 0.7, 1.3)),
        tapse=float(np.clip(tapse, 6.0, 30.0)),
        septal_excess=float(rng.normal(0.12, 0.05)),
        rv_half_angle=float(disease.rv_half_angle + 4 * rng.normal()),
        kick=float(kick),
        passive=float(np.clip(rng.normal(0.55, 0.1), 0.3, 0.8)) if kick > 0 else 1.0,
        twist=float(max(0.3, rng.normal(1.0, 0.3)) * np.clip(lvef / 0.59, 0.2, 1.2)),
        bump=_uniform(rng, disease.bump),
        bump_angle=float(rng.choice([-20.0, 20.0])),
        akinesia=_uniform(rng, disease.akinesia),
        thinning=_uniform(rng, disease.thinning),
        territory=TERRITORIES[int(rng.integers(3))] if disease.akinesia[1] > 0 else "",
        flattening=_uniform(rng, disease.flattening),
    )
