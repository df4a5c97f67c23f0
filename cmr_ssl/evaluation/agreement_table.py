"""Agreement of columns with the truth as a table, with the coverage of their intervals where they have any."""

import numpy as np
import pandas as pd

from cmr_ssl.agreement import FEWEST, agreement
from cmr_ssl.conformal import COVERAGE, coverage
from cmr_ssl.evaluation.paired_values import PairedValues, SetAside
from cmr_ssl.report.tables import as_row

ALIKE = "is {value:g} in all {count} subjects of {side}: correlation and R2 are unknown"
TOO_FEW = "is known on both sides of {count} subjects, fewer than {fewest}: agreement is unknown"


def agreement_table(pairs: PairedValues) -> pd.DataFrame:
    """Return a row a column: the measures of `agreement` and their 95 % bootstrap intervals over subjects.

    Where predictions have intervals, `coverage` is the share of subjects whose true value lies within them, with its
    interval by Wilson, and `half width` their mean.
    """
    rows = []
    for name in pairs.first:
        predicted, true = (side[name].to_numpy(np.float64) for side in (pairs.first, pairs.second))
        row = as_row(name, agreement(predicted, true))
        if name in pairs.within:
            within = pairs.within[name].to_numpy(np.float64)
            share = coverage(predicted - true, within)
            known = np.isfinite(within) & np.isfinite(predicted - true)
            row |= {COVERAGE: share.value, f"{COVERAGE} 2.5 %": share.low, f"{COVERAGE} 97.5 %": share.high}
            row |= {
                f"{COVERAGE} N": int(known.sum()),
                "half width": float(within[known].mean()) if known.any() else np.nan,
            }
        rows.append(row)
    return pd.DataFrame(rows)


def doubts(pairs: PairedValues) -> list[SetAside]:
    """Return the columns of which some measure cannot be known, and why."""
    found = []
    for name in pairs.first:
        known = np.isfinite(pairs.first[name]) & np.isfinite(pairs.second[name])
        if known.sum() < FEWEST:
            found.append(SetAside("", name, TOO_FEW.format(count=known.sum(), fewest=FEWEST)))
            continue
        for side, values in (("the first table", pairs.first[name]), ("the second table", pairs.second[name])):
            if np.ptp(values[known]) == 0:
                alike = ALIKE.format(value=values[known].iloc[0], count=known.sum(), side=side)
                found.append(SetAside("", name, alike))
    return found
