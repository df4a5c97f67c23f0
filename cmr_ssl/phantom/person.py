"""One synthetic subject from seed to images: everything about subject k depends on (seed, k) alone."""

from typing import NamedTuple

import numpy as np

from cmr_ssl.phantom.acquisition import Acquired, World, acquire
from cmr_ssl.phantom.heart import build_heart
from cmr_ssl.phantom.painting import make_scene
from cmr_ssl.phantom.pathology import Pathology
from cmr_ssl.phantom.population import Subject, draw_pathology, draw_subject
from cmr_ssl.phantom.prescription import Prescription, place_heart, prescribe
from cmr_ssl.phantom.scanner import draw_scanner
from cmr_ssl.phantom.timing import beat
from cmr_ssl.phantom.torso import draw_torso, heart_centre

FIRST_ID = 900_000_000


class Preset(NamedTuple):
    """How finely a cohort is imaged: frames of a beat, and the pixel in units of UK Biobank's."""

    frames: int
    scale: int


PRESETS = {"full": Preset(50, 1), "small": Preset(16, 2)}


class Study(NamedTuple):
    """One subject with everything acquired of them."""

    subject: Subject
    world: World
    series: list[tuple[Prescription, Acquired]]


def subject_id(index: int) -> str:
    """Return the 9-digit id of subject `index`, counted from 1."""
    return str(FIRST_ID + index)


def generators(seed: int, index: int) -> list[np.random.Generator]:
    """Return independent generators for who the subject is, how they lie, how they are scanned, and what goes wrong."""
    return [np.random.default_rng(child) for child in np.random.SeedSequence((seed, index)).spawn(4)]


def draw_person(seed: int, index: int, pathology: Pathology | None) -> Subject:
    """Draw subject `index`; without a pathology one is drawn at the rates of a mixed cohort."""
    rng = generators(seed, index)[0]
    mixed = draw_pathology(rng)
    return draw_subject(rng, pathology or mixed)


def scan(seed: int, index: int, pathology: Pathology | None, preset: Preset) -> Study:
    """Draw and image subject `index`."""
    subject = draw_person(seed, index, pathology)
    _, lying, scanning, _ = generators(seed, index)
    heart = build_heart(subject, beat(subject.body, subject.shape, preset.frames))
    torso = draw_torso(lying, subject.body)
    placement = place_heart(lying, heart_centre(lying, torso), -0.45 * float(heart.epi.bottom[0]))
    fat = float(np.clip(2.2 + 0.25 * (subject.body.bmi - 26.5) + lying.normal(0.0, 0.5), 0.8, 7.0))
    scene = make_scene(heart, torso.tissues, fat, torso.phases)
    scanner = draw_scanner(scanning, torso.half_width, torso.half_depth)
    world = World(scene, torso, placement, scanner)
    breath = 1.65 * float(np.exp(0.5 * scanning.normal())) * (subject.body.bsa / 1.89) ** 0.7
    series = prescribe(scanning, heart, placement, preset.scale)
    return Study(subject, world, [(item, acquire(scanning, world, item, breath)) for item in series])
