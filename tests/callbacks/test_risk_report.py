import pytest

from cmr_ssl.callbacks import RiskReport
from cmr_ssl.tasks import PhenotypeTask
from tests.tiny import tiny_encoder


def test_a_task_that_tells_no_risk_is_refused():
    with pytest.raises(ValueError, match="objective Cox, which this PhenotypeTask has not"):
        RiskReport().setup(None, PhenotypeTask(["LVM (g)"], encoder=tiny_encoder()), "test")
