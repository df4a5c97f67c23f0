"""docs/evidence.md: one page of what helps, what does not, and how sure that is."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from cmr_ssl.files import save_text
from cmr_ssl.report.tables import markdown
from experiments.evidence import pathologies, trained
from experiments.evidence.arms import BOTH, CONTROLS, RAW, SHIPPED, TOKENS, UNTRAINED, WHOLE, pretrained
from experiments.evidence.figures import draw_curves, draw_planes
from experiments.evidence.results import comparisons, means, predictions, write_tables
from experiments.evidence.settings import Settings
from experiments.evidence.studies import ALL, CONDITIONS
from experiments.evidence.tables import hardest, reduction_cell, wide
from experiments.machine import description

MANY, FEW = 100, 30  # labels that tables and sentences speak of
SHOWN = ("LVEF (%)", "LVEDV (mL)", "LVM (g)")  # where planes are missing
PAIRS = tuple((arm, control) for arm in (TOKENS, SHIPPED, WHOLE, BOTH) for control in CONTROLS)
TRAINED_PAIRS = (
    ("fine-tuned", TOKENS),
    ("fine-tuned", "scratch"),
    ("fine-tuned", "ResNet"),
    (TOKENS, "scratch"),
    (TOKENS, "ResNet"),
)


def write_report(settings: Settings, out: Path) -> None:
    """Write the page, its figures and the tables behind it from what has been measured; nothing where nothing has."""
    study = settings.study()
    probed = predictions(study.out)
    if probed.empty:
        return
    names = {source.name for source in settings.sources()}
    probed = probed[probed["pretraining"].isin(names)]  # others are left of pretrainings that were repeated
    networks = trained.predictions(study, settings.trained) if settings.trained else pd.DataFrame()
    errors, differences = write_tables(study.out, pd.concat([probed, networks]), [*PAIRS, *TRAINED_PAIRS])
    text = [
        *opening(settings),
        *verdict(differences),
        *few_labels(errors, differences, out),
        *missing_planes(errors, differences, out),
        *scanners(settings, errors, differences),
        *classes(study.out, names),
        *networks_trained(settings, errors, differences),
        *ablations(settings),
    ]
    save_text(out / "evidence.md", "\n\n".join(text) + "\n")


def opening(settings: Settings) -> Iterator[str]:
    """Yield what this is and how it was done."""
    yield "# Evidence: what pretraining is worth"
    pretrainings = counted(len(settings.seeds), "pretraining")
    yield (
        f"Written by `python -m experiments.evidence`. {' '.join(description())} Synthetic hearts: this compares "
        f"methods and says nothing about patients. {pretrainings} on the training split of {settings.development} "
        f"unlabelled hearts{strangers(settings)}; labels and tests are of {settings.fresh} others (seed "
        f"{settings.fresh_seed}), on which nothing was pretrained or chosen. {settings.draws} draws of labelled "
        "subjects. Heads are ridge regressions in closed form, alike for all features: raw pixels averaged around 36 "
        "landmarks (no network), the same averages of tokens of the untrained encoder, and of the pretrained one. "
        "Each labelled study counts once in full and once with planes missing, for varied heads twice more with other "
        "grey values. "
        "Intervals are 95 %, of a bootstrap over pretrainings, draws and subjects, paired in draws and subjects; * is "
        "p < 0.05 after Holm's correction over all labels, targets and conditions of a pair."
    )


def strangers(settings: Settings) -> str:
    """Return how many hearts of other scanners were pretrained on as well."""
    names = " and ".join(settings.scanners)
    return f", and of {settings.strangers} of each other scanner ({names})" if names else ""


def counted(number: int, what: str) -> str:
    """Return so many of something in words, one or several."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def verdict(differences: pd.DataFrame) -> Iterator[str]:
    """Yield what the tokens are worth against the better control, with few labels and with more."""
    for labels in (FEW, MANY):
        some = differences[
            (differences["arm"] == TOKENS)
            & differences["other"].isin(CONTROLS)
            & (differences["labels"] == labels)
            & (differences["test"] == ALL)
        ]
        parts = [f"{line['target'].split(' (')[0]} {reduction_cell(line)}" for line in hardest(some)]
        if parts:
            yield (
                f"**With {labels} labels, pretrained tokens reduce the error, against the better of raw pixels and "
                f"untrained tokens, by (%): {', '.join(parts)}.**"
            )


def few_labels(errors: pd.DataFrame, differences: pd.DataFrame, out: Path) -> Iterator[str]:
    """Yield the learning curves and how much is gained."""
    curves = [RAW, UNTRAINED, TOKENS, "fine-tuned", "scratch", "ResNet"]
    draw_curves(out / "evidence_labels.png", errors[errors["test"] == ALL], curves)
    yield "## Few labels"
    yield "![mean absolute errors against labels](evidence_labels.png)"
    yield "Mean absolute errors; the whole heart is what the decoder says about fixed places:"
    told = errors[(errors["test"] == ALL) & errors["arm"].isin([RAW, UNTRAINED, TOKENS, BOTH])]
    yield values(told)
    yield "Reduction of the error by pretraining, %:"
    full = differences[(differences["test"] == ALL) & differences["arm"].isin([TOKENS, BOTH])]
    yield gains(full, ["labels", "arm", "other"])


