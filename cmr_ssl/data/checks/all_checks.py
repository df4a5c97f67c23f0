"""All checks of one subject."""

from cmr_ssl.data.cache import PreparedSubject
from cmr_ssl.data.checks.alignment import alignment
from cmr_ssl.data.checks.brightness import contrast, folding, repetition
from cmr_ssl.data.checks.coverage import coverage
from cmr_ssl.data.checks.prepared_planes import Measure, PreparedPlanes
from cmr_ssl.data.checks.sharpness import blurring

CHECKS = (coverage, alignment, contrast, folding, blurring, repetition)


def run_checks(prepared: PreparedSubject) -> list[Measure]:
    """Return everything that can be measured on a subject's planes."""
    scene = PreparedPlanes(prepared)
    return [measure for check in CHECKS for measure in check(scene)]
