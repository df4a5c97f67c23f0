"""Tables and the figures of docs/robustness.md."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from cmr_ssl.files import save_text
from cmr_ssl.robustness.curves import draw_curves
from cmr_ssl.robustness.scenarios import HALF
from cmr_ssl.robustness.scores import COSINE, DICE, DICE_FULL, ERROR, IDENTITY
from cmr_ssl.robustness.summary import table_of_scenarios
from experiments.evidence import trained
from experiments.evidence.arms import RAW, SHIPPED, TOKENS, UNTRAINED
from experiments.evidence.results import predictions, write_tables
from experiments.evidence.robustness.settings import DRAWS, LABELS, STEPS, SUBJECTS, TESTED, Settings, kind_of
from experiments.evidence.studies import LONG_AXIS, ONLY_3, called
from experiments.evidence.tables import CERTAIN, hardest, reduction_cell
from experiments.left_out import by_region
from experiments.machine import description
from experiments.statistics import mean_error
from experiments.tables import with_interval

CONTROLS = (RAW, UNTRAINED, "ResNet")
ARMS = (*CONTROLS, TOKENS, SHIPPED)
SPOKEN_OF = {HALF: "half of the planes", ONLY_3: "three planes", LONG_AXIS: "the long axis alone"}
DRAWN = ("LVEF (%)", "LVEDV (mL)", "LVM (g)")
# of the embeddings and of the segmentation, what is worth a row
TOLD = ("all planes", "2 missing", "6 missing", HALF, "every second slice", "no basal third", LONG_AXIS, ONLY_3)

NETWORK = (
    "The ResNet sees missing planes as zeros and learns with planes missing, for up to "
    f"{trained.STEPS} steps, ended by the validation split, at the best of three rates, with one draw."
)
NO_NETWORK = "**A network that learns phenotypes alone is not among the controls yet**: its trainings take hours."


def write_report(settings: Settings, out: Path) -> None:
    """Write robustness.md and its figures from what has been measured; nothing where no head has been solved."""
    study = settings.study
    rows = pd.concat([predictions(study.out), trained.predictions(study, settings.plan)])
    if rows.empty:
        return
    rows = rows[rows["target"].isin(DRAWN)]  # of which p-values are adjusted for one another
    pairs = [(arm, control) for arm in (TOKENS, SHIPPED) for control in CONTROLS]
    errors, differences = write_tables(study.out, rows, pairs)
    draw_curves(out / "robustness.png", {arm: drawn(settings, errors, arm) for arm in ARMS if arm in {*errors["arm"]}})
    text = [
        *opening(settings, "ResNet" in {*errors["arm"]}),
        *verdict(differences),
        "![errors against what is missing or flawed](robustness.png)",
        *errors_by_scenario(errors, differences),
        *planes_left_out(settings),
        *embeddings(settings.embeddings, out),
        *segmented(settings),
        *faults(settings),
        *real_hearts(settings),
    ]
    save_text(out / "robustness.md", "\n\n".join(text) + "\n")


def opening(settings: Settings, has_network: bool) -> Iterator[str]:
    """Yield what this is and how it was done, and whether a network is among the controls."""
    yield "# Missing and flawed planes"
    yield (
        f"Written by `python -m experiments.evidence.robustness`. {' '.join(description())} Synthetic hearts. The "
        "encoder is that of the first pretraining of [evidence.md](evidence.md); labels and tests are of hearts that "
        f"it never saw (seed {settings.evidence.fresh_seed}): {LABELS} labels, {DRAWS} draws of them, {TESTED} test "
        "subjects. Linear heads, alike for all features, learn from each labelled study once in full and once with "
        f"planes missing. {NETWORK if has_network else NO_NETWORK} Intervals are 95 %, of a bootstrap over draws and "
        "subjects; there is one pretraining. As shipped means what `configs/phenotype.yaml` reads: tokens, their "
        "patches, and what the decoder says of fixed places of the heart."
    )


def verdict(differences: pd.DataFrame) -> Iterator[str]:
    """Yield what is gained over the better control where planes are missing."""
    for test, name in SPOKEN_OF.items():
        some = differences[(differences["test"] == test) & (differences["arm"] == SHIPPED)]
        parts = [
            f"{line['target'].split(' (')[0]} {reduction_cell(line)} (against {line['other']})"
            for line in hardest(some)
        ]
        if parts:
            yield (
                f"**With {name}, what is shipped makes the error smaller than the best control does, by (%): "
                f"{', '.join(parts)}.**"
            )


def drawn(settings: Settings, errors: pd.DataFrame, arm: str) -> pd.DataFrame:
    """Return the errors of an arm as the figure of the command `robustness` has them."""
    some = errors[(errors["arm"] == arm) & errors["target"].isin(DRAWN)]
    about = pd.DataFrame(
        [
            {"test": called(one), "kind": kind_of(one), "scenario": one.name, "planes": one.planes}
            for one in settings.scenarios
        ]
    )
    table = some.merge(about, on="test").rename(columns={"target": "of"})
    return table.assign(measure=ERROR, changed=table["planes"])


def errors_by_scenario(errors: pd.DataFrame, differences: pd.DataFrame) -> Iterator[str]:
    """Yield a table a target: the error of each arm in each scenario."""
    yield (
        "## Errors\n\nMean absolute errors. An asterisk: certainly below that of every control (p < 0.05 against each, "
        "Holm over all targets and scenarios)."
    )
    for target in DRAWN:
        some = errors[errors["target"] == target]
        cells = some.assign(cell=some["value"].map("{:.2f}".format) + some.apply(mark, axis=1, differences=differences))
        table = cells.pivot(index="test", columns="arm", values="cell").reindex(index=some["test"].unique())
        yield f"**{target}**"
        yield table_of_scenarios(table[[arm for arm in ARMS if arm in table]].fillna(""))


def mark(line: "pd.Series[float]", differences: pd.DataFrame) -> str:
    """Return an asterisk where an arm errs certainly less than every control."""
    same = (differences[["test", "target", "arm"]] == line[["test", "target", "arm"]]).all(axis=1)
    against = differences[same]
    sure = len(against) and ((against["difference"] < 0) & (against["holm"] < CERTAIN)).all()
    return "*" if sure else ""


def planes_left_out(settings: Settings) -> Iterator[str]:
    """Yield how well planes are told by all others."""
    if settings.left_out.exists():
        yield f"## Planes left out, told by all others (PSNR, dB), {SUBJECTS} test subjects"
        yield told(pd.read_csv(settings.left_out))


def told(found: pd.DataFrame) -> str:
    """Return a table of PSNR (dB) of planes told by all others, a row a region, and how `synthesize` compares."""
    regions = by_region(found)
    tellers = {
        "decoder alone": "model_psnr",
        "what `synthesize` writes": "blended_psnr",
        "interpolated": "interpolated_psnr",
        "nearest": "nearest_psnr",
    }
    cells = pd.DataFrame({name: regions[column] for name, column in tellers.items()})
    gains = [f"{gained(found, what)} {unit}" for what, unit in (("psnr", "dB"), ("ssim", "of SSIM"))]
    return (
        f"{table_of_scenarios(cells.map(lambda value: '' if np.isnan(value) else f'{value:.1f}'))}\n\n"
        f"What `synthesize` writes, against interpolation: {' and '.join(gains)}, means of subjects, 95 % of a "
        "bootstrap over them."
    )


def gained(found: pd.DataFrame, what: str) -> str:
    """Return by how much `synthesize` tells planes better than interpolation, with its interval over subjects."""
    both = found[["subject", f"blended_{what}", f"interpolated_{what}"]].dropna().groupby("subject").mean()
    differences = (both[f"blended_{what}"] - both[f"interpolated_{what}"]).to_numpy()
    value, low, high = mean_error(differences[None, None])
    return f"{value:+.2f} [{low:+.2f}, {high:+.2f}]"


def read(report: Path) -> pd.DataFrame:
    """Return the scenarios worth a row of the table that `robustness` wrote into a folder; nothing where it did not."""
    path = report / "robustness.csv"
    table = pd.read_csv(path, keep_default_na=False) if path.exists() else pd.DataFrame({"scenario": []})
    return table[table["scenario"].isin(TOLD)]


def embeddings(report: Path, out: Path) -> Iterator[str]:
    """Yield how robust the embeddings of the pretrained model are; its pictures are copied to `out`."""
    rows = read(report)
    if rows.empty:
        return
    yield "## Embeddings: cosine to the full study / share of subjects nearest to themselves"
    cells = rows.pivot(index="scenario", columns=["of", "measure"], values="value").loc[rows["scenario"].unique()]
    yield table_of_scenarios(
        pd.DataFrame({of: cells[of].apply(cosine_and_identity, axis=1) for of in dict.fromkeys(rows["of"])})
    )
    for which in ("median", "worst"):
        for picture in report.glob(f"{which}_*.png"):
            shutil.copyfile(picture, out / f"robustness_{which}.png")
            yield f"The {which} subject with half of its planes missing:"
            yield f"![{which} subject](robustness_{which}.png)"


def cosine_and_identity(row: "pd.Series[float]") -> str:
    """Return both measures of an embedding in one cell."""
    return f"{row[COSINE]:.3f} / {row[IDENTITY]:.2f}"


def segmented(settings: Settings) -> Iterator[str]:
    """Yield how well the planes that are left are segmented."""
    tables = {one.name: table for one in settings.segmenters if len(table := read(one.report))}
    if tables:
        yield f"## Dice on the planes that are left, {SUBJECTS} test subjects"
        yield (
            f"Mean over structures, then over subjects. Both networks learnt from {LABELS} labelled subjects in "
            f"{STEPS} steps, once, and neither was at its best by then. Fewer "
            "planes may show easier things: so beside it the Dice on the very same planes while nothing was missing."
        )
        found = {
            f"{name}{ending}": dice(table, measure)
            for name, table in tables.items()
            for measure, ending in ((DICE, ""), (DICE_FULL, ", full study"))
        }
        yield table_of_scenarios(pd.DataFrame(found))


def dice(table: pd.DataFrame, measure: str) -> "pd.Series[str]":
    """Return one kind of Dice of each scenario with its interval."""
    rows = table[table["measure"] == measure]
    estimates = rows[["value", "low", "high"]].itertuples(index=False)
    return pd.Series([with_interval(one, "{:.3f}") for one in estimates], rows["scenario"], dtype=object)


def faults(settings: Settings) -> Iterator[str]:
    """Yield how well faults are found."""
    if settings.faults.exists():
        yield f"## Faults put into {SUBJECTS} test subjects, found by `inspect`"
        named = pd.read_csv(settings.faults).set_index("fault")
        yield table_of_scenarios(named.map(lambda value: str(value) if isinstance(value, int) else f"{value:.3f}"))


def real_hearts(settings: Settings) -> Iterator[str]:
    """Yield how well planes of real hearts are told."""
    if settings.real.exists():
        found = pd.read_csv(settings.real)
        yield f"## Planes left out of real hearts (PSNR, dB), {found['subject'].nunique()} studies"
        yield "Told by the same pretraining, which has only seen synthetic hearts."
        yield told(found)
