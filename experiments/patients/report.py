"""The page: docs/patients.md, and its figure."""

from functools import partial
from pathlib import Path
from textwrap import fill

import numpy as np

from cmr_ssl.files import save_text
from cmr_ssl.report.tables import markdown
from cmr_ssl.tasks.table_task import AMONG
from experiments.machine import processor
from experiments.patients.features import MASKED, SCRATCH
from experiments.patients.figure import draw
from experiments.patients.measured import ALIGNED, ALONE, DIAGNOSES, PHENOTYPES, SHARE
from experiments.patients.retrieval import DIRECTIONS
from experiments.patients.risk import BEST, COVARIATES, ranked
from experiments.patients.run import Measured
from experiments.patients.settings import Settings
from experiments.patients.tried import TRIED
from experiments.statistics import Array, Chosen, Estimate, auroc, over_replicates, over_subjects
from experiments.tables import with_interval

WHOLE, HALF, POORLY, CONTROL = (
    "whole table", "half of the fields missing", "learnt from halved tables", "another patient's table",
)  # fmt: skip
ARMS = {ALIGNED: ALIGNED, ALONE: ALONE, MASKED: "masked only", SCRATCH: "not trained"}
FUSED = "expected phenotypes and covariates"
RESAMPLES = 300
PERCENT, SIGNED = "{:.1f} %", "{:+.3f}"


def write_report(settings: Settings, measured: Measured, out: Path) -> None:
    """Write the page and its figure into a folder."""
    retrieved, ranks = retrieval(measured), concordances(measured)
    save_text(out / "patients.md", page(settings, measured, retrieved, ranks))
    shown = {name: of[DIRECTIONS[0]] for name, of in retrieved.items()}
    draw(out / "patients.png", shown, measured.risk.hazards[FUSED], measured.risk.outcome, ranks)


def retrieval(measured: Measured) -> dict[str, dict[str, Estimate]]:
    """Return by what was shown and direction how often the own counterpart comes first."""
    rows = {}
    for shown in (WHOLE, POORLY, HALF, CONTROL):
        values = measured.alignments[f"found, {shown}"]  # (A, S, 2)
        ways = {way: partial(share, values[..., index]) for index, way in enumerate(DIRECTIONS)}
        rows[shown] = {way: over_replicates(one, len(values), values.shape[1], RESAMPLES) for way, one in ways.items()}
    return rows


def share(values: Array, alignment: int, chosen: Chosen) -> float:
    """Return the mean of values (A, S) of an alignment over chosen subjects."""
    return float(values[alignment, chosen].mean())


def gain(measured: Measured, shown: str) -> Array:
    """Return how much more often than by chance each subject is found, the mean over directions, (A, S)."""
    return np.asarray(measured.alignments[f"found, {shown}"].mean(axis=-1) - 1 / AMONG)


def cost(measured: Measured, shown: str, alignment: int, chosen: Chosen) -> float:
    """Return what share of the gain over chance is lost."""
    return 1 - share(gain(measured, shown), alignment, chosen) / share(gain(measured, WHOLE), alignment, chosen)


def costs(measured: Measured, shown: str) -> Estimate:
    """Return the same with its interval."""
    alignments, subjects = gain(measured, WHOLE).shape
    return over_replicates(partial(cost, measured, shown), alignments, subjects, RESAMPLES)


def error(measured: Measured, arm: str, target: int, alignment: int, chosen: Chosen) -> float:
    """Return the mean absolute error of a phenotype, over draws."""
    told = measured.alignments[f"told, {arm}"][alignment][:, chosen, target]
    return float(np.nanmean(np.abs(told - measured.true[chosen, target])))


def area(measured: Measured, arm: str, target: int, alignment: int, chosen: Chosen) -> float:
    """Return the AUROC of a diagnosis, the mean over draws."""
    true = measured.true[chosen, target]
    known = np.isfinite(true)
    told = measured.alignments[f"told, {arm}"][alignment][:, chosen[known], target]
    return float(np.mean([auroc(one, true[known] == 1) for one in told]))


def areas(measured: Measured, arm: str, alignment: int, chosen: Chosen) -> float:
    """Return the mean AUROC over the diagnoses."""
    targets = range(len(PHENOTYPES), len(PHENOTYPES) + len(DIAGNOSES))
    return float(np.mean([area(measured, arm, target, alignment, chosen) for target in targets]))


