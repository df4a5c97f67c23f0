import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
from torch import nn

from cmr_ssl.models import AttentionPooling, GridPositions
from cmr_ssl.tasks import PhenotypeTask
from cmr_ssl.tasks.optimisation import Optimisation, layers_above, optimiser, parameter_groups
from tests.tiny import tiny_encoder, tiny_task


def settings(task, how, depth=2):
    """Return rate and decay of every parameter by its name."""
    names = {id(parameter): name for name, parameter in task.named_parameters()}
    groups = parameter_groups(task, depth, how)
    return {names[id(one)]: (group["lr"], group["weight_decay"]) for group in groups for one in group["params"]}


def test_every_trainable_parameter_is_in_one_group():
    task = tiny_task()
    task.encoder.embed.weight.requires_grad_(False)
    found = [id(one) for group in parameter_groups(task, 2, Optimisation()) for one in group["params"]]
    assert sorted(found) == sorted(id(one) for one in task.parameters() if one.requires_grad)


def test_biases_norms_and_tokens_do_not_decay_and_matrices_do():
    decay = {name: decay for name, (_, decay) in settings(tiny_task(), Optimisation(weight_decay=0.3)).items()}
    for name, value in decay.items():
        spared = name.endswith("bias") or "norm" in name or "nearness" in name
        spared = spared or name in {"encoder.class_token", "decoder.query"}
        assert value == (0.0 if spared else 0.3), name
    assert decay["encoder.class_token"] == 0
    assert decay["encoder.blocks.0.attention.query.weight"] == 0.3


@pytest.mark.parametrize("targets", [["LVEF (%)"], ["LVEF (%)", "LVEDV (mL)"]])
def test_the_head_decays_whatever_the_number_of_its_targets_and_what_pools_for_it_as_pretraining_does(targets):
    task = PhenotypeTask(targets, encoder=tiny_encoder(), pooling=AttentionPooling)
    decay = {name: decay for name, (_, decay) in settings(task, Optimisation(weight_decay=0.3)).items()}
    assert [decay["linear.weight"], decay["linear.bias"], decay["pooling.query"]] == [0.3, 0.0, 0.0]
    assert decay["pooling.attention.query.weight"] == 0.3


def test_pretraining_has_one_rate_and_the_encoder_may_have_a_smaller_one_than_the_head():
    assert {rate for rate, _ in settings(tiny_task(), Optimisation(learning_rate=0.01)).values()} == {0.01}
    how = Optimisation(1.0, layer_decay=0.5, encoder_factor=0.1)
    rates = {name: rate for name, (rate, _) in settings(tiny_task(), how).items()}
    assert {rate for name, rate in rates.items() if name.startswith("decoder.")} == {1.0}
    assert rates["encoder.norm.weight"] == pytest.approx(0.1)
    assert rates["encoder.blocks.1.mlp.0.weight"] == pytest.approx(0.05)


def test_the_rate_decays_from_the_head_down_to_the_patches_of_the_encoder_alone():
    rates = {name: rate for name, (rate, _) in settings(tiny_task(), Optimisation(1.0, layer_decay=0.5)).items()}
    assert {rate for name, rate in rates.items() if name.startswith(("decoder.", "encoder.norm."))} == {1.0}
    assert {rate for name, rate in rates.items() if name.startswith("encoder.blocks.1.")} == {0.5}
    assert {rate for name, rate in rates.items() if name.startswith("encoder.blocks.0.")} == {0.25}
    assert rates["encoder.embed.weight"] == rates["encoder.class_token"] == rates["encoder.position.1.weight"] == 0.125
    assert layers_above("decoder.blocks.0.mlp.0.weight", 12) == 0
    assert layers_above("encoder.blocks.11.mlp.0.weight", 12) == 1
    assert layers_above("encoder.blocks.1.mlp.0.weight", 12) == 11


