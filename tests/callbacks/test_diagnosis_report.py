import pytest

from cmr_ssl.callbacks import DiagnosisReport
from cmr_ssl.tasks import PhenotypeTask
from tests.tiny import tiny_encoder


def test_a_task_that_tells_no_diagnoses_is_refused():
    with pytest.raises(ValueError, match="objective Diagnoses, which this PhenotypeTask has not"):
        DiagnosisReport().setup(None, PhenotypeTask(["LVM (g)"], encoder=tiny_encoder()), "test")
