"""Tables and the figure of docs/robustness.md."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from cmr_ssl.files import save_text
from cmr_ssl.robustness.curves import draw_curves
from cmr_ssl.robustness.scenarios import FLAWED, HALF, SWAPPED
from cmr_ssl.robustness.scores import COSINE, DICE, DICE_FULL, ERROR, IDENTITY, essential
from cmr_ssl.robustness.summary import table_of_scenarios
from experiments.left_out import by_region
from experiments.machine import description
from experiments.robustness.settings import ADAPTATION, BRIEF_EPOCHS, PULL, SLICES, SUBJECTS, Settings, left_out
from experiments.tables import with_interval

MEASURES = {
    (COSINE, ""): "Cosine of what the head sees to what it sees of the full study, from the mean of training subjects",
    (IDENTITY, ""): "Share of subjects that are, by what the head sees, nearest to themselves among all full studies",
    (ERROR, "LVEF (%)"): "MAE of the LVEF, points",
    (ERROR, "LVEDV (mL)"): "MAE of the LVEDV, mL",
}
FLAWED_PLANES = 3  # of the scenarios in the tables; the figure has all
EMBEDDINGS = "## Embeddings of the pretrained model itself: cosine / share of subjects nearest to themselves"
COMPARATORS = ("nearest", "interpolated")


def read(report: Path) -> pd.DataFrame:
    """Return the table that `robustness` wrote into a folder."""
    return pd.read_csv(report / "robustness.csv", keep_default_na=False)


def few(table: pd.DataFrame) -> pd.DataFrame:
    """Return the scenarios that tables show: of flaws, those of so many planes only."""
    shown = (table["planes"] == FLAWED_PLANES) | (table["scenario"] == SWAPPED)
    return table[(table["kind"] != FLAWED) | shown]


def of_embeddings(table: pd.DataFrame) -> pd.DataFrame:
    """Return cosine and identity of each embedding of one model as text: a row a scenario, a column an embedding."""
    rows = few(table)
    cells = rows.pivot(index="scenario", columns=["of", "measure"], values="value").loc[rows["scenario"].unique()]
    told = {
        name: cells[name].apply(lambda row: f"{row[COSINE]:.3f} / {row[IDENTITY]:.2f}", axis=1)
        for name in cells.columns.levels[0]
    }
    return pd.DataFrame(told)[list(dict.fromkeys(rows["of"]))]


def halved(table: pd.DataFrame) -> str:
    """Return with intervals what the first embedding of one model is worth when half of the planes are missing."""
    of = table["of"].iloc[0]
    rows = table[(table["scenario"] == HALF) & (table["of"] == of)]
    return f"With half of the planes missing, {of}: {', '.join(rows['measure'] + ' ' + intervals(rows, '{:.3f}'))}."


def intervals(table: pd.DataFrame, form: str) -> "pd.Series[str]":
    """Return each value with its interval."""
    estimates = table[["value", "low", "high"]].itertuples(index=False)
    return pd.Series([with_interval(one, form) for one in estimates], table.index, dtype=object)


def compared(tables: Mapping[str, pd.DataFrame], measure: str, of: str) -> pd.DataFrame:
    """Return one measure as text: a row a scenario, a column a model."""
    chosen = {name: few(table[(table["measure"] == measure) & (table["of"] == of)]) for name, table in tables.items()}
    columns = {name: intervals(rows, "{:.3g}").set_axis(rows["scenario"]) for name, rows in chosen.items()}
    return pd.DataFrame(columns).fillna("").reindex(next(iter(columns.values())).index)


def told(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return PSNR (dB) of planes told by all others, as text: a row a region, a column a table or comparator."""
    columns = {name: by_region(table)["model_psnr"] for name, table in tables.items()}
    first = by_region(next(iter(tables.values())))
    columns |= {name: first[f"{name}_psnr"] for name in COMPARATORS}
    return pd.DataFrame(columns).reindex(first.index).map(lambda value: "" if np.isnan(value) else f"{value:.1f}")


