"""Synthetic hearts with exact labels, to pretrain on: five kinds of hearts in turn, on two scanners."""

from itertools import product
from pathlib import Path

from cmr_ssl.commands.prepare import prepare as prepare_folder
from cmr_ssl.phantom.cohort_spec import CohortSpec, PathologyName
from cmr_ssl.phantom.cohort_writer import write_subject
from cmr_ssl.phantom.person import subject_id
from cmr_ssl.phantom.scanner import read_scanner
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.sources import NiftiFiles
from experiments.real_hearts.cohort import preparation_of
from experiments.real_hearts.settings import Settings

KINDS: tuple[PathologyName, ...] = ("normal", "dilated", "asymmetric_hypertrophy", "infarct", "rv_overload")
SCANNERS = ("default", "balanced_3t")
SEED = 40


def prepare(settings: Settings) -> Path:
    """Make synthetic patients and prepare their short axis as real ones are; return the cache.

    Raises:
        ValueError: if preparing failed.
    """
    cohort, cache = settings.synthetic / "cohort", settings.synthetic / "cache"
    write(cohort, settings.hearts)
    files = NiftiFiles(images={SHORT_AXIS: NiftiFiles().images[SHORT_AXIS]})
    if prepare_folder(cohort, cache, files, preparation_of(settings)):
        raise ValueError(f"{cohort} could not be prepared: see what `prepare` said")
    return cache


def write(out: Path, subjects: int) -> None:
    """Write synthetic patients into folders of `out`; those that are there stay."""
    out.mkdir(parents=True, exist_ok=True)
    scanners = [read_scanner(name) for name in SCANNERS]
    orders = [CohortSpec(SEED, "short", kind, "none", scanner=one) for one, kind in product(scanners, KINDS)]
    for index in range(1, subjects + 1):
        if not (out / subject_id(index)).exists():
            write_subject(out, orders[index % len(orders)], index)
