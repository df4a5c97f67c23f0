"""Everything that is made, trained and predicted; what is there stays, so a cut experiment goes on."""

from functools import partial
from pathlib import Path

from cmr_ssl.phantom.cohort_spec import FIRST_VISIT, CohortSpec
from cmr_ssl.phantom.cohort_writer import ROW, write_subject, write_table
from cmr_ssl.phantom.person import FIRST_ID
from experiments.cohorts import DEVELOPMENT_SEED, make
from experiments.commands import fit, options, spoken
from experiments.reliability.planes import with_planes_missing
from experiments.reliability.settings import SECOND_VISIT, Settings
from experiments.tables import write_once

COPIES = 4  # of each study that the head is solved from


def everything(settings: Settings, pretrained: Path, workers: int) -> None:
    """Make the hearts, solve the head, and predict.

    Args:
        settings: what is measured.
        pretrained: checkpoint of the encoder.
        workers: processes that make hearts.
    """
    make(settings.usual, workers)
    fit(settings.head, words(settings, pretrained))
    write_once(settings.planes, partial(with_planes_missing, settings))
    for name, cohort in settings.others.items():
        drawn = ("--out", str(cohort.source), *cohort.phantom, "--workers", str(workers))
        spoken(settings.folder / "log.txt", "phantom", *drawn)
        predict(settings, name, cohort.source)
    scan_twice(settings)
    for number in (FIRST_VISIT, SECOND_VISIT):
        predict(settings, settings.visit(number).name, settings.visit(number))


def words(settings: Settings, pretrained: Path) -> list[str]:
    """Return what `fit` is told: one epoch on a frozen encoder, after the head was solved by ridge regression."""
    told = {
        "seed_everything": 0,
        **settings.usual.options,
        "data.table": settings.usual.table,
        "model.encoder_checkpoint": pretrained,
        "model.freeze": "encoder",
        "model.head_start.copies": COPIES,
        "trainer.max_epochs": 1,
        "trainer.check_val_every_n_epoch": 1,
        "trainer.accelerator": "cpu",
        "trainer.enable_progress_bar": False,
    }
    return ["--config=phenotype", *options(told)]


def predict(settings: Settings, name: str, source: Path) -> None:
    """Predict all subjects of a folder."""
    told = ("--checkpoint", str(settings.checkpoint), "--source", str(source), "--out", str(settings.predictions(name)))
    spoken(settings.folder / "log.txt", "predict", *told, "--device", "cpu")


def scan_twice(settings: Settings) -> None:
    """Scan some test subjects again, and put the first scan of the same ones beside it."""
    second = CohortSpec(DEVELOPMENT_SEED, "small", "mixed", "none", visit=SECOND_VISIT)
    first, again = (settings.visit(number) for number in (FIRST_VISIT, SECOND_VISIT))
    for folder in (first, again):
        folder.mkdir(parents=True, exist_ok=True)
    for subject in settings.tested[: settings.rescanned]:
        if not (first / subject).is_symlink():
            (first / subject).symlink_to((settings.usual.source / subject).resolve(), target_is_directory=True)
        if not (again / subject / ROW).is_file():
            write_subject(again, second, int(subject) - FIRST_ID)
    write_table(again, second)
    write_table(first, second._replace(visit=FIRST_VISIT))
