"""Networks that are trained with few labels, each to its own best: which rate is chosen on the validation split."""

import json
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from lightning.pytorch.callbacks import EarlyStopping
from torch import Tensor

from cmr_ssl.checkpoints import read_checkpoint
from cmr_ssl.corruption.missing import close_ranks, rearranged
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.devices import device_of
from cmr_ssl.sample import Sample, to_device
from cmr_ssl.tasks.phenotype import PhenotypePrediction
from cmr_ssl.tasks.phenotype_baseline import PhenotypeBaseline
from cmr_ssl.tasks.trained import load_task
from experiments.cohorts import Cohort, opened, slug
from experiments.commands import best, fit, last, options
from experiments.evidence.features import Portion, on_gpu, subjects_of, tested_portion
from experiments.evidence.probes import known, shift, table, write
from experiments.evidence.results import with_errors
from experiments.evidence.studies import Study, Test, condition_of, tests_of
from experiments.pretrainings import ENCODER

STEPS = 2000  # of a training, if nothing stops it
PATIENCE = 8  # validations without a smaller loss that end a training
BATCH = 8
PLANE_DROPOUT = 0.5  # as the masking of configs/phenotype.yaml


class Arm(NamedTuple):
    """One way to train.

    Attributes:
        name: in tables.
        config: which file.
        options: what else the command line says.
        rates: learning rates to choose from.
        pretrained: whether it starts from a pretrained encoder.
    """

    name: str
    config: str
    options: tuple[str, ...]
    rates: tuple[float, ...]
    pretrained: bool = False


class Run(NamedTuple):
    """One training: an arm with a rate, so many labels and one draw of who has them.

    It takes so many steps, if nothing stops it, with so many between validations.
    """

    arm: Arm
    rate: float
    labels: int
    draw: int
    steps: int = STEPS
    between: int = 100

    def folder(self, study: Study) -> Path:
        """Where the run lives."""
        return study.out / "runs" / f"{slug(self.arm.name)}-{self.labels}-{self.draw}-{self.rate:g}"


def arms() -> tuple[Arm, ...]:
    """Return the ways to train; the network from scratch is the very one that was pretrained."""
    scratch = {
        "model.encoder": ENCODER,
        "model.optimisation.layer_decay": 1.0,
        "model.optimisation.encoder_factor": 30,
    }
    phenotype, dropout = "configs/phenotype.yaml", {"model.plane_dropout": PLANE_DROPOUT}
    return (
        Arm("fine-tuned", phenotype, (), (2e-6, 1e-5, 5e-5), pretrained=True),
        Arm("scratch", phenotype, tuple(options(scratch)), (1e-5, 3e-5, 1e-4)),
        Arm("ResNet", "configs/phenotype_resnet.yaml", tuple(options(dropout)), (2e-4, 5e-4, 1.5e-3)),
    )


EVERY_ARM = arms()


class Plan(NamedTuple):
    """What is trained: numbers of labels, draws and arms; the first draw chooses the rates."""

    labels: tuple[int, ...] = (30, 100, 300)
    draws: int = 2
    arms: tuple[Arm, ...] = EVERY_ARM


def trials(plan: Plan) -> list[Run]:
    """Return the runs of the first draw, from which rates are chosen."""
    return [Run(arm, rate, labels, 0) for labels in plan.labels for arm in plan.arms for rate in arm.rates]


def others(study: Study, plan: Plan) -> list[Run]:
    """Return the runs of the other draws, with the rates that the first one chose."""
    best = [chosen(study, arm, labels) for labels in plan.labels for arm in plan.arms]
    return [run._replace(draw=draw) for draw in range(1, plan.draws) for run in best]


def chosen(study: Study, arm: Arm, labels: int) -> Run:
    """Return the run of the first draw with the smallest loss on the validation split."""
    runs = [Run(arm, rate, labels, 0) for rate in arm.rates]
    return min(runs, key=lambda run: told(study, run)["validation"])


def told(study: Study, run: Run) -> dict[str, float]:
    """Return what a finished run says of itself: its smallest validation loss, steps, subject passes and minutes."""
    return dict(json.loads((run.folder(study) / "run.json").read_text()))