def less(one: partial[float], other: partial[float], alignment: int, chosen: Chosen) -> float:
    """Return the difference of two measures of the same subjects and labels."""
    return one(alignment, chosen) - other(alignment, chosen)


def arm_row(
    name: str, measures: dict[str, partial[float]], counts: tuple[int, int], forms: tuple[str, str]
) -> list[str]:
    """Return a row: each arm, and the aligned one less the others."""
    plain, signed = forms
    everybody = np.arange(counts[1])
    means = [plain.format(np.mean([one(seed, everybody) for seed in range(counts[0])])) for one in measures.values()]
    differences = [
        with_interval(over_replicates(partial(less, measures[ALIGNED], measures[other]), *counts, RESAMPLES), signed)
        for other in (MASKED, SCRATCH)
    ]
    return [name, *means, *differences]


def arms_table(measured: Measured) -> tuple[str, str]:
    """Return the tables of phenotypes and of diagnoses."""
    counts = gain(measured, WHOLE).shape
    head = ["", *ARMS.values(), "aligned less masked only", "aligned less not trained"]
    numbers = [
        arm_row(name, {arm: partial(error, measured, arm, index) for arm in ARMS}, counts, ("{:.2f}", "{:+.2f}"))
        for index, name in enumerate(PHENOTYPES)
    ]
    ill = [
        arm_row(
            name,
            {arm: partial(area, measured, arm, len(PHENOTYPES) + index) for arm in ARMS},
            counts,
            ("{:.3f}", SIGNED),
        )
        for index, name in enumerate(DIAGNOSES)
    ]
    ill.append(arm_row("mean", {arm: partial(areas, measured, arm) for arm in ARMS}, counts, ("{:.3f}", SIGNED)))
    return markdown(head, numbers), markdown(head, ill)


def concordances(measured: Measured) -> dict[str, Estimate]:
    """Return the concordance of each hazard."""
    return {
        name: over_subjects(partial(rank, measured, name), count(measured), RESAMPLES) for name in measured.risk.hazards
    }


def count(measured: Measured) -> int:
    """Return how many test subjects are followed."""
    return len(measured.risk.outcome.years)


def rank(measured: Measured, name: str, chosen: Chosen) -> float:
    """Return the concordance of one hazard on chosen subjects."""
    return ranked(measured.risk.hazards[name][chosen], measured.risk.outcome.of(chosen))


def gap(measured: Measured, one: str, other: str) -> Estimate:
    """Return by how much one hazard ranks better than another."""

    def difference(chosen: Chosen) -> float:
        return rank(measured, one, chosen) - rank(measured, other, chosen)

    return over_subjects(difference, count(measured), RESAMPLES)


def risk_table(measured: Measured, ranks: dict[str, Estimate]) -> str:
    """Return the table of risks."""
    rows = []
    for name, value in ranks.items():
        cells = [name, with_interval(value, "{:.3f}")]
        cells += [
            "" if name == other else with_interval(gap(measured, name, other), SIGNED) for other in (COVARIATES, BEST)
        ]
        rows.append(cells + ["" if name == BEST else f"{one:.3f}" for one in measured.risk.horizons.get(name, (0, 0))])
    return markdown(
        ["", "concordance", "less covariates", "less best possible", "AUROC, 5 years", "Brier, integrated"], rows
    )


def reached(aim: bool) -> str:
    """Say whether an aim was reached."""
    return "**reached**" if aim else "**missed**"


