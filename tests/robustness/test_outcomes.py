import pytest
import torch

from cmr_ssl.robustness.outcomes import outcome
from cmr_ssl.robustness.scenarios import scenarios
from cmr_ssl.robustness.task_outputs import judged_outputs
from tests.robustness.test_answers import TASKS, every_task, labelled
from tests.tiny import tiny_batch

LACKING = [one for one in scenarios(7, seed=0) if one.name in ("no apical third", "3 missing", "long axis only")]


@every_task
@pytest.mark.parametrize("scenario", LACKING, ids=[one.name for one in LACKING])
def test_empty_slots_only_cost_time(build, scenario, monkeypatch):
    task, batch = build().eval(), labelled(tiny_batch())
    with torch.inference_mode():
        full = judged_outputs(task, batch)
        short = outcome(task, batch, full, scenario)
        monkeypatch.setattr(type(task), "any_planes", False)
        whole = outcome(task, batch, full, scenario)
    for name, vectors in whole.embeddings.items():
        torch.testing.assert_close(short.embeddings[name], vectors, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(short.values, whole.values, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(short.dice, whole.dice, equal_nan=True)


def test_only_networks_with_fixed_channels_keep_empty_slots():
    assert {name for name, build in TASKS.items() if not build().any_planes} == {
        "phenotype baseline",
        "segmentation baseline",
    }
