"""Compare two tables of values."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.evaluation.evaluated import Evaluated
from cmr_ssl.evaluation.label_scores import WholeScore
from cmr_ssl.evaluation.paired_values import PairedValues, read_pairs
from cmr_ssl.overlap import Score


def evaluate_tables(
    predictions: Path, truth: Path, columns: Mapping[str, str] | None, withdrawn: Withdrawn
) -> Evaluated:
    """Compare two tables; see `read_pairs`."""
    values = remaining(read_pairs(predictions, truth, columns), withdrawn, predictions)
    no_scores = (pd.DataFrame(columns=list(fields)) for fields in (Score._fields, WholeScore._fields))
    return Evaluated(values, *no_scores)


def remaining(values: PairedValues, withdrawn: Withdrawn, source: Path) -> PairedValues:
    """Return values without the subjects who withdrew."""
    kept = withdrawn.remaining(list(values.first.index), source)
    aside = [item for item in values.set_aside if not withdrawn.includes(item.subject)]
    return PairedValues(values.first.loc[kept], values.second.loc[kept], values.within.loc[kept], aside)
