"""What missing and flawed planes do to models that were trained in different ways: docs/robustness.md, resumable.

    python -m benchmarks.robustness [--workers 2]

Every model is pretrained like those of the evidence and on the same cohort, then a head for phenotypes is solved on the
frozen encoder; the ResNet learns phenotypes alone. `robustness` measures them all on the same test subjects.
"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from rich.progress import track

from benchmarks.evidence import FOLDER, Run, arguments, cohort, fit, pretrain, spoken
from benchmarks.evidence_arms import PROBE, USUAL, Arm, Pretraining, described
from cmr_ssl.report.tables import write_csv
from cmr_ssl.workers import pool

LABELS = 300
LEFT_OUT_SUBJECTS = 40
DROPPING = ["LongAxisDropout", "StackEndDropout"]
FLAWS = [
    *("Mistriggering", "MotionBlur", "InPlaneShift", "ThroughPlaneShift"),
    *("WrongView", "LowContrast", "Noise", "WrapAround"),
]
PLANES_AWAY = [{"class_path": "cmr_ssl.masking.RandomMasking"}, {"class_path": "cmr_ssl.masking.PlaneDropout"}]


class Model(NamedTuple):
    """One way to train.

    Attributes:
        name: in tables and figures.
        arm: how its head is trained.
    """

    name: str
    arm: Arm

    @property
    def folder(self) -> Path:
        """Where its head's training and its report lie."""
        return FOLDER / "robustness" / self.name.replace(" ", "_")

    @property
    def report(self) -> Path:
        """What `robustness` says about it."""
        return self.folder / "report"

    @property
    def left_out(self) -> Path:
        """How well it tells planes that are left out, a row a plane."""
        return self.folder / "left_out.csv"


def models() -> list[Model]:
    """Return what is compared."""
    network = described()
    usual = network["masking"]
    away = ("--model.masking", json.dumps(PLANES_AWAY))  # for the head, too
    more = [*usual, *({"class_path": f"cmr_ssl.masking.{name}"} for name in DROPPING)]
    flaws = [{"class_path": f"cmr_ssl.corruption.{name}"} for name in FLAWS]
    everything = ("--model.masking", json.dumps(more), "--model.corruption", json.dumps(flaws))
    grid = {"class_path": "cmr_ssl.models.GridPositions"}
    trained = {
        "ours": (USUAL, away),
        "ours, flaws too": (Pretraining("robust-flaws", everything), away),
        "no plane dropout": (Pretraining("robust-all-planes", ("--model.masking", json.dumps(usual[:1]))), ()),
        "grid positions": (Pretraining("robust-grid", ("--model.encoder.positions", json.dumps(grid))), away),
    }
    heads = [
        Model(name, Arm("phenotype", name, "configs/phenotype.yaml", (*PROBE, *masking), pretraining))
        for name, (pretraining, masking) in trained.items()
    ]
    return [*heads, Model("ResNet, zero-filled", Arm("phenotype", "ResNet", "configs/phenotype_resnet.yaml", ()))]


def carry_out(model: Model) -> None:
    """Pretrain, train the head, and measure; what is there stays."""
    if model.arm.pretraining:
        pretrain(model.arm.pretraining)
    run, trained, log = Run(model.arm, LABELS, 0), model.folder / "done.txt", model.folder / "log.txt"
    if not trained.exists():
        fit(model.folder, arguments(run))
        trained.touch()
    if not (model.report / "robustness.csv").exists():
        words = {
            "checkpoint": model.folder / "checkpoints" / "best.ckpt",
            "cache": FOLDER / "cache",
            "table": FOLDER / "cohort" / "phenotypes.csv",
            "out": model.report,
        }
        spoken(log, "robustness", *(word for name, value in words.items() for word in (f"--{name}", str(value))))
    if model.arm.pretraining and not model.left_out.exists():
        write_csv(model.left_out, leave_out(FOLDER / model.arm.pretraining.folder / "checkpoints" / "best.ckpt"))


def leave_out(checkpoint: Path) -> pd.DataFrame:
    """Return a row for each plane of some test subjects: how well all others tell it."""
    from cmr_ssl.data.subjects import first_subjects
    from cmr_ssl.devices import device_of, has_bfloat16
    from cmr_ssl.inspection.learning import split_subjects, studies
    from cmr_ssl.synthesis.leave_one_out import leave_one_out
    from cmr_ssl.synthesis.subjects import load_pretraining

    device, cache = device_of("auto"), FOLDER / "cache"
    task, trained = load_pretraining(checkpoint, device)
    subjects = first_subjects(split_subjects(checkpoint, cache, trained, "test"), LEFT_OUT_SUBJECTS)
    with torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)):
        rows = [leave_one_out(task, heart) for heart in studies(cache, subjects, trained, device)]
    return pd.DataFrame([row for some in rows for row in some])


def main() -> None:
    """Carry out what is missing and write the report."""
    from benchmarks.robustness_report import write_report

    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    asked = parser.parse_args()
    compared = models()
    with pool(asked.workers) as processes:
        processes.submit(cohort, asked.workers).result()
        for _ in track(processes.map(carry_out, compared), "robustness", total=len(compared)):
            pass
    write_report(compared, asked.out)


if __name__ == "__main__":
    main()
