"""Dice and surface distances by structure, view and phase, with intervals over subjects."""

import numpy as np
import pandas as pd

from cmr_ssl.anatomy import CLASSES
from cmr_ssl.evaluation.bootstrap import means

BY = ["structure", "view", "phase"]
MEASURES = ["dice", "hd95_mm", "assd_mm"]


def overlap_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each structure, view and phase: means over subjects with 95 % bootstrap intervals.

    Scores are averaged within each subject first. `missed` counts what the truth shows and the prediction does not at
    all, which has a Dice of 0 and no distance.

    Args:
        scores: columns `subject`, those of `BY` and of `MEASURES`, and `missed`.
    """
    ordered = scores.assign(structure=pd.Categorical(scores["structure"], CLASSES, ordered=True))
    rows = []
    for place, group in ordered.groupby(BY, observed=True):
        of_subject = group.groupby("subject")[MEASURES].mean()
        row: dict[str, object] = dict(zip(BY, map(str, place), strict=True)) | {"N": len(of_subject)}
        for name, estimate in zip(MEASURES, means(of_subject.to_numpy(np.float64)), strict=True):
            row |= {name: estimate.value, f"{name} 2.5 %": estimate.low, f"{name} 97.5 %": estimate.high}
        rows.append(row | {"dice SD": float(of_subject["dice"].std()), "missed": int(group["missed"].sum())})
    return pd.DataFrame(rows)
