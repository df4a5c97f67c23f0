"""What an evaluation found, before it is written: values, and of label maps also their scores."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from cmr_ssl.anatomy import CLASSES
from cmr_ssl.evaluation.paired_values import PairedValues

DICE = "Dice"


class Evaluated(NamedTuple):
    """Predictions beside the truth.

    Attributes:
        values: phenotypes of the subjects.
        planes: scores of single planes, columns of `overlap.Score`; without rows where no label maps were compared.
        wholes: scores of whole views, columns of `label_scores.WholeScore`; the same.
    """

    values: PairedValues
    planes: pd.DataFrame
    wholes: pd.DataFrame


def dice_of_subjects(evaluated: Evaluated) -> pd.DataFrame:
    """Return the mean Dice of whole views, a row a subject, a column a structure, NaN where it has none."""
    wholes = evaluated.wholes
    table = wholes.pivot_table(index="subject", columns="structure", values="dice", aggfunc="mean")
    shown = [name for name in CLASSES if name in table]
    return table[shown].add_prefix(f"{DICE} ").reindex(evaluated.values.first.index)


def subjects_table(evaluated: Evaluated) -> pd.DataFrame:
    """Return a row a subject: predicted and true values, their differences, and the Dice of structures."""
    first, second, within, _ = evaluated.values
    columns: dict[str, pd.Series[float]] = {}
    for name in first:
        columns |= {f"predicted {name}": first[name], f"true {name}": second[name]}
        columns[f"error {name}"] = first[name] - second[name]
        if name in within:
            columns[f"within {name}"] = within[name]
    dice = dice_of_subjects(evaluated) if len(evaluated.wholes) else pd.DataFrame(index=first.index)
    return pd.concat([pd.DataFrame(columns, index=first.index, dtype=np.float64), dice], axis=1)
