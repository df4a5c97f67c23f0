"""Tables, figures and a page of an evaluation."""

from pathlib import Path

import numpy as np
import pandas as pd

from cmr_ssl.evaluation.agreement_table import agreement_table, doubts
from cmr_ssl.evaluation.evaluated import Evaluated, subjects_table
from cmr_ssl.evaluation.group_errors import errors_of, group_errors
from cmr_ssl.evaluation.overlap_table import overlap_table
from cmr_ssl.evaluation.page import group_sentence, page
from cmr_ssl.evaluation.paired_values import SetAside
from cmr_ssl.files import save_text
from cmr_ssl.report.tables import file_name, write_csv

AGREEMENT, SUBJECTS, ASIDE = "agreement.csv", "subjects.csv", "set_aside.csv"
OVERLAP, PLANE_OVERLAP, PLANES, WHOLES = "overlap.csv", "plane_overlap.csv", "planes.csv", "views.csv"
GROUPS, PAGE, FIGURES = "groups.csv", "evaluation.md", "figures"
OF_SUBJECTS = (SUBJECTS, ASIDE, PLANES, WHOLES)  # tables with a column `subject`


def write_evaluation(out: Path, evaluated: Evaluated, groups: pd.DataFrame | None, fewest: int) -> bool:
    """Write everything, and print what the page says first; return whether anything could be measured.

    Args:
        out: folder.
        evaluated: what was found.
        groups: see `groups.read_groups`; None for none.
        fewest: subjects of a group that has numbers.
    """
    from cmr_ssl.report.agreement_plots import draw_agreement

    values = evaluated.values
    aside = [*values.set_aside, *doubts(values)]
    agreement = agreement_table(values)
    parts = {AGREEMENT: agreement}
    if len(evaluated.wholes):
        parts |= {OVERLAP: overlap_table(evaluated.wholes), PLANE_OVERLAP: overlap_table(evaluated.planes)}
        parts |= {WHOLES: evaluated.wholes, PLANES: evaluated.planes}
    if groups is not None:
        parts[GROUPS] = group_errors(errors_of(evaluated), groups.loc[values.first.index], fewest)
    parts[ASIDE] = pd.DataFrame(aside, columns=SetAside._fields)
    parts[SUBJECTS] = subjects_table(evaluated).rename_axis("subject").reset_index()
    for name in (GROUPS, OVERLAP, PLANE_OVERLAP, WHOLES, PLANES):
        if name not in parts:
            (out / name).unlink(missing_ok=True)  # of an earlier evaluation
    for name, table in parts.items():
        write_csv(out / name, table)
    for name in agreement.loc[agreement["bias"].notna(), "target"] if len(agreement) else ():
        predicted, true = (side[name].to_numpy(np.float64) for side in (values.first, values.second))
        draw_agreement(out / FIGURES / f"agreement_{file_name(name)}.png", predicted, true, name)
    save_text(out / PAGE, page(agreement, parts.get(OVERLAP), parts.get(GROUPS), aside, len(values.first)))
    print(page(agreement, parts.get(OVERLAP), None, aside, len(values.first)))
    print(group_sentence(parts[GROUPS]) if groups is not None else "", f"Everything: {out / PAGE}")
    return bool(agreement["bias"].notna().any() if len(agreement) else False) or len(evaluated.wholes) > 0
