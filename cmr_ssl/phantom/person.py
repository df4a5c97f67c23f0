"""One synthetic subject from seed to images: everything about subject k depends on (seed, k) alone."""

from typing import NamedTuple

import numpy as np

from cmr_ssl.phantom.cohort_spec import FIRST_VISIT, PRESETS, CohortSpec, PathologyName, Preset
from cmr_ssl.phantom.faults import RATES, apply_faults
from cmr_ssl.phantom.heart import build_heart
from cmr_ssl.phantom.population import Subject, draw_pathology, draw_subject
from cmr_ssl.phantom.prescription import place_heart, prescribe
from cmr_ssl.phantom.scanner import DEFAULT, Scanner
from cmr_ssl.phantom.series_pixels import AcquiredSeries, World, acquire
from cmr_ssl.phantom.session import draw_session
from cmr_ssl.phantom.timing import beat
from cmr_ssl.phantom.tissue import make_scene
from cmr_ssl.phantom.torso import draw_torso, heart_centre
from cmr_ssl.planes import SHORT_AXIS

FIRST_ID = 900_000_000


class PhantomStudy(NamedTuple):
    """One subject with all acquired series and the names of the faults in them."""

    subject: Subject
    world: World
    series: list[AcquiredSeries]
    faults: list[str]

    @property
    def short_axis(self) -> AcquiredSeries:
        """The short-axis stack."""
        return next(series for series in self.series if series.plan.view == SHORT_AXIS)


def subject_id(index: int) -> str:
    """Return the 9-digit id of subject `index`, counted from 1."""
    return str(FIRST_ID + index)


def generators(seed: int, index: int, visit: int = FIRST_VISIT) -> list[np.random.Generator]:
    """Return independent generators for the subject, its placement, the scan, and faults."""
    entropy = (seed, index) if visit == FIRST_VISIT else (seed, index, visit)
    return [np.random.default_rng(child) for child in np.random.SeedSequence(entropy).spawn(4)]


def draw_person(seed: int, index: int, pathology: PathologyName) -> Subject:
    """Draw subject `index`; in a mixed cohort the pathology is drawn, too."""
    rng = generators(seed, index)[0]
    mixed = draw_pathology(rng)
    return draw_subject(rng, mixed if pathology == "mixed" else pathology)


def scan(spec: CohortSpec, index: int, visit: int = FIRST_VISIT) -> PhantomStudy:
    """Draw and image subject `index`; at another visit the same heart and chest are prescribed and scanned anew."""
    preset = PRESETS[spec.preset]
    subject = draw_person(spec.seed, index, spec.pathology)
    placement_rng = generators(spec.seed, index)[1]
    _, _, scan_rng, fault_rng = generators(spec.seed, index, visit)
    world = build_world(subject, preset, placement_rng, scan_rng, spec.scanner)
    breath = breath_scatter(scan_rng, subject.body.bsa)
    plans = prescribe(scan_rng, world.scene.heart, world.placement, preset.scale)
    acquired = [acquire(scan_rng, world, plan, breath) for plan in plans]
    series, faults = apply_faults(fault_rng, acquired, RATES[spec.faults])
    return PhantomStudy(subject, world, series, faults)


def breath_scatter(rng: np.random.Generator, bsa: float) -> float:
    """Draw the scatter of a subject's breath-holds, larger for larger people: SD in mm."""
    return 1.78 * float(np.exp(0.5 * rng.normal())) * (bsa / 1.89) ** 0.7


def build_world(
    subject: Subject,
    preset: Preset,
    placement_rng: np.random.Generator,
    scan_rng: np.random.Generator,
    scanner: Scanner = DEFAULT,
) -> World:
    """Put the subject's heart into a chest, and the chest into a scanner."""
    heart = build_heart(subject, beat(subject.body, subject.shape, preset.frames))
    torso = draw_torso(placement_rng, subject.body)
    session = draw_session(scan_rng, scanner, torso.half_width, torso.half_depth)
    torso = torso._replace(tissues=session.tissue_factors.apply(torso.tissues))
    placement = place_heart(placement_rng, heart_centre(placement_rng, torso), -0.45 * float(heart.epi.bottom[0]))
    fat = float(np.clip(2.8 + 0.28 * (subject.body.bmi - 26.5) + placement_rng.normal(0.0, 0.5), 1.0, 7.0))
    scene = make_scene(heart, torso.tissues, fat, torso.phases)
    return World(scene, torso, placement, session)
