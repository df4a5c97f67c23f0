"""The page: docs/kspace.md, and its figure."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from cmr_ssl.agreement import classification
from cmr_ssl.files import save_text, write_atomically
from cmr_ssl.report.tables import markdown
from cmr_ssl.robustness.curves import COLOURS, DOTS_PER_INCH
from cmr_ssl.robustness.undersampling import FULL, LINES, RECONSTRUCTED, ZERO_FILLED
from experiments.kspace.cines import SHARED
from experiments.kspace.features import CENTRAL, file_of, predicted, truth
from experiments.kspace.settings import COILS, PLANES, SNR, TARGETS, TRAINED, Settings
from experiments.statistics import Comparison, Estimate, compare, exponent, mean_error
from experiments.tables import with_interval

MATCHED = f"{ZERO_FILLED}, head of the same"
Rows = list[list[str]]
USE = """## How to use it

    python -m cmr_ssl fit --config configs/kspace/pretraining.yaml --data.cache CACHE
    python -m cmr_ssl fit --config configs/kspace/phenotype.yaml --data.cache CACHE --data.table TABLE \\
      --model.encoder_checkpoint runs/kspace_pretraining
    python -m cmr_ssl robustness --checkpoint IMAGES --beside LINES --cache CACHE --table TABLE --out OUT \\
      --undersampling 1,2,4,8,16
    python -m cmr_ssl kspace --source raw.h5 --out STUDIES/SUBJECT    # measured k-space, for `prepare`

`configs/kspace/diagnosis.yaml` and `segmentation.yaml` work like `phenotype.yaml`. `--model.acceleration` takes another
R than that of the pretraining; the sampling pattern, coils, noise and phase stand under `model.encoder.acquisition` of
`pretraining.yaml` (`UniformLines`, `VariableDensity`, `VistaLike`, `KtInterleaved` of `cmr_ssl.kspace`). Any model of
images can learn from undersampled ones with `cmr_ssl.corruption.KSpaceUndersampling` under `model.corruption`.
"""


def write_report(settings: Settings, out: Path, quick: bool) -> None:
    """Write the page and its figure into a folder from what was measured so far."""
    errors, areas = phenotypes(settings)
    diseased = int(truth(settings, settings.people()["test"])[:, -1].sum())
    found = pd.read_csv(settings.cines_table)
    paid = pd.read_csv(settings.cost_table)
    name = "kspace_quick" if quick else "kspace"
    save_text(out / f"{name}.md", page(settings, errors, areas, found, paid, diseased, quick))
    draw(out / f"{name}.png", errors, found, paid)


def phenotypes(settings: Settings) -> tuple[dict[tuple[str, float], np.ndarray], dict[tuple[str, float], Estimate]]:
    """Return absolute errors (N, K) on the test subjects and the AUROC of disease, by way and acceleration.

    What has not been measured yet is left out.
    """
    train, test = (truth(settings, settings.people()[split]) for split in ("train", "test"))
    errors, areas = {}, {}
    for name, way, at, learnt, learnt_at in ways(settings):
        if not (file_of(settings, way, at, "test").exists() and file_of(settings, learnt, learnt_at, "train").exists()):
            continue
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
        for way in (ZERO_FILLED, RECONSTRUCTED):
            yield way, way, acceleration, FULL, 1.0
        yield MATCHED, ZERO_FILLED, acceleration, ZERO_FILLED, acceleration
        for way in (CENTRAL, LINES):
            yield way, way, acceleration, way, acceleration


def page(
    settings: Settings,
    errors: dict[tuple[str, float], np.ndarray],
    areas: dict[tuple[str, float], Estimate],
    found: pd.DataFrame,
    paid: pd.DataFrame,
    diseased: int,
    quick: bool,
) -> str:
    """Return the page as Markdown."""
    name = "kspace_quick" if quick else "kspace"
    again = "python -m experiments.kspace" + (" quick" if quick else "")
    tested = len(next(iter(errors.values())))
    seen = sum(PLANES.values())
    return f"""# Undersampled k-space

**The k-space is simulated.** Cohorts hold magnitude images, here of synthetic hearts: the phase is invented, so are
coils and noise. These are results on a simulation of a simulation, not on data of a scanner.

Made by `{again}`; do not edit. {tested} subjects of the test split of the evidence's development cohort, which no
pretraining saw; {settings.labelled} labelled ones; {seen} planes of each. Cartesian lines in the published pattern (4
central lines, others drawn without replacement from exp(-((k - H/2) / (H/5))^2 / 2) + 1 / (2R), in each frame anew), 48
lines a frame, 16 frames, {COILS} coil, a phase of at most 1 radian, signal-to-noise ratio {SNR:g}. R is all lines over
those acquired. In brackets: 95 % intervals of the hierarchical bootstrap over test subjects.