def missing_planes(errors: pd.DataFrame, differences: pd.DataFrame, out: Path) -> Iterator[str]:
    """Yield what is left of it when planes are missing."""
    arms = [RAW, UNTRAINED, TOKENS, WHOLE, BOTH]
    some = errors[errors["test"].isin(CONDITIONS) & (errors["labels"] == MANY)]
    draw_planes(out / "evidence_planes.png", some, arms, SHOWN)
    yield f"## Missing planes, {MANY} labels"
    yield "![mean absolute errors where planes are missing](evidence_planes.png)"
    yield "Reduction of the error, %:"
    picked = differences["test"].isin(CONDITIONS[1:]) & (differences["labels"] == MANY)
    kept = differences[picked & differences["arm"].isin([TOKENS, BOTH]) & differences["target"].isin(SHOWN)]
    yield gains(kept, ["test", "arm", "other"])


def scanners(settings: Settings, errors: pd.DataFrame, differences: pd.DataFrame) -> Iterator[str]:
    """Yield how heads do on images of other scanners than those they learned from."""
    there = differences["test"].str.startswith("scanner") & (differences["labels"] == MANY)
    some = differences[there & differences["arm"].isin([TOKENS])]
    if len(some):
        yield f"## Another scanner, {MANY} labels from the usual one"
        yield (
            f"Errors of pretrained tokens: {told(errors, some['test'].unique())}. Centred: the mean prediction for "
            f"{settings.study().seen} unlabelled persons of the scanner is made that of the usual scanner, for every "
            "arm; this supposes that both see the same kind of people. Reduction of the error, %:"
        )
        yield gains(some, ["test", "other"])


def told(errors: pd.DataFrame, tests: Sequence[str]) -> str:
    """Return the LVEF errors of the tokens in some tests, beside those on the usual scanner."""
    rows = errors[(errors["arm"] == TOKENS) & (errors["labels"] == MANY) & (errors["target"] == SHOWN[0])]
    values = rows.set_index("test")["value"]
    return ", ".join(f"{test} {values[test]:.2f}" for test in (ALL, *tests)) + " points of LVEF"


def classes(out: Path, names: set[str]) -> Iterator[str]:
    """Yield how well seven pathologies are told apart."""
    rows = pathologies.mistakes(out)
    rows = rows[rows["pretraining"].isin(names)] if len(rows) else rows
    if len(rows):
        found = means(rows).set_index("arm")
        pairs = comparisons(rows, PAIRS)
        yield f"## Seven pathologies, {pathologies.A_CLASS} labelled hearts of each"
        yield (
            "Balanced accuracy (chance 0.14): "
            + ", ".join(
                f"{arm} {1 - line['value']:.2f} [{1 - line['high']:.2f}, {1 - line['low']:.2f}]"
                for arm, line in found.iterrows()
            )
            + ". Reduction of mistakes, %: "
            + ", ".join(f"{line['arm']} against {line['other']} {reduction_cell(line)}" for _, line in pairs.iterrows())
            + "."
        )


def networks_trained(settings: Settings, errors: pd.DataFrame, differences: pd.DataFrame) -> Iterator[str]:
    """Yield what networks reach that are trained with labels, and what that costs."""
    plan = settings.trained
    costs = trained.costs(settings.study(), plan) if plan else pd.DataFrame()
    if plan is None or costs.empty:
        return
    yield "## Networks trained with the labels"
    yield (
        f"Each to its own best: up to {trained.STEPS} steps, ended by the validation split (10 % of the fresh hearts), "
        f"three rates tried with each number of labels, planes missing in training; {plan.draws} draws, fine-tuned "
        "from the first pretraining. Mean absolute errors, all planes:"
    )
    some = errors[(errors["test"] == ALL) & errors["labels"].isin(costs["labels"].unique())]
    some = some[some["arm"].isin([RAW, TOKENS, *costs["arm"].unique()])]
    yield values(some)
    mine = differences["arm"].isin(["fine-tuned", TOKENS]) & ~differences["other"].isin(CONTROLS)
    yield "Reduction of the error, %:"
    yield gains(differences[mine & (differences["test"] == ALL)], ["labels", "arm", "other"])
    yield "What the chosen runs of the first draw took:"
    spent = costs[["arm", "labels", "rate", "steps", "passes", "minutes"]]
    yield markdown(spent.columns, spent.itertuples(index=False, name=None))


def ablations(settings: Settings) -> Iterator[str]:
    """Yield what changes of the objective do, on the development cohort."""
    rows = predictions(settings.development_study().out)
    if rows.empty:
        return
    compared = settings.ablated()
    names = {pretrained(one.checkpoint, TOKENS).name: one.name for one in compared}
    way = rows["pretraining"].map(names)
    rows = rows.assign(arm=way.where(~rows["arm"].isin(CONTROLS), rows["arm"])).dropna(subset="arm")
    found = means(rows[(rows["test"] == ALL) & (rows["labels"] == MANY)])
    yield f"## What the objective owes to its parts (development cohort, {MANY} labels, brief, one seed)"
    yield values(found)


def values(errors: pd.DataFrame) -> str:
    """Return a table of mean errors, a row a number of labels and an arm, a column a target."""
    return wide(errors.assign(cell=errors["value"].map("{:.2f}".format)), ["labels", "arm"])


def gains(differences: pd.DataFrame, rows: list[str]) -> str:
    """Return a table of relative reductions, in %, a column a target."""
    return wide(differences.assign(cell=differences.apply(reduction_cell, axis=1)), rows)
