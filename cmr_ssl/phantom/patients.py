"""Everything that a cohort's table says of a patient: fields, diagnoses and follow-up, from seed and number alone."""

import numpy as np

from cmr_ssl.phantom.cohort_spec import CohortSpec
from cmr_ssl.phantom.follow_up import follow_up
from cmr_ssl.phantom.patient import Row, draw_patient, patient_row
from cmr_ssl.phantom.person import draw_person
from cmr_ssl.phantom.unknown_values import withhold

DIGITS = 4


def patient(order: CohortSpec, index: int) -> Row:
    """Return the patient of subject `index`, counted from 1; fields have units in their names or UK Biobank's codes.

    The random stream is the patient's own: hearts and images are the same with it and without.
    """
    rng = np.random.default_rng((order.seed, index, *b"patient"))
    one = draw_patient(rng, draw_person(order.seed, index, order.pathology))
    told = patient_row(rng, one)
    later = follow_up(rng, one, bool(told["Heart failure"]))
    return {name: _rounded(value) for name, value in (withhold(rng, told) | later).items()}


def _rounded(value: float | int | str) -> float | int | str:
    return round(float(value), DIGITS) if isinstance(value, float) else value
