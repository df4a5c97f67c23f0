import pytest

from cmr_ssl.phantom.cohort_spec import CohortSpec
from cmr_ssl.phantom.patients import patient_table_row
from cmr_ssl.phantom.person import draw_person

ORDER = CohortSpec(11, "small", "mixed", "none")


def test_hearts_are_what_they_were_before_they_had_patients(patients):
    volumes = draw_person(11, 1, "mixed").volumes
    assert (volumes.lvedv, volumes.lvesv, volumes.lvm) == pytest.approx((136.5870, 83.9386, 90.0688), abs=1e-4)


def test_a_patient_depends_on_seed_and_number_alone(patients):
    assert patient_table_row(ORDER, 5) == patients[4]
    assert patient_table_row(ORDER._replace(seed=12), 5) != patients[4]
    assert patient_table_row(ORDER._replace(preset="full", faults="default"), 5) == patients[4]
