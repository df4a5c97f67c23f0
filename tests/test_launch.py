import pytest
from jsonargparse import Namespace

from cmr_ssl import launch as launching
from cmr_ssl.launch import check_launch, first_process


def trainer(**options):
    return Namespace({"accelerator": "cpu", "devices": 1, "num_nodes": 1} | options)


def test_the_first_process_guards_whoever_launches_and_no_other():
    first = [{}, {"RANK": "0", "LOCAL_RANK": "0"}, {"SLURM_PROCID": "0"}, {"LOCAL_RANK": "0"}]
    others = [{"RANK": "8", "LOCAL_RANK": "0"}, {"SLURM_PROCID": "1"}, {"LOCAL_RANK": "1"}]
    assert [*map(first_process, first + others)] == [True] * 4 + [False] * 3


@pytest.mark.parametrize("accelerator", ["gpu", "cuda"])
def test_a_gpu_that_is_not_there_is_refused_before_anything_starts(monkeypatch, accelerator):
    monkeypatch.setattr(launching, "has_gpu", lambda _: False)
    with pytest.raises(ValueError, match=f"--trainer.accelerator {accelerator}: torch sees no GPU"):
        check_launch(trainer(accelerator=accelerator), {})
    monkeypatch.setattr(launching, "has_gpu", lambda _: True)
    check_launch(trainer(accelerator=accelerator), {})


@pytest.mark.parametrize("options", [{"devices": 8, "num_nodes": 4}, {"num_nodes": 2}])
def test_several_machines_need_somebody_who_starts_them(monkeypatch, options):
    for launcher in launching.LAUNCHERS:
        monkeypatch.setattr(launcher, "detect", lambda: False)
    with pytest.raises(ValueError, match=f"num_nodes {options['num_nodes']} .* single machine"):
        check_launch(trainer(**options), {})
    check_launch(trainer(**options), {"NODE_RANK": "1"})
    check_launch(trainer(devices=8), {})
    monkeypatch.setattr(launching.LAUNCHERS[0], "detect", lambda: True)
    check_launch(trainer(**options), {})


@pytest.mark.parametrize("strategy", ["fsdp", "deepspeed_stage_2", "model_parallel"])
def test_spreading_weights_over_devices_is_refused(strategy):
    with pytest.raises(ValueError, match=f"--trainer.strategy {strategy} .*: take ddp"):
        check_launch(trainer(strategy=strategy), {})
    check_launch(trainer(strategy="ddp_find_unused_parameters_true"), {})
