"""Tables and the figure of docs/robustness.md."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.machine import description
from cmr_ssl.data.cache import write_atomically
from cmr_ssl.robustness.curves import draw_curves
from cmr_ssl.robustness.measures import COSINE, ERROR, IDENTITY, essential
from cmr_ssl.robustness.scenarios import FLAWED, SWAPPED
from cmr_ssl.robustness.summary import markdown

if TYPE_CHECKING:
    from benchmarks.robustness import Model

MEASURES = {
    (COSINE, ""): "Cosine of the embedding to that of the full study, seen from the mean of training subjects",
    (IDENTITY, ""): "Share of subjects nearest to themselves among all full studies",
    (ERROR, "LVEF (%)"): "MAE of the LVEF, points",
    (ERROR, "LVEDV (mL)"): "MAE of the LVEDV, mL",
}
FLAWED_PLANES = 3  # of the scenarios in the tables; the figure has all
REGIONS = ("base", "mid", "apex", "la_2ch", "la_3ch", "la_4ch")
COMPARATORS = ("nearest", "interpolated")


def compared(tables: dict[str, pd.DataFrame], measure: str, of: str) -> pd.DataFrame:
    """Return one measure as text: a row a scenario, a column a model."""
    columns = {}
    for name, table in tables.items():
        rows = table[(table["measure"] == measure) & (table["of"] == of)]
        shown = (rows["planes"] == FLAWED_PLANES) | (rows["scenario"] == SWAPPED)
        rows = rows[(rows["kind"] != FLAWED) | shown]
        told = [f"{line['value']:.3g} ({line['low']:.3g} to {line['high']:.3g})" for _, line in rows.iterrows()]
        columns[name] = pd.Series(told, index=rows["scenario"].to_list())
    return pd.DataFrame(columns).fillna("").reindex(next(iter(columns.values())).index)


def left_out(models: "list[Model]") -> pd.DataFrame:
    """Return PSNR (dB) of planes told by all others, as text: a row a region, a column a model or comparator."""
    found = {model.name: pd.read_csv(model.left_out) for model in models if model.left_out.exists()}
    columns = {name: table.groupby("region")["model_psnr"].mean() for name, table in found.items()}
    first = next(iter(found.values()))
    columns |= {name: first.groupby("region")[f"{name}_psnr"].mean() for name in COMPARATORS}
    everything = pd.DataFrame(columns).reindex(REGIONS)
    return everything.map(lambda value: "" if np.isnan(value) else f"{value:.1f}")


def write_report(models: "list[Model]", out: Path) -> None:
    """Write robustness.md and its figure."""
    tables = {model.name: pd.read_csv(model.report / "robustness.csv", keep_default_na=False) for model in models}
    seen = {name: essential(table) for name, table in tables.items()}
    text = [
        "# Missing and flawed planes",
        "Written by `python -m benchmarks.robustness`. " + " ".join(description()),
        "Every model but the ResNet is pretrained on the same 375 synthetic hearts for the same number of steps; its "
        "frozen encoder gets a head for phenotypes, solved in closed form from 300 labels. 100 test subjects, brackets "
        f"are 95 % bootstrap intervals over subjects; flaws at {FLAWED_PLANES} planes. The figure has every scenario.",
        "![robustness](robustness.png)",
    ]
    for (measure, of), title in MEASURES.items():
        text += [f"## {title}", markdown(compared(seen, measure, of))]
    text += ["## Planes left out, told by all others (PSNR, dB)", markdown(left_out(models))]
    draw_curves(out / "robustness.png", tables)
    write_atomically(out / "robustness.md", lambda stream: stream.write(("\n\n".join(text) + "\n").encode()))