def slices_changed(tables: Mapping[str, dict[int, pd.DataFrame]]) -> pd.DataFrame:
    """Return PSNR (dB) of planes left out of studies with few and with all slices, a row a model or comparator."""
    by = {name: ("model", found) for name, found in tables.items()}
    by |= {name: (name, next(iter(tables.values()))) for name in COMPARATORS}
    rows = {
        name: {f"of {slices} slices": f"{table[f'{teller}_psnr'].mean():.1f}" for slices, table in found.items()}
        for name, (teller, found) in by.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose first column names its rows, as text."""
    named = table.set_index(table.columns[0])
    return named.map(lambda value: str(value) if isinstance(value, int) else f"{value:.3f}")


def write_report(settings: Settings, out: Path) -> None:
    """Write robustness.md and its figure from what has been measured; nothing where no model has been."""
    tables = {model.name: read(model.report) for model in settings.models if has_report(model.report)}
    if not tables:
        return
    seen = {name: essential(table) for name, table in tables.items()}
    text = [
        "# Missing and flawed planes",
        "Written by `python -m experiments.robustness`. " + " ".join(description()),
        "Pretrained models saw the same synthetic hearts (the development cohort of docs/evidence.md) as often; its "
        "frozen encoder, and one that nobody trained, get a head for phenotypes, solved in closed form from 300 "
        "labels. 100 test subjects, brackets are 95 % bootstrap intervals over subjects, of one seed; flaws at "
        f"{FLAWED_PLANES} planes. The head without plane dropout learned from studies with all planes, all others from "
        "studies with planes missing, too, as the ResNet did. The figure has every scenario.",
        "![robustness](robustness.png)",
        *embeddings(settings.embeddings, out),
    ]
    for (measure, of), title in MEASURES.items():
        text += [f"## {title}", table_of_scenarios(compared(seen, measure, of))]
    draw_curves(out / "robustness.png", tables)
    for section in (planes_left_out, other_slices, two_views, segmented, faults, real_hearts):
        text += section(settings)
    save_text(out / "robustness.md", "\n\n".join(text) + "\n")


def has_report(folder: Path) -> bool:
    """Return whether `robustness` has written into a folder."""
    return (folder / "robustness.csv").exists()


def embeddings(report: Path, out: Path) -> Iterator[str]:
    """Yield how robust the embeddings of a pretrained model are; its pictures are copied to `out`."""
    if has_report(report):
        table = read(report)
        yield EMBEDDINGS
        yield table_of_scenarios(of_embeddings(table))
        yield halved(table)
    for which in ("median", "worst"):
        for picture in report.glob(f"{which}_*.png"):
            shutil.copyfile(picture, out / f"robustness_{which}.png")
            yield f"The {which} subject with half of its planes missing:"
            yield f"![{which} subject](robustness_{which}.png)"


def planes_left_out(settings: Settings) -> Iterator[str]:
    """Yield how well planes are told by all others."""
    found = {model.name: pd.read_csv(model.left_out) for model in settings.models if model.left_out.exists()}
    if found:
        yield "## Planes left out, told by all others (PSNR, dB)"
        yield f"{SUBJECTS} test subjects."
        yield table_of_scenarios(told(found))


def other_slices(settings: Settings) -> Iterator[str]:
    """Yield what becomes of models that are asked about studies with more or fewer slices than they learned from."""
    found = {
        f"trained with {name}": {slices: pd.read_csv(left_out(pretraining, slices)) for slices in SLICES}
        for name, pretraining in settings.other_slices.items()
        if all(left_out(pretraining, slices).exists() for slices in SLICES)
    }
    if found:
        yield "## Other numbers of slices than in training: planes left out (PSNR, dB)"
        yield f"A study with room for fewer slices keeps its middle ones. {SUBJECTS} test subjects."
        yield table_of_scenarios(slices_changed(found))


def two_views(settings: Settings) -> Iterator[str]:
    """Yield whether it pays to pull the embeddings of two views of a study together."""
    rows = {
        name: of_embeddings(read(one.folder / "report")).loc[HALF].to_dict()
        | {"planes left out, PSNR (dB)": f"{pd.read_csv(left_out(one))['model_psnr'].mean():.1f}"}
        for name, one in settings.two_views.items()
        if has_report(one.folder / "report") and left_out(one).exists()
    }
    if rows:
        yield "## Consistency term: embeddings with half of the planes missing, cosine / identity"
        yield (
            f"{BRIEF_EPOCHS} epochs, in which each study is seen twice, other planes and tokens hidden; where they are "
            f"pulled together, the distance of both embeddings (landmarks, class token) counts with a weight of {PULL}."
        )
        yield table_of_scenarios(pd.DataFrame.from_dict(rows, orient="index"))


def segmented(settings: Settings) -> Iterator[str]:
    """Yield how well the planes that are left are segmented."""
    tables = {model.name: read(model.report) for model in settings.segmenters if has_report(model.report)}
    if tables:
        yield "## Dice on the planes that are left"
        yield (
            "Mean over structures, then over subjects. Fewer planes may show easier things: so beside it the Dice on "
            "the very same planes while nothing was missing or flawed yet. True labels stay where they were when "
            "pixels move (mistriggered, shifted, swapped): no segmentation of what is shown then matches them."
        )
        found = {
            f"{name}{ending}": compared({name: table}, measure, "")[name]
            for name, table in tables.items()
            for measure, ending in ((DICE, ""), (DICE_FULL, ", full study"))
        }
        yield table_of_scenarios(pd.DataFrame(found))


def faults(settings: Settings) -> Iterator[str]:
    """Yield how well faults are found."""
    if settings.faults.exists():
        yield f"## Faults put into {SUBJECTS} test subjects, found by `inspect`"
        yield table_of_scenarios(numbers(pd.read_csv(settings.faults)))


def real_hearts(settings: Settings) -> Iterator[str]:
    """Yield how well planes of real hearts are told."""
    found = {name: pd.read_csv(settings.real(name)) for name in ADAPTATION if settings.real(name).exists()}
    if found:
        studies = next(iter(found.values()))["subject"].nunique()
        yield "## Planes left out of real hearts (PSNR, dB)"
        yield (
            f"Hearts: {studies}. Told by our usual model, which has only seen synthetic ones, and after "
            f"{max(ADAPTATION.values())} steps of training on the other planes of the very study."
        )
        yield table_of_scenarios(told(found))
