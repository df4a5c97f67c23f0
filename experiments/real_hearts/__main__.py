"""What pretraining is worth on real hearts, cross-validated by patient; resumable.

    python -m experiments.real_hearts --source FOLDER [--out docs] [--folds 5] [--labels 2 5 10 0] [--draws 3]
        [--arms scratch U-Net ...] [--chosen 0 1 ...] [--segmentation]

FOLDER has a sub-folder a patient (sa.nii.gz, a short-axis cine; seg_sa.nii.gz, drawn at ED and ES, 255 elsewhere) and
phenotypes.csv (subject, group, LVEF (%), LVEDV (mL), LVM (g)). For ACDC as it is downloaded, write the table by
`python -m experiments.real_hearts.patients` and add `--patients TABLE --files configs/sources/acdc.yaml`. Of labels, 0
means all. What is done stays in --work, so a cut comparison goes on where it stopped. `--quick` rehearses it; its
numbers mean nothing.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rich.progress import track

from cmr_ssl.workers import pool
from experiments.real_hearts import planes, probes, runs
from experiments.real_hearts.arms import USUAL, Arm, Look, arms, looks, pretrainings
from experiments.real_hearts.cohort import prepare
from experiments.real_hearts.report import write_report
from experiments.real_hearts.settings import Settings, quick

STEPS = 2000


class Asked(NamedTuple):
    """What is asked for.

    Attributes:
        settings: of the comparison.
        out: where the page goes.
        workers: how many there are.
        arms: which ways to segment.
        looks: which ways to look at a heart without training, none where only segmentation counts.
    """

    settings: Settings
    out: Path
    workers: int
    arms: list[Arm]
    looks: list[Look]


def parse(words: Sequence[str] | None = None) -> Asked:
    """Return what is asked for.

    Raises:
        SystemExit: if an arm is unknown.
    """
    usual = Settings(Path())
    parser = ArgumentParser("experiments.real_hearts", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="folder of patients")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of the page")
    parser.add_argument("--work", type=Path, default=usual.work, help="folder of everything that is made")
    parser.add_argument("--files", default="", help="how files are called, as for `prepare`: configs/sources/acdc.yaml")
    parser.add_argument("--patients", type=Path, help="table of patients instead of phenotypes.csv of FOLDER")
    parser.add_argument("--folds", type=int, default=usual.folds)
    parser.add_argument("--chosen", type=int, nargs="+", help="only these of the folds, counted from 0")
    parser.add_argument("--arms", nargs="+", default=[arm.name for arm in arms()], help="only these ways to segment")
    parser.add_argument("--segmentation", action="store_true", help="nothing but segmentation")
    parser.add_argument("--labels", type=int, nargs="+", default=usual.labels, help="labelled patients, 0 for all")
    parser.add_argument("--draws", type=int, default=usual.draws, help="choices of the labelled patients")
    parser.add_argument("--steps", type=int, default=STEPS, help="of each training with labels")
    parser.add_argument("--rates", type=int, default=usual.rates, help="learning rates that an arm tries")
    parser.add_argument("--tune-once", action="store_true", help="let the first fold choose the rates of all")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="a rehearsal: one fold, one draw, a few steps")
    asked = parser.parse_args(words)
    some = [arm for arm in arms() if arm.name in asked.arms]
    if unknown := sorted({*asked.arms} - {arm.name for arm in some}):
        parser.error(f"--arms {', '.join(unknown)}: choose among {', '.join(arm.name for arm in arms())}")
    interval = max(1, min(100, asked.steps // 4))
    settings = Settings(
        asked.source,
        asked.work,
        asked.folds,
        tuple(asked.chosen or range(asked.folds)),
        tuple(asked.labels),
        asked.draws,
        asked.rates,
        tune_each_fold=not asked.tune_once,
        training=("--trainer.max_steps", str(asked.steps), "--trainer.val_check_interval", str(interval)),
        files=asked.files,
        patients=asked.patients,
    )
    out = asked.work / "quick" if asked.quick else asked.out
    settings = quick(settings) if asked.quick else settings
    return Asked(settings, out, asked.workers, some, [] if asked.segmentation else looks())


def main(words: Sequence[str] | None = None) -> None:
    """Carry out what is missing and write the page after each step."""
    settings, out, workers, some, looking = parse(words)
    prepare(settings)
    planned, probed = runs.plan(settings, some), probes.plan(settings, looking)
    report = partial(write_report, settings, planned, probed, out)
    with pool(workers) as processes:
        once = settings.chosen[:1]
        first = [
            (fold, one) for one in pretrainings(some, looking) for fold in (once if one.synthetic else settings.chosen)
        ]
        made = [processes.submit(runs.pretrain, settings, fold, one) for fold, one in first]
        for future in track(made, "pretraining"):
            future.result()
        asked = [probe for probe in probed if not probe.table(settings).is_file()]
        told = [processes.submit(probes.carry_out, settings, probe) for probe in asked]
        folds = [fold for fold in settings.chosen if looking and not planes.table_of(settings, fold, USUAL).is_file()]
        told += [processes.submit(planes.carry_out, settings, fold, USUAL) for fold in folds]
        for future in track(told, "probes and planes left out"):
            future.result()
        stages = runs.stages(settings, planned)
        for number, stage in enumerate(stages, start=1):
            made = [processes.submit(runs.carry_out, settings, run) for run in stage]
            for future in track(made, f"segmentation, stage {number} of {len(stages)}"):
                future.result()
                report()
    print(f"{report()} is written")


if __name__ == "__main__":
    main()
