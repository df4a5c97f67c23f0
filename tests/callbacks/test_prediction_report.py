from types import SimpleNamespace

import pytest
import torch

from cmr_ssl.callbacks.prediction_report import PredictionReport
from cmr_ssl.tasks import PhenotypeTask
from tests.tiny import tiny_batch, tiny_encoder


class Kept(PredictionReport):
    def write(self, trainer, task, subjects, predicted, true):
        self.written = subjects, predicted.tolist(), true.tolist()


@pytest.mark.parametrize("first", [True, False])
def test_what_was_predicted_is_written_by_the_first_process_without_blank_samples(first):
    report, task = Kept(), PhenotypeTask(["LVM (g)"], encoder=tiny_encoder())
    batch = tiny_batch()._replace(subject=["900000001", ""], phenotypes=torch.tensor([[90.0], [0.0]]))
    report.on_test_batch_end(None, task, torch.tensor([[95.0], [1.0]]), batch, 0)
    report.on_test_end(SimpleNamespace(is_global_zero=first), task)
    assert getattr(report, "written", None) == ((["900000001"], [[95.0]], [[90.0]]) if first else None)
    assert report.rows == []
