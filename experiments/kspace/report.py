"""The page: docs/kspace.md, and its figure."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from cmr_ssl.agreement import classification
from cmr_ssl.files import save_text
from cmr_ssl.report.tables import markdown
from cmr_ssl.robustness.undersampling import FULL, LINES, RECONSTRUCTED, ZERO_FILLED
from experiments.kspace.cines import DICE, DICE_OF_THE_SAME
from experiments.kspace.features import CENTRAL, TAUGHT, predicted, truth
from experiments.kspace.figure import OF_THE_SAME, draw
from experiments.kspace.settings import COILS, PLANES, SNR, TARGETS, TRAINED, Settings
from experiments.kspace.verdict import Errors, changed, falls, paired, verdict
from experiments.kspace.ways import SHARED
from experiments.statistics import Estimate, compare, mean_error
from experiments.tables import with_interval

Areas = dict[tuple[str, float], Estimate]
Rows = list[list[str]]
USE = """## How to use it

    python -m cmr_ssl fit --config configs/kspace/distillation.yaml --data.cache CACHE \\
      --model.encoder_checkpoint runs/pretraining                                 # a taught encoder of images
    python -m cmr_ssl fit --config configs/kspace/pretraining.yaml --data.cache CACHE    # an encoder of lines
    python -m cmr_ssl fit --config configs/kspace/phenotype.yaml --data.cache CACHE --data.table TABLE \\
      --model.encoder_checkpoint runs/kspace_pretraining
    python -m cmr_ssl robustness --checkpoint IMAGES --beside LINES --cache CACHE --table TABLE --out OUT \\
      --undersampling 1,2,4,8,16
    python -m cmr_ssl kspace --source raw.h5 --out STUDIES/SUBJECT    # measured k-space, for `prepare`

`configs/kspace/diagnosis.yaml` and `segmentation.yaml` work like `phenotype.yaml`. `--model.acceleration` takes another
R than that of the pretraining; the sampling pattern, coils, noise and phase stand under `model.encoder.acquisition` of
`pretraining.yaml` (`UniformLines`, `VariableDensity`, `VistaLike`, `KtInterleaved` of `cmr_ssl.kspace`). Pretraining
and segmentation of images learn from undersampled ones with `cmr_ssl.corruption.KSpaceUndersampling`, or
`RadialUndersampling` (extra `radial`), under `model.corruption`.
"""


TRIED = """## Read with care

* Each training was made once, with one seed, and is short: minutes of a core. The U-Nets have not reached their best.
* The phantom's beat is smooth and its images are sharp: sharing lines may cost more in real cines.
* Chosen on development subjects: to tell the copy every token, and to show it shared lines. Telling it the vectors that
  heads read was no better. How tokens of lines are pooled was chosen on other development subjects, too, before.
"""


def write_report(settings: Settings, out: Path, quick: bool) -> None:
    """Write the page and its figure into a folder."""
    errors, areas = phenotypes(settings)
    diseased = int(truth(settings, settings.people()["test"])[:, -1].sum())
    found, paid = pd.read_csv(settings.cines_table), pd.read_csv(settings.cost_table)
    name = "kspace_quick" if quick else "kspace"
    save_text(out / f"{name}.md", page(settings, errors, areas, found, paid, diseased, quick))
    draw(out / f"{name}.png", errors, found, paid)


def phenotypes(settings: Settings) -> tuple[dict[tuple[str, float], np.ndarray], Areas]:
    """Return absolute errors (N, K) on the test subjects and the AUROC of disease, by way and acceleration."""
    train, test = (truth(settings, settings.people()[split]) for split in ("train", "test"))
    errors, areas = {}, {}
    for name, way, at, learnt, learnt_at in ways(settings):
        said = predicted(settings, way, at, learnt, learnt_at, torch.from_numpy(train)).numpy()
        errors[name, at] = np.abs(said - test)[:, : len(TARGETS)]
        share = 1 / (1 + np.exp(-said[:, -1]))  # what ranks subjects, between 0 and 1
        both = classification(np.stack([1 - share, share], axis=1), test[:, -1].astype(np.int64), 0)
        areas[name, at] = Estimate(*both["AUROC"][:3])
    return errors, areas


def ways(settings: Settings) -> Iterator[tuple[str, str, float, str, float]]:
    """Yield names of rows with how the test is shown, and how what the head learnt from was."""
    yield FULL, FULL, 1.0, FULL, 1.0
    for acceleration in settings.accelerations:
        if acceleration == TRAINED:
            yield RECONSTRUCTED, RECONSTRUCTED, acceleration, FULL, 1.0
        for way in (ZERO_FILLED, SHARED, TAUGHT):
            yield way, way, acceleration, FULL, 1.0
            yield way + OF_THE_SAME, way, acceleration, way, acceleration
        for way in (CENTRAL, LINES):
            yield way, way, acceleration, way, acceleration


def page(
    settings: Settings,
    errors: Errors,
    areas: Areas,
    found: pd.DataFrame,
    paid: pd.DataFrame,
    diseased: int,
    quick: bool,
) -> str:
    """Return the page as Markdown."""
    name = "kspace_quick" if quick else "kspace"
    again = "python -m experiments.kspace" + (" quick" if quick else "")
    tested = len(next(iter(errors.values())))
    seen, at = sum(PLANES.values()), TRAINED
    unseen = " and with which nothing was chosen" if settings.published else ""
    return f"""# Undersampled k-space

