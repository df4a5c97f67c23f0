import pytest
import torch

from cmr_ssl.tasks import LinePhenotypeTask
from tests.kspace.tiny_lines import line_encoder
from tests.tiny import tiny_batch


def test_values_come_from_lines_at_any_acceleration_and_without_an_encoder_of_these_it_is_refused():
    task, batch = LinePhenotypeTask(["LVM (g)", "LVEF (%)"], encoder=line_encoder()).eval(), tiny_batch()
    task.objective.mean.copy_(torch.tensor([90.0, 60.0]))
    with torch.inference_mode():
        told = [one.outputs(batch).values for one in (task, task.at(4.0))]
    assert told[0].shape == (2, 2)
    assert all(one.isfinite().all() for one in told)
    with pytest.raises(ValueError, match="which encoder"):
        LinePhenotypeTask(["LVM (g)"])
