"""All checks of one subject."""

from cmr_ssl.preparation.cache import PreparedSubject
from cmr_ssl.preparation.checks.breath_hold import blurring
from cmr_ssl.preparation.checks.brightness import contrast, folding, repetition
from cmr_ssl.preparation.checks.coverage import coverage
from cmr_ssl.preparation.checks.prepared_planes import Measure, PreparedPlanes
from cmr_ssl.preparation.checks.slice_alignment import alignment

CHECKS = (coverage, alignment, contrast, folding, blurring, repetition)


def run_checks(prepared: PreparedSubject) -> list[Measure]:
    """Return the measures of all checks of a subject."""
    planes = PreparedPlanes(prepared)
    return [measure for check in CHECKS for measure in check(planes)]