**The k-space is simulated.** Cohorts hold magnitude images, here of synthetic hearts: the phase is invented, so are
coils and noise. These are results on a simulation of a simulation, not on data of a scanner.

## What it says

{verdict(errors, found, paid, at)}

![curves]({name}.png)

Made by `{again}`, which wrote every number here; do not edit. {tested} subjects of the
test split of the evidence's {settings.hearts.name} cohort, which no training saw{unseen}. Heads learn from
{settings.labelled} others of that cohort; everything else was trained on the training split of the development cohort,
at R = {at:g} where it is undersampled. {seen} planes of each study, {COILS} coil, Cartesian lines in the published
pattern (4 central lines, others drawn without replacement from exp(-((k - H/2) / (H/5))^2 / 2) + 1 / (2R), anew in each
frame), 48 lines a frame, 16 frames, a phase of at most 1 radian, signal-to-noise ratio {SNR:g}. R is all lines over
those acquired. In brackets: 95 % intervals of the hierarchical bootstrap over test subjects.

## Phenotypes at R = {at:g}

Heads solved by ridge regression on frozen encoders, absolute errors; *paired* is the change of the error of LVEF from
that on full images. *{FULL}*, *{ZERO_FILLED}*, *{SHARED}* (a line that a frame lacks is the mean of
those at its k_y in frames nearby) and *{RECONSTRUCTED}* (compressed sensing, sparse over the beat) go into the
encoder that was pretrained on full images. The *taught encoder* is a copy of it that learnt, in {settings.taught} steps
of 8 studies without labels, to say of shared lines what the original says of full images. The head learnt from full
images, or where the row says so from the same. *{LINES}* go into an encoder that was pretrained by completing them,
{settings.steps} steps of {settings.batch} studies; their tokens are pooled by central line, level of the heart and part
of the beat, and *{CENTRAL}* pools the lines alike as they are measured. Disease is any pathology of the
phantom; {diseased} of the test subjects have one, too few to tell the ways apart.

{markdown(["way", *TARGETS, "paired (%)", "AUROC of disease"], phenotype_rows(errors, areas, at))}

LVEF (%) at other R (compressed sensing, which takes longest, at R = {at:g} only):

{markdown(["way", *(f"R = {one:g}" for one in settings.accelerations)], lvef_rows(errors, settings.accelerations))}

## Cines and label maps

{found["subject"].nunique()} of the test subjects. NMSE and SSIM against the full cine, without noise. Two U-Nets
of {settings.segmentation} steps judge the same frames: one learnt from full images, one from images of shared lines at
R = {at:g}. *{LINES}* are completed by the pretrained decoder, which begins with shared ones. At R = 16 three of 48
lines are left, the same central ones in every frame: nothing can be shared.

{markdown(["way", "R", "NMSE", "SSIM", DICE, DICE_OF_THE_SAME], cine_rows(found))}

## Cost

A step of the encoder of lines and its decoder, one study of {seen} planes, forward and backward, on one core. Fitted
over R from 1 on, seconds fall like 1 / R^{falls(paid):.2f}.

{markdown(["R", "lines seen", "seconds", "peak memory (MB)"], cost_rows(paid), texts=0)}

{USE}
{TRIED}"""


def phenotype_rows(errors: Errors, areas: Areas, at: float) -> Rows:
    """Return a row for each way at an acceleration, and for full images."""
    full = errors[FULL, 1.0][:, 0]
    return [
        [
            way,
            *(with_interval(mean_error(paired(column))) for column in values.T),
            changed(compare(paired(values[:, 0]), paired(full))) if way != FULL else "",
            with_interval(areas[way, acceleration]),
        ]
        for (way, acceleration), values in errors.items()
        if acceleration in (1.0, at)
    ]


def lvef_rows(errors: Errors, accelerations: tuple[float, ...]) -> Rows:
    """Return the error of LVEF of each way at each acceleration."""
    return [
        [way, *(with_interval(mean_error(paired(errors[way, one][:, 0]))) for one in accelerations)]
        for way in dict.fromkeys(way for way, _ in errors)
        if all((way, one) in errors for one in accelerations)
    ]


def cine_rows(found: pd.DataFrame) -> Rows:
    """Return a row for each way and acceleration."""
    rows = []
    for (way, acceleration), part in found.groupby(["way", "acceleration"], sort=False):
        values = (group.dropna().to_numpy() for _, group in part.groupby("measure", sort=False)["value"])
        rows.append([way, f"{acceleration:g}", *(with_interval(mean_error(paired(one)), "{:.3f}") for one in values)])
    return rows


def cost_rows(paid: pd.DataFrame) -> Rows:
    """Return a row an acceleration."""
    return [
        [f"{row.acceleration:g}", f"{row.lines:.0f}", f"{row.seconds:.2f}", f"{row.MB:.0f}"]
        for row in paid.itertuples()
    ]
