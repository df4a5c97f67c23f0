"""Synthetic hearts with exact labels, to pretrain on: five kinds of hearts in turn, on two scanners."""

from itertools import product
from pathlib import Path

from cmr_ssl.phantom.cohort_spec import CohortSpec, PathologyName
from cmr_ssl.phantom.cohort_writer import write_subject
from cmr_ssl.phantom.person import subject_id
from cmr_ssl.phantom.scanner import read_scanner

KINDS: tuple[PathologyName, ...] = ("normal", "dilated", "asymmetric_hypertrophy", "infarct", "rv_overload")
SCANNERS = ("default", "balanced_3t")
SEED = 40


def write(out: Path, subjects: int) -> None:
    """Write synthetic patients into folders of `out`; those that are there stay."""
    out.mkdir(parents=True, exist_ok=True)
    orders = [
        CohortSpec(SEED, "short", kind, "none", scanner=read_scanner(name)) for name, kind in product(SCANNERS, KINDS)
    ]
    for index in range(1, subjects + 1):
        if not (out / subject_id(index)).exists():
            write_subject(out, orders[index % len(orders)], index)