def train(study: Study, run: Run, pretraining: Path) -> None:
    """Train, predict all tests with the best weights and say what it cost; what is done stays."""
    folder = run.folder(study)
    if (folder / "run.json").exists():
        return
    start = time.monotonic()
    fit(folder, words(study.cohort, run, pretraining))
    minutes = (time.monotonic() - start) / 60
    rows = pd.concat([answered(best(folder), study, test) for test in tests_of(study)])
    rows = rows.assign(labels=run.labels, draw=run.draw, arm=run.arm.name, pretraining="")
    write(folder / "predictions.parquet", rows)
    loss, steps = outcome(folder)
    said = {"validation": loss, "steps": steps, "passes": steps * batch(run), "minutes": round(minutes, 1)}
    (folder / "run.json").write_text(json.dumps(said, indent=1) + "\n")
    for checkpoint in (folder / "checkpoints").glob("*.ckpt"):
        checkpoint.unlink()  # dozens of them would fill a disk


def words(cohort: Cohort, run: Run, pretraining: Path) -> list[str]:
    """Return what `fit` is told."""
    an_epoch = run.labels // batch(run)
    told = {
        "seed_everything": run.draw,
        **cohort.options,
        "data.table": cohort.table,
        "data.train_subjects": run.labels,
        "data.seed": run.draw,
        "data.batch_size": batch(run),
        "model.optimisation.learning_rate": run.rate,
        "trainer.max_epochs": -(-run.steps // an_epoch),
        "trainer.check_val_every_n_epoch": max(1, round(run.between / an_epoch)),
        "trainer.enable_progress_bar": False,
        "trainer.callbacks+": "lightning.pytorch.callbacks.EarlyStopping",
        "trainer.callbacks.monitor": "val/loss",
        "trainer.callbacks.patience": PATIENCE,
    } | ({"model.encoder_checkpoint": pretraining} if run.arm.pretrained else {})
    return [f"--config={run.arm.config}", *run.arm.options, *options(told)]


def batch(run: Run) -> int:
    """Return the subjects of a step."""
    return min(BATCH, run.labels)


def answered(checkpoint: Path, study: Study, test: Test) -> pd.DataFrame:
    """Return a row a test subject and target of what a trained network says."""
    task = load_task(checkpoint).task.to(device_of("auto"))
    assert isinstance(task, PhenotypePrediction)
    predict, portion = partial(predicted, task), tested_portion(study, test)
    rows = predict(portion, test.condition) + shift(study, test, predict)
    return table(known(portion), rows.numpy()).assign(test=test.name)


@torch.inference_mode()
def predicted(task: PhenotypePrediction, portion: Portion, condition: str) -> Tensor:
    """Return what a network says of a portion, (N, K)."""
    data, device = opened(portion.cohort), task.device
    spoil, said = condition_of(condition, data.shape[0]), []
    with torch.autocast(device.type, torch.bfloat16, enabled=on_gpu(device) and sturdy(task)):
        for one in PlaneLoader(data.dataset(subjects_of(data, portion)), BATCH):
            seen = closed(spoil(data.scaled(to_device(one, device))))
            said.append(task.predict_step(seen).float().cpu())
    return torch.cat(said)


def sturdy(task: PhenotypePrediction) -> bool:
    """Tell whether a network is trained in mixed precision, so that it is asked in it, too."""
    return not isinstance(task, PhenotypeBaseline)


def closed(batch: Sample) -> Sample:
    """Return a batch whose slices close ranks, as those of studies that lack some do where a cache is read."""
    return rearranged(batch, close_ranks(batch))


def outcome(folder: Path) -> tuple[float, int]:
    """Return the smallest validation loss of a run, and its steps."""
    state = read_checkpoint(last(folder))
    (stopping,) = (kept for name, kept in state["callbacks"].items() if name.startswith(EarlyStopping.__name__))
    return float(stopping["best_score"]), int(state["global_step"])


def predictions(study: Study, plan: Plan) -> pd.DataFrame:
    """Return what all chosen runs predicted, as `results.predictions` does for probes."""
    runs = [run._replace(draw=draw) for run in finished(study, plan) for draw in range(plan.draws)]
    files = [run.folder(study) / "predictions.parquet" for run in runs]
    return with_errors([file for file in files if file.exists()])


def finished(study: Study, plan: Plan) -> list[Run]:
    """Return the chosen runs of the first draw of all arms and numbers of labels of which every rate was tried."""
    tried = [
        (arm, labels)
        for arm in plan.arms
        for labels in plan.labels
        if all((Run(arm, rate, labels, 0).folder(study) / "run.json").exists() for rate in arm.rates)
    ]
    return [chosen(study, *one) for one in tried]


def costs(study: Study, plan: Plan) -> pd.DataFrame:
    """Return steps, subject passes, minutes and rate of the chosen runs of the first draw."""
    runs = finished(study, plan)
    return pd.DataFrame(
        [{"arm": run.arm.name, "labels": run.labels, "rate": run.rate} | told(study, run) for run in runs]
    )