![curves]({name}.png)

## What it says

{verdict(settings, errors, found, paid)}

## Phenotypes

Heads solved by ridge regression on frozen encoders, absolute errors. *{FULL}*, *{ZERO_FILLED}* and *{RECONSTRUCTED}*
(compressed sensing, sparse over the beat) go into the encoder that was pretrained on full images; the head learnt from
full images, or where the row says so from zero-filled ones. *{LINES}* go into an encoder that was pretrained for
{settings.steps} steps of {settings.batch} studies at R = {TRAINED:g}, {seen} planes of each study, on one core: a small
fraction of what the encoder of images has seen. Their tokens are pooled by central line, level of the heart and part of
the beat; *{CENTRAL}* pools the lines alike as they are measured, which tells what the encoder adds. Disease is any
pathology of the phantom; {diseased} of the test subjects have one, too few to tell the ways apart. What is not in the
table has not been measured yet.

{markdown(["way", "R", *TARGETS, "AUROC of disease"], phenotype_rows(errors, areas))}

Paired with full images, change of the error in % (below 0 is better):

{markdown(["way", "R", *TARGETS], paired_rows(errors))}

## Cines and label maps

{settings.cines} subjects. NMSE and SSIM against the full cine, without noise. Dice of a U-Net that was trained on full
images and sees what each way makes of the same lines; *lines* are completed by the pretrained decoder, which begins
with *{SHARED}* (each missing line is the mean of those measured at its k_y, weighted by how near in time).
At R = 16 three of 48 lines are left, the same central ones in every frame: nothing can be shared.

{markdown(["way", "R", *measures(found)], cine_rows(found))}

Paired with zero-filled images at the same R, difference of the NMSE:

{markdown(["way", "R", "difference"], paired_cines(found), texts=1)}

## Cost

A step of the encoder of lines and its decoder, one study of {seen} planes, forward and backward, on one core. Fitted
over R from 1 on, seconds fall like 1 / R^{falls(paid):.2f}.

{markdown(["R", "lines seen", "seconds", "peak memory (MB)"], cost_rows(paid), texts=0)}

