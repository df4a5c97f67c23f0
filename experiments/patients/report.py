"""The page: what was measured, in tables, and what was not."""

from typing import Any

from cmr_ssl.report.tables import markdown
from experiments.cohorts import opened
from experiments.patients.settings import ARMS, FIRST, Settings
from experiments.tables import with_interval

Found = dict[str, list[float]]  # arm or difference -> value, low, high


def page(settings: Settings, measured: dict[str, Any], machine: str) -> str:
    """Return the page as Markdown."""
    counts = {name: len(subjects) for name, subjects in opened(settings.cohort).subjects.items()}
    risk = measured["risk"]
    followed = risk["counts"]
    return f"""# Patients: images aligned with tables

Made by `python -m experiments.patients` on the synthetic cohort: {counts["train"]} subjects to train, {counts["val"]}
to validate, {counts["test"]} tested. One masked pretraining went through one alignment of {settings.epochs} epochs,
without reconstruction. What follows compares frozen encoders: linear heads on tokens around landmarks, and on the 128
numbers at which the alignment sees an image (aligned space). Nothing was fine-tuned, and there is one alignment:
intervals (95 %, bootstrap over test subjects) do not contain what another seed of it would change. CPU: {machine}.

## Image and table find each other

Among 100 test subjects that no training has seen, drawn 50 times; by chance 1.0 % come first and 5.0 % are among five.

{_retrieval(measured["retrieval"])}

The last row is the control: with the table of another patient nothing is found.

## Phenotypes, {settings.labels} labels

Mean absolute error, the mean of {settings.draws} draws of the labelled subjects; differences below zero are for the
alignment.

{_table(measured["phenotypes"], "{:.2f}", "{:+.2f}")}

Heads see {settings.labels} labelled subjects. No phenotype of the heart was in the aligned table.

Where aligned tokens are worth what those of masked pretraining are, the encoder has hardly moved, as it does in so few
epochs at a tenth of the heads' rate; images and tables then find each other by what the heads learnt.

## Diagnoses, {settings.labels} labels

AUROC, likewise; differences above zero are for the alignment. Diagnoses were left out of the aligned table.

{_table(measured["diagnoses"], "{:.3f}", "{:+.3f}")}

Of {settings.labels} drawn subjects few have a rare diagnosis, and its rows say little.

## Heart failure after imaging

Harrell's concordance of {followed["subjects"]} test subjects without heart failure at imaging and with all covariates
known, {followed["events"]} of whom fell ill; the head saw {followed["training"]} training subjects. Covariates are age,
sex, systolic pressure, body mass index, diabetes and smoking. Best possible is the hazard from which the follow-up was
drawn, on the same subjects; it depends on heart and table, and no image shows the table's part.

{_risk(risk["concordance"])}

## Not measured

Other seeds of the alignment, longer ones, with reconstruction, at full resolution, or of more than {counts["train"]}
subjects; fine-tuning; anything on real patients. The cohort's hearts and tables hang together as its generator says,
and heart failure is far more frequent there than in a biobank.
"""


def _retrieval(found: dict[str, dict[str, float]]) -> str:
    ways = list(next(iter(found.values())))
    rows = [[name, *(f"{100 * shares[way]:.1f} %" for way in ways)] for name, shares in found.items()]
    return markdown(["", *ways], rows)


def _table(found: dict[str, Found], plain: str, signed: str) -> str:
    first = next(iter(found.values()))
    arms, differences = [one for one in first if one in ARMS], [one for one in first if " - " in one]
    others = [ARMS[name.split(" - ")[1]] for name in differences]
    head = ["", *(ARMS[arm] for arm in arms), *(f"{ARMS[FIRST]} less {other}" for other in others)]
    rows = [
        [
            name,
            *(plain.format(one[arm][0]) for arm in arms),
            *(with_interval(one[less], signed) for less in differences),
        ]
        for name, one in found.items()
    ]
    return markdown(head, rows)


def _risk(found: Found) -> str:
    rows = []
    for name in [one for one in found if " - " not in one]:
        less = found.get(f"{FIRST} - {name}")
        label = ARMS.get(name, name)
        rows.append([label, with_interval(found[name], "{:.3f}"), with_interval(less, "{:+.3f}") if less else ""])
    return markdown(["", "concordance", f"{ARMS[FIRST]} less this"], rows)