def test_muon_moves_the_matrices_of_blocks_and_nothing_else():
    task = tiny_task()
    names = {id(parameter): name for name, parameter in task.named_parameters()}
    by_muon = {
        names[id(one)]
        for group in parameter_groups(task, 2, Optimisation(muon=True))
        for one in group["params"]
        if group["muon"]
    }
    matrices = {name for name, one in task.named_parameters() if ".blocks." in name and name.endswith("weight")}
    assert by_muon == {name for name in matrices if "norm" not in name}
    assert {"encoder.blocks.0.attention.query.weight", "decoder.blocks.0.mlp.0.weight"} <= by_muon
    assert not any(group["muon"] for group in parameter_groups(task, 2, Optimisation()))


@pytest.mark.parametrize("steps", [7, 100])
def test_the_rate_rises_linearly_then_falls_to_zero_as_a_cosine(steps):
    optimizer, schedule = optimiser(nn.Linear(2, 2), 0, Optimisation(0.1, warmup=0.2), steps, fused=True)
    rates = []
    for _ in range(steps + 1):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    warmup = round(0.2 * steps)
    rising = [0.1 * (step + 1) / warmup for step in range(warmup)]
    falling = [0.05 * (1 + math.cos(math.pi * k / (steps - warmup))) for k in range(steps - warmup + 1)]
    assert rates == pytest.approx(rising + falling, abs=1e-9)
    assert max(rates) == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(0, abs=1e-9)


def test_a_run_of_one_step_has_a_schedule():
    optimizer, schedule = optimiser(tiny_task(encoder=tiny_encoder(GridPositions())), 2, Optimisation(), 1, fused=True)
    assert all(group["lr"] == Optimisation().learning_rate for group in optimizer.param_groups)
    optimizer.step()
    schedule.step()


def test_every_step_has_a_rate_and_a_restored_schedule_goes_on_as_if_it_had_not_been_stopped():
    def built():
        return optimiser(nn.Linear(2, 2), 0, Optimisation(0.1, warmup=0.3), 10, fused=True)

    def rates(optimizer, schedule, count):
        for _ in range(count):
            yield optimizer.param_groups[0]["lr"]
            optimizer.step()
            schedule.step()

    whole = list(rates(*built(), 10))
    assert min(whole) > 0
    first, second = built(), built()
    half = list(rates(*first, 4))
    for new, old in zip(second, first, strict=True):
        new.load_state_dict(old.state_dict())
    assert half + list(rates(*second, 6)) == whole


@pytest.mark.parametrize("fused", [True, False])
def test_the_optimiser_is_fused_where_asked(fused):
    optimizer, _ = optimiser(nn.Linear(2, 2), 0, Optimisation(), 10, fused)
    assert {group["fused"] for group in optimizer.param_groups} == {fused}


@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": 0.0},
        {"clip_norm": 0.0},
        {"clip_norm": -1.0},
        {"warmup": 1.0},
        {"warmup": -0.1},
        {"layer_decay": 0.0},
        {"encoder_factor": 0.0},
        {"layer_decay": 1.1},
    ],
)
def test_values_that_cannot_train_are_refused(options):
    name, value = next(iter(options.items()))
    with pytest.raises(ValueError, match=f"{name} .*{value}"):
        Optimisation(**options)


def test_four_times_the_studies_a_step_double_the_rate_and_nothing_else():
    how = Optimisation(0.1, clip_norm=2.0, studies=8)
    assert how.for_studies(8) == how
    assert how.for_studies(32) == replace(how, learning_rate=0.2, studies=32)
    assert how.for_studies(2).learning_rate == pytest.approx(0.05)
    assert Optimisation(0.1).for_studies(64).learning_rate == 0.1


@pytest.mark.parametrize(("studies", "rate"), [(None, 0.1), (8, 0.4)])
def test_a_run_on_many_devices_has_the_rate_for_its_studies_a_step(studies, rate):
    task = tiny_task(optimisation=Optimisation(0.1, warmup=0, studies=studies))
    task._trainer = SimpleNamespace(
        datamodule=SimpleNamespace(batch_size=4),
        world_size=16,
        accumulate_grad_batches=2,
        estimated_stepping_batches=100,
        precision="32-true",
    )
    assert task.configure_optimizers()["optimizer"].param_groups[0]["lr"] == pytest.approx(rate)
