"""docs/evidence.md: one page of what helps, what does not, and how sure that is."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from cmr_ssl.files import save_text
from cmr_ssl.report.tables import markdown
from cmr_ssl.robustness.scenarios import HALF
from experiments.evidence import pathologies, trained
from experiments.evidence.arms import BOTH, CONTROLS, RAW, SHIPPED, TOKENS, UNTRAINED, WHOLE, pretrained
from experiments.evidence.figures import draw_curves, draw_planes
from experiments.evidence.results import comparisons, means, predictions, write_tables
from experiments.evidence.settings import Settings
from experiments.evidence.studies import ALL, CONDITIONS, ONLY_3
from experiments.evidence.tables import against_best, hardest, reduction_cell, wide
from experiments.evidence.tried import TRIED
from experiments.machine import description

MANY, FEW = 100, 30  # labels that tables and sentences speak of
SHOWN = ("LVEF (%)", "LVEDV (mL)", "LVM (g)")  # where planes are missing
# By how much errors should be smaller than with the better control, %; by labels, test and target.
AIMS = {
    (FEW, ALL, "LVEF (%)"): 50,
    (FEW, ALL, "LVEDV (mL)"): 30,
    (FEW, ALL, "LVM (g)"): 30,
    (MANY, ALL, "LVEF (%)"): 40,
    (MANY, ALL, "LVEDV (mL)"): 30,
    (MANY, ALL, "LVM (g)"): 30,
    **{(MANY, test, target): 25 for test in (HALF, ONLY_3) for target in SHOWN},
}
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
    rows = pd.concat([probed, networks])
    errors, differences = write_tables(study.out, rows, [*PAIRS, *TRAINED_PAIRS])
    text = [
        *opening(settings),
        *verdict(differences),
        *aims(differences),
        *few_labels(errors, differences, out),
        *missing_planes(errors, differences, out),
        *scanners(settings, errors, differences),
        *classes(study.out, names),
        *networks_trained(settings, rows, differences),
        *ablations(settings),
        TRIED,
    ]
    save_text(out / "evidence.md", "\n\n".join(text) + "\n")


def opening(settings: Settings) -> Iterator[str]:
    """Yield what this is and how it was done."""
    yield "# Evidence: what pretraining is worth"
    yield (
        f"Written by `{settings.command}`. {' '.join(description())} Synthetic hearts: this compares "
        "methods and says nothing about patients."
    )
    yield (
        f"* **Pretraining**: {counted(len(settings.seeds), 'pretraining')} on the training split of "
        f"{settings.development} unlabelled hearts{strangers(settings)} (configs/evidence/pretraining.yaml).\n"
        f"* **Labels and tests**: of {settings.fresh} other hearts (seed {settings.fresh_seed}), on which nothing was "
        f"pretrained; {settings.draws} draws of labelled subjects. These hearts were made after everything was "
        "chosen: how to pretrain on validation hearts of the pretraining, heads on hearts of earlier pages. Only that "
        "volumes and masses are learnt as lengths came later, chosen on 600 others.\n"
        "* **Heads**: ridge regression in closed form, alike for all features: raw pixels averaged around 36 landmarks "
        "(no network), the same averages of tokens of the untrained encoder, and of the pretrained one; *whole heart* "
        "is what the pretrained decoder says of fixed places. Each labelled study counts once in full and once with "
        "planes missing, for varied heads twice more with other grey values.\n"
        "* **Controls**: raw pixels and untrained tokens. Reductions are against whichever of the two errs less, each "
        "cell by itself.\n"
        "* **How sure**: 95 % intervals of a bootstrap over pretrainings, draws and subjects, paired in draws and "
        "subjects; * is p < 0.05 after Holm's correction over all labels, targets and conditions of a pair."
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


def aims(differences: pd.DataFrame) -> Iterator[str]:
    """Yield which aims are reached."""
    best = against_best(differences[differences["other"].isin(CONTROLS)])
    best = best.set_index(["labels", "test", "target", "arm"]).sort_index()
    rows = [
        (*where, f"{aim} %", *(judged(best.loc[(*where, arm)], aim) for arm in (TOKENS, BOTH)))
        for where, aim in AIMS.items()
        if all((*where, arm) in best.index for arm in (TOKENS, BOTH))
    ]
    if rows:
        yield "## What was aimed for"
        yield markdown(["labels", "planes", "error of", "aim: less by", TOKENS, BOTH], rows, 3)


def judged(line: "pd.Series[float]", aim: int) -> str:
    """Return a reduction and whether it is what was aimed for, in %, and beyond chance."""
    reached = 100 * line["reduction"] >= aim and line["reduction low"] > 0
    return f"{reduction_cell(line)} {'**reached**' if reached else 'missed'}"


def few_labels(errors: pd.DataFrame, differences: pd.DataFrame, out: Path) -> Iterator[str]:
    """Yield the learning curves and how much is gained."""
    curves = [RAW, UNTRAINED, TOKENS, "fine-tuned", "scratch", "ResNet"]
    draw_curves(out / "evidence_labels.png", errors[errors["test"] == ALL], curves)
    yield "## Few labels"
    yield "![mean absolute errors against labels](evidence_labels.png)"
    yield "Mean absolute errors:"
    told = errors[(errors["test"] == ALL) & errors["arm"].isin([RAW, UNTRAINED, TOKENS, BOTH])]
    yield values(told)
    yield "Reduction of the error by pretraining, against the better control, %:"
    yield gains(against_best(of_ours(differences, [ALL])), ["labels", "arm"])


def of_ours(differences: pd.DataFrame, tests: Sequence[str]) -> pd.DataFrame:
    """Return the comparisons of what is pretrained with the controls in some tests."""
    ours = differences["arm"].isin([TOKENS, BOTH]) & differences["other"].isin(CONTROLS)
    return differences[ours & differences["test"].isin(tests)]


def missing_planes(errors: pd.DataFrame, differences: pd.DataFrame, out: Path) -> Iterator[str]:
    """Yield what is left of it when planes are missing."""
    arms = [RAW, UNTRAINED, TOKENS, WHOLE, BOTH]
    some = errors[errors["test"].isin(CONDITIONS) & (errors["labels"] == MANY)]
    draw_planes(out / "evidence_planes.png", some, arms, SHOWN)
    yield f"## Missing planes, {MANY} labels"
    yield "![mean absolute errors where planes are missing](evidence_planes.png)"
    yield "Reduction of the error, against the better control, %:"
    kept = of_ours(differences, CONDITIONS[1:])
    yield gains(against_best(kept[(kept["labels"] == MANY) & kept["target"].isin(SHOWN)]), ["test", "arm"])


def scanners(settings: Settings, errors: pd.DataFrame, differences: pd.DataFrame) -> Iterator[str]:
    """Yield how heads do on images of other scanners than those they learned from."""
    there = differences["test"].str.startswith("scanner") & (differences["labels"] == MANY)
    some = differences[there & (differences["arm"] == TOKENS) & differences["other"].isin(CONTROLS)]
    if len(some):
        yield f"## Another scanner, {MANY} labels from the usual one"
        yield (
            f"Errors of pretrained tokens: {told(errors, some['test'].unique())}. Centred: the mean prediction for "
            f"{settings.study().seen} unlabelled persons of the scanner is made that of the usual scanner, for every "
            "arm; this supposes that both see the same kind of people. Reduction of the error, against the better "
            "control, %:"
        )
        yield gains(against_best(some), ["test"])


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
        against = against_best(comparisons(rows, PAIRS))
        yield f"## Seven pathologies, {pathologies.A_CLASS} labelled hearts of each"
        yield "Balanced accuracy (chance 0.14), and how many mistakes fewer than with the better control, %:"
        fewer = {line["arm"]: reduction_cell(line) for _, line in against.iterrows()}
        cells = [(arm, accuracy(line), fewer.get(str(arm), "")) for arm, line in found.iterrows()]
        yield markdown(["arm", "balanced accuracy", "fewer mistakes"], cells, 1)


def accuracy(mistakes: "pd.Series[float]") -> str:
    """Return the balanced accuracy with its interval, from the share of mistakes."""
    return f"{1 - mistakes['value']:.2f} [{1 - mistakes['high']:.2f}, {1 - mistakes['low']:.2f}]"


def networks_trained(settings: Settings, rows: pd.DataFrame, differences: pd.DataFrame) -> Iterator[str]:
    """Yield what networks reach that are trained with labels, and what that costs."""
    plan = settings.trained
    costs = trained.costs(settings.study(), plan) if plan else pd.DataFrame()
    if plan is None or costs.empty:
        return
    yield "## Networks trained with the labels"
    yield (
        f"Each to its own best: up to {trained.STEPS} steps, ended by the validation split (10 % of the fresh hearts), "
        "three rates tried with each number of labels, planes missing in training; "
        f"{counted(plan.draws, 'draw')} of labelled subjects, fine-tuned from the first pretraining."
        f"{not_finished(plan, costs)} Mean absolute errors, all planes:"
    )
    some = rows[(rows["test"] == ALL) & rows["labels"].isin(costs["labels"].unique()) & (rows["draw"] < plan.draws)]
    yield values(means(some[some["arm"].isin([RAW, TOKENS, *costs["arm"].unique()])]))
    mine = differences["arm"].isin(["fine-tuned", TOKENS]) & ~differences["other"].isin(CONTROLS)
    yield f"Reduction of the error, %. {spread(plan.draws)}"
    yield gains(differences[mine & (differences["test"] == ALL)], ["labels", "arm", "other"])
    yield "What the chosen runs of the first draw took:"
    spent = costs[["arm", "labels", "rate", "steps", "passes", "minutes"]]
    yield markdown(spent.columns, spent.itertuples(index=False, name=None))


def spread(draws: int) -> str:
    """Return what intervals of networks that were trained once with each draw are over."""
    if draws > 1:
        return "Intervals are over draws and test subjects:"
    return "Intervals are over test subjects alone: with other labelled hearts, or trained again, results differ more:"


def not_finished(plan: trained.Plan, costs: pd.DataFrame) -> str:
    """Return which networks are not in the tables, because not all of their rates were tried; empty where all are."""
    there = set(zip(costs["arm"], costs["labels"], strict=True))
    wanted = [(arm.name, labels) for labels in plan.labels for arm in plan.arms]
    gone = [f"{name} with {labels} labels" for name, labels in wanted if (name, labels) not in there]
    return f" Not carried out to the end: {', '.join(gone)}." if gone else ""


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