def verdict(measured: Measured, retrieved: dict[str, dict[str, Estimate]]) -> str:
    """Say in plain words which aims were reached."""
    alignments, subjects = gain(measured, WHOLE).shape
    first = [retrieved[WHOLE][way].value for way in DIRECTIONS]
    poorly, half = costs(measured, POORLY), costs(measured, HALF)
    mean = partial(areas, measured)
    ill = over_replicates(partial(less, partial(mean, ALIGNED), partial(mean, MASKED)), alignments, subjects, RESAMPLES)
    raw = over_replicates(
        partial(less, partial(mean, ALIGNED), partial(mean, SCRATCH)), alignments, subjects, RESAMPLES
    )
    to_best, to_covariates = gap(measured, FUSED, BEST), gap(measured, FUSED, COVARIATES)
    shown = partial(with_interval, form=SIGNED)
    lines = [
        f"Image and table of a patient find each other: of {AMONG} tables, the image finds the right one first in "
        f"{100 * first[0]:.0f} %, and of {AMONG} images the table in {100 * first[1]:.0f} %; by chance in 1 %. Aim, "
        f"ten times chance: {reached(min(first) >= 10 / AMONG)}.",
        f"Learnt from tables of which half is missing, {percent(poorly)} of this gain is lost (aim: at most 20 %): "
        f"{reached(poorly.value <= 0.2)}. Where half is missing of the tables that are looked for, {percent(half)} is "
        f"lost: {reached(half.value <= 0.2)}.",
        f"Diagnoses with 100 labels, mean AUROC of aligned less masked only {shown(ill)}, less an encoder that was not "
        f"trained {shown(raw)} (aim: both above 0): {reached(ill.low > 0 and raw.low > 0)}.",
        f"Heart failure after imaging, by phenotypes that images let expect and covariates: concordance less the best "
        f"possible {shown(to_best)} (aim: within 0.03) {reached(to_best.value >= -0.03)}; less covariates alone "
        f"{shown(to_covariates)} (aim: above 0) {reached(to_covariates.low > 0)}.",
        "Phenotypes are not read worse: the alignment leaves the encoder as it is, and beside it the expected table "
        "makes errors smaller where the table below says so.",
    ]
    return "\n".join(fill(f"* {line}", 120, subsequent_indent="  ", break_on_hyphens=False) for line in lines)


def page(
    settings: Settings, measured: Measured, retrieved: dict[str, dict[str, Estimate]], ranks: dict[str, Estimate]
) -> str:
    """Return the page as Markdown."""
    numbers, ill = arms_table(measured)
    alignments, tested = gain(measured, WHOLE).shape
    found = [[name, *(percent(ways[way]) for way in DIRECTIONS)] for name, ways in retrieved.items()]
    counts = measured.risk.counts
    return f"""# Patients: images aligned with tables

Made by `python -m experiments.patients`; do not edit. Synthetic hearts and patients: 2,000 of the cohorts that were
pretrained on, of three scanners, to learn from; {tested} fresh ones, on which nothing was chosen, to test. The encoder
of the pretraining is frozen throughout. {alignments} alignments, each of other four fifths of the 2,000;
labelled subjects ({settings.labels}, drawn {settings.draws} times) are of the fifth that it left out.
Intervals are 95 %, of a bootstrap over alignments and test subjects, paired. CPU: {processor()}.

## What it says

{verdict(measured, retrieved)}

![retrieval, survival by predicted risk, concordance](patients.png)

## Image and table

How often the own counterpart comes first among {AMONG} test subjects, one of them the right one.

{markdown(["", *DIRECTIONS], found)}

The alignment is that of `fit --config alignment`: ridge regression tells which table an image lets expect, and a table
fits an image by the likelihood of what is left open, over its likelihood by itself; missing fields are integrated out.
*{CONTROL}* is the control. Images tell heart rate, body size and sex well, blood pressure and the ECG a
little, lipids and habits not at all. Where half of the fields of the own table are missing, so is much of what tells
patients apart.

## Phenotypes, {settings.labels} labels

Mean absolute error; differences below zero are for the alignment. No phenotype of the heart was in the aligned table.
*{ALIGNED}* heads see tokens and, as {100 * SHARE:.0f} % of their kernel, the table that the image lets expect, as
`fit --config phenotype` solves them from the checkpoint of an alignment, here without copies of the labelled.

{numbers}

## Diagnoses, {settings.labels} labels

AUROC; differences above zero are for the alignment. Diagnoses were left out of the aligned table.

{ill}

## Heart failure after imaging

{counts["tested"]} test subjects without heart failure at imaging and with all covariates known, {counts["ill"]} of
whom fell ill; learnt from {counts["learnt"]} such subjects, {counts["ill learnt"]} of whom did. Covariates are those of
configs/risk.yaml. *Best possible* is the hazard from which the follow-up was drawn. Heads are solved as
`fit --config risk` does with a frozen encoder, and fused with covariates as its `test` does. *Expected phenotypes* are
those of configs/fields/heart.yaml, with which a second alignment was solved; the head sees nothing else
(`--model.expected_share 1`). Nothing is drawn by chance here but subjects.

{risk_table(measured, ranks)}

{TRIED}"""


def percent(estimate: Estimate) -> str:
    """Return a share with its interval in per cent."""
    return with_interval([100 * one for one in estimate], PERCENT)
