"""Tables and the figure of docs/robustness.md."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from benchmarks.left_out import REGIONS
from benchmarks.machine import description

from cmr_ssl.files import save_text
from cmr_ssl.robustness.curves import draw_curves
from cmr_ssl.robustness.scenarios import FLAWED, HALF, SWAPPED
from cmr_ssl.robustness.scores import COSINE, DICE, DICE_FULL, ERROR, IDENTITY, essential
from cmr_ssl.robustness.summary import table_of_scenarios

if TYPE_CHECKING:
    from benchmarks.robustness import Model

MEASURES = {
    (COSINE, ""): "Cosine of what the head sees to what it sees of the full study, from the mean of training subjects",
    (IDENTITY, ""): "Share of subjects that are, by what the head sees, nearest to themselves among all full studies",
    (ERROR, "LVEF (%)"): "MAE of the LVEF, points",
    (ERROR, "LVEDV (mL)"): "MAE of the LVEDV, mL",
}
FLAWED_PLANES = 3  # of the scenarios in the tables; the figure has all
EMBEDDINGS = "## Embeddings of the pretrained model itself: cosine / share of subjects nearest to themselves"
ALL_REGIONS = "all planes"
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
    rows = table[(table["scenario"] == HALF) & (table["of"] == table["of"].iloc[0])]
    told = [
        f"{row['measure']} {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})" for _, row in rows.iterrows()
    ]
    return f"With half of the planes missing, {table['of'].iloc[0]}: {', '.join(told)}."


def compared(tables: dict[str, pd.DataFrame], measure: str, of: str) -> pd.DataFrame:
    """Return one measure as text: a row a scenario, a column a model."""
    columns = {}
    for name, table in tables.items():
        rows = few(table[(table["measure"] == measure) & (table["of"] == of)])
        told = [f"{line['value']:.3g} ({line['low']:.3g} to {line['high']:.3g})" for _, line in rows.iterrows()]
        columns[name] = pd.Series(told, index=rows["scenario"].to_list())
    return pd.DataFrame(columns).fillna("").reindex(next(iter(columns.values())).index)


def left_out(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return PSNR (dB) of planes told by all others, as text: a row a region, a column a table or comparator."""
    columns = {name: by_region(table, "model") for name, table in tables.items()}
    first = next(iter(tables.values()))
    columns |= {name: by_region(first, name) for name in COMPARATORS}
    everything = pd.DataFrame(columns).reindex([*REGIONS, ALL_REGIONS]).dropna(how="all")
    return everything.map(lambda value: "" if np.isnan(value) else f"{value:.1f}")


def by_region(table: pd.DataFrame, name: str) -> "pd.Series[float]":
    """Return the mean PSNR (dB) of each region, and of all planes."""
    values = table[f"{name}_psnr"]
    found = values.groupby(table["region"]).mean()
    found[ALL_REGIONS] = values.mean()
    return found