{USE}"""


def verdict(
    settings: Settings, errors: dict[tuple[str, float], np.ndarray], found: pd.DataFrame, paid: pd.DataFrame
) -> str:
    """Return in sentences how the aims were met or missed, at the acceleration of the pretraining."""
    at = TRAINED if TRAINED in settings.accelerations else settings.accelerations[-1]
    full, lines, filled, sparse, alone = (
        errors[key][:, 0].mean()
        for key in ((FULL, 1.0), (LINES, at), (MATCHED, at), (RECONSTRUCTED, at), (CENTRAL, at))
    )
    myocardium = found[found["measure"] == "Dice of the myocardium"].groupby(["way", "acceleration"])["value"].mean()
    error = found[found["measure"] == "NMSE"].groupby(["way", "acceleration"])["value"].mean()
    sentences = [
        f"At R = {at:g} the error of LVEF is {full:.2f} points from full images, {filled:.2f} from zero-filled images "
        f"with a head of the same, {sparse:.2f} from reconstructed images and {lines:.2f} from lines without images in "
        f"between: {lines / full:.2f} times that of full images (aim: 1.25).",
        f"Central lines by themselves, without an encoder, give {alone:.2f} points: with so little training the "
        "encoder of lines adds nothing to them that these subjects could show.",
        f"The Dice of the myocardium is {myocardium[FULL, 1.0]:.3f} on full images, {myocardium[ZERO_FILLED, at]:.3f} "
        f"on zero-filled, {myocardium[RECONSTRUCTED, at]:.3f} on reconstructed ones and {myocardium[LINES, at]:.3f} on "
        "lines that were completed and put back (aim: within 0.03 of full images).",
        f"The NMSE of the cine is {error[ZERO_FILLED, at]:.4f} zero-filled, {error[RECONSTRUCTED, at]:.4f} by "
        f"compressed sensing, {error[SHARED, at]:.4f} by sharing lines over the beat and {error[LINES, at]:.4f} "
        "with what the decoder adds to that.",
        f"The cost of a step falls like 1 / R^{falls(paid):.2f} (aim: 0.7).",
    ]
    return "\n".join(f"* {sentence}" for sentence in sentences)


def phenotype_rows(errors: dict[tuple[str, float], np.ndarray], areas: dict[tuple[str, float], Estimate]) -> Rows:
    """Return a row for each way and acceleration."""
    return [
        [
            way,
            f"{acceleration:g}",
            *(with_interval(mean_error(paired(column))) for column in values.T),
            with_interval(areas[way, acceleration]),
        ]
        for (way, acceleration), values in errors.items()
    ]


def paired_rows(errors: dict[tuple[str, float], np.ndarray]) -> Rows:
    """Return by how much each way errs more than full images."""
    full = errors[FULL, 1.0]
    return [
        [
            way,
            f"{acceleration:g}",
            *(changed(compare(paired(one), paired(whole))) for one, whole in zip(values.T, full.T, strict=True)),
        ]
        for (way, acceleration), values in errors.items()
        if way != FULL
    ]


def measures(found: pd.DataFrame) -> list[str]:
    """Return what was measured of cines."""
    return list(dict.fromkeys(found["measure"]))


def cine_rows(found: pd.DataFrame) -> Rows:
    """Return a row for each way and acceleration."""
    rows = []
    for (way, acceleration), part in found.groupby(["way", "acceleration"], sort=False):
        values = (part.loc[part["measure"] == measure, "value"].to_numpy() for measure in measures(found))
        rows.append(
            [
                way,
                f"{acceleration:g}",
                *(with_interval(mean_error(paired(one[np.isfinite(one)])), "{:.3f}") for one in values),
            ]
        )
    return rows


def paired_cines(found: pd.DataFrame) -> Rows:
    """Return by how much the NMSE of each way differs from that of zero-filled images."""
    table = found[found["measure"] == "NMSE"].pivot(index="subject", columns=["way", "acceleration"], values="value")
    rows = []
    for way, acceleration in table:
        if way not in (FULL, ZERO_FILLED):
            ours, plain = (paired(table[one, acceleration].to_numpy()) for one in (way, ZERO_FILLED))
            rows.append([way, f"{acceleration:g}", with_interval(compare(ours, plain).difference, "{:.3f}")])
    return rows


def cost_rows(paid: pd.DataFrame) -> Rows:
    """Return a row an acceleration."""
    return [
        [f"{row.acceleration:g}", f"{row.lines:.0f}", f"{row.seconds:.2f}", f"{row.MB:.0f}"]
        for row in paid.itertuples()
    ]


def falls(paid: pd.DataFrame) -> float:
    """Return p of seconds ~ R^-p."""
    return -exponent(paid["acceleration"], paid["seconds"])


def paired(values: np.ndarray) -> np.ndarray:
    """Return errors of subjects (S,) as `statistics` takes them, (1, 1, S)."""
    return np.asarray(values, np.float64)[None, None]


def changed(comparison: Comparison) -> str:
    """Return a change of an error in %."""
    value, low, high = comparison.reduction
    return with_interval([-100 * value, -100 * high, -100 * low], "{:+.0f}")


def draw(path: Path, errors: dict[tuple[str, float], np.ndarray], found: pd.DataFrame, paid: pd.DataFrame) -> None:
    """Draw the error of LVEF, the NMSE, the Dice and the seconds against R, as PNG."""
    figure = Figure(figsize=(15, 3.8), layout="constrained")
    axes = figure.subplots(1, 4)
    lvef = pd.DataFrame(
        [{"way": way, "acceleration": at, "value": values[:, 0].mean()} for (way, at), values in errors.items()]
    )
    means = found.groupby(["measure", "way", "acceleration"], sort=False)["value"].mean().reset_index()
    nmse, dice = (means[means["measure"] == name] for name in ("NMSE", "Dice of the myocardium"))
    panels = ((lvef, "error of LVEF, points"), (nmse, "NMSE of the cine"), (dice, "Dice of the myocardium"))
    for one, (table, label) in zip(axes[:3], panels, strict=True):
        for index, (way, rows) in enumerate(table.groupby("way", sort=False)):
            colour = "black" if way == FULL else COLOURS[(index - 1) % len(COLOURS)]
            if way == FULL:
                one.axhline(rows["value"].iloc[0], color=colour, linestyle="--", linewidth=1, label=way)
            else:
                one.plot(rows["acceleration"], rows["value"], "o-", color=colour, markersize=3.5, label=way)
        one.set_ylabel(label)
        one.legend(fontsize=7, frameon=False)
    axes[3].plot(paid["acceleration"], paid["seconds"], "o-", color=COLOURS[0], markersize=3.5)
    axes[3].set(ylabel="seconds of a step on lines", yscale="log")
    for one in axes:
        one.set_xscale("log", base=2)
        one.set_xlabel("acceleration R")
        one.spines[["top", "right"]].set_visible(False)
        one.grid(alpha=0.25, linewidth=0.5)
    figure.suptitle("k-space simulated from magnitudes of synthetic hearts", fontsize=9)
    write_atomically(path, lambda stream: figure.savefig(stream, format="png", dpi=DOTS_PER_INCH))
