"""The patient columns of a cohort's table: fields, diagnoses and follow-up, from seed and number alone."""

import numpy as np

from cmr_ssl.phantom.cohort_spec import CohortSpec
from cmr_ssl.phantom.follow_up import follow_up
from cmr_ssl.phantom.patient import Row, draw_patient, patient_row
from cmr_ssl.phantom.person import draw_person
from cmr_ssl.phantom.unknown_values import withhold

DIGITS = 4


def patient_table_row(spec: CohortSpec, index: int) -> Row:
    """Return the patient of subject `index`, counted from 1; fields have units in their names or UK Biobank's codes.

    The random stream is the patient's own: hearts and images are the same with it and without.
    """
    rng = np.random.default_rng((spec.seed, index, *b"patient"))
    patient = draw_patient(rng, draw_person(spec.seed, index, spec.pathology))
    fields = patient_row(rng, patient)
    dates = follow_up(rng, patient, bool(fields["Heart failure"]))
    row = withhold(rng, fields) | dates
    return {name: round(float(value), DIGITS) if isinstance(value, float) else value for name, value in row.items()}