def slices_changed(tables: dict[str, dict[int, pd.DataFrame]]) -> pd.DataFrame:
    """Return PSNR (dB) of planes left out of studies with few and with all slices, a row a model or comparator."""
    told = {name: ("model", found) for name, found in tables.items()}
    told |= {name: (name, next(iter(tables.values()))) for name in COMPARATORS}
    rows = {
        name: {f"of {slices} slices": f"{table[f'{by}_psnr'].mean():.1f}" for slices, table in found.items()}
        for name, (by, found) in told.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose first column names its rows, as text."""
    named = table.set_index(table.columns[0])
    return named.map(lambda value: str(value) if isinstance(value, int) else f"{value:.3f}")


def write_report(models: "Sequence[Model]", out: Path) -> None:
    """Write robustness.md and its figure from what has been measured; nothing where no model has been."""
    from benchmarks.robustness import embeddings_folder

    done = [model for model in models if has_report(model.report)]
    if not done:
        return
    tables = {model.name: read(model.report) for model in done}
    seen = {name: essential(table) for name, table in tables.items()}
    text = [
        "# Missing and flawed planes",
        "Written by `python -m benchmarks.robustness`. " + " ".join(description()),
        "Pretrained models saw the same synthetic hearts (the development cohort of docs/evidence.md) as often; its "
        "frozen encoder, and one that nobody trained, get a head for phenotypes, solved in closed form from 300 "
        "labels. 100 test subjects, brackets are 95 % bootstrap intervals over subjects, of one seed; flaws at "
        f"{FLAWED_PLANES} planes. The head without plane dropout learned from studies with all planes, all others from "
        "studies with planes missing, too, as the ResNet did. The figure has every scenario.",
        "![robustness](robustness.png)",
    ]
    if has_report(embeddings_folder()):
        embeddings = read(embeddings_folder())
        text += [EMBEDDINGS, table_of_scenarios(of_embeddings(embeddings)), halved(embeddings)]
        text += pictures(embeddings_folder(), out)
    for (measure, of), title in MEASURES.items():
        text += [f"## {title}", table_of_scenarios(compared(seen, measure, of))]
    draw_curves(out / "robustness.png", tables)
    text += [*told(models), *other_slices(), *two_views(), *segmented(), *faults(), *real_hearts()]
    save_text(out / "robustness.md", "\n\n".join(text) + "\n")


def pictures(report: Path, out: Path) -> Iterator[str]:
    """Copy the pictures of a pretrained model to `out`, and yield links to them."""
    for which in ("median", "worst"):
        for picture in report.glob(f"{which}_*.png"):
            shutil.copyfile(picture, out / f"robustness_{which}.png")
            yield f"The {which} subject with half of its planes missing:"
            yield f"![{which} subject](robustness_{which}.png)"


def has_report(folder: Path) -> bool:
    """Return whether `robustness` has written into a folder."""
    return (folder / "robustness.csv").exists()


def told(models: "Sequence[Model]") -> Iterator[str]:
    """Yield how well planes are told by all others."""
    from benchmarks.robustness import LEFT_OUT_SUBJECTS

    found = {model.name: pd.read_csv(model.left_out) for model in models if model.left_out.exists()}
    if found:
        yield "## Planes left out, told by all others (PSNR, dB)"
        yield f"{LEFT_OUT_SUBJECTS} test subjects."
        yield table_of_scenarios(left_out(found))


def other_slices() -> Iterator[str]:
    """Yield what becomes of models that are asked about studies with more or fewer slices than they learned from."""
    from benchmarks.robustness import LEFT_OUT_SUBJECTS, SLICES, on_other_slices, slices_file

    found = {
        f"trained with {name}": {slices: pd.read_csv(slices_file(pretraining, slices)) for slices in SLICES}
        for name, pretraining in on_other_slices().items()
        if all(slices_file(pretraining, slices).exists() for slices in SLICES)
    }
    if found:
        yield "## Other numbers of slices than in training: planes left out (PSNR, dB)"
        yield f"A study with room for fewer slices keeps its middle ones. {LEFT_OUT_SUBJECTS} test subjects."
        yield table_of_scenarios(slices_changed(found))


def two_views() -> Iterator[str]:
    """Yield whether it pays to pull the embeddings of two views of a study together."""
    from benchmarks.robustness import BRIEF_EPOCHS, FOLDER, PULL, consistent, views_file

    rows = {
        name: of_embeddings(read(FOLDER / pretraining.folder / "report")).loc[HALF].to_dict()
        | {"planes left out, PSNR (dB)": f"{pd.read_csv(views_file(pretraining))['model_psnr'].mean():.1f}"}
        for name, pretraining in consistent().items()
        if has_report(FOLDER / pretraining.folder / "report") and views_file(pretraining).exists()
    }
    if rows:
        yield "## Consistency term: embeddings with half of the planes missing, cosine / identity"
        yield (
            f"{BRIEF_EPOCHS} epochs, in which each study is seen twice, other planes and tokens hidden; where they are "
            f"pulled together, the distance of both embeddings (landmarks, class token) counts with a weight of {PULL}."
        )
        yield table_of_scenarios(pd.DataFrame.from_dict(rows, orient="index"))


def segmented() -> Iterator[str]:
    """Yield how well the planes that are left are segmented."""
    from benchmarks.robustness import segmenters

    tables = {model.name: read(model.report) for model in segmenters() if has_report(model.report)}
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


def faults() -> Iterator[str]:
    """Yield how well faults are found."""
    from benchmarks.robustness import LEFT_OUT_SUBJECTS, faults_file

    if faults_file().exists():
        yield f"## Faults put into {LEFT_OUT_SUBJECTS} test subjects, found by `inspect`"
        yield table_of_scenarios(numbers(pd.read_csv(faults_file())))


def real_hearts() -> Iterator[str]:
    """Yield how well planes of real hearts are told."""
    from benchmarks.robustness import ADAPTATION, real_file

    found = {name: pd.read_csv(real_file(name)) for name in ADAPTATION if real_file(name).exists()}
    if found:
        studies = next(iter(found.values()))["subject"].nunique()
        yield "## Planes left out of real hearts (PSNR, dB)"
        yield (
            f"Hearts: {studies}. Told by our usual model, which has only seen synthetic ones, and after "
            f"{max(ADAPTATION.values())} steps of training on the other planes of the very study."
        )
        yield table_of_scenarios(left_out(found))
