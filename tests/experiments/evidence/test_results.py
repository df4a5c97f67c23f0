import itertools

import numpy as np
import pandas as pd
import pytest

from experiments.evidence.results import comparisons, errors_of, known, means
from experiments.evidence.tables import reduction_cell, wide


def rows(arm, error, pretrainings=("",), draws=(0, 1), subjects="abcdef", labels=30, test="all planes"):
    """Return predictions of one arm; `error` is that of a pretraining's and subject's index."""
    each = itertools.product(enumerate(pretrainings), draws, enumerate(subjects))
    lines = [
        {"arm": arm, "pretraining": name, "draw": draw, "subject": subject, "error": error(index, place)}
        for (index, name), draw, (place, subject) in each
    ]
    return pd.DataFrame(lines).assign(labels=labels, test=test, target="LVEF (%)")


def test_errors_stand_where_their_pretraining_draw_and_subject_say():
    mixed = rows("one", lambda index, place: 10 * index + place, ("x", "y")).sample(frac=1, random_state=0)
    found = errors_of(mixed, {0, 1}, known(mixed))
    assert found.shape == (2, 2, 6)
    np.testing.assert_array_equal(found[1, 0], 10 + np.arange(6))
    assert known(mixed.assign(error=mixed["error"].where(mixed["subject"] != "c"))) == {*"abdef"}
    with pytest.raises(ValueError, match="several errors"):
        errors_of(pd.concat([mixed, mixed]), {0, 1}, known(mixed))


def test_only_draws_and_subjects_that_both_arms_have_are_paired():
    ours = rows("ours", lambda index, place: place, draws=(0, 1, 2))
    theirs = rows("theirs", lambda index, place: 2 * place, draws=(1, 0), subjects="abcde")
    theirs.loc[theirs["subject"] == "a", "error"] = np.nan
    found = comparisons(pd.concat([ours, theirs]), [("ours", "theirs"), ("ours", "absent")])
    assert len(found) == 1
    assert found["difference"][0] == pytest.approx(-2.5)  # of b, c, d and e
    assert found["reduction"][0] == pytest.approx(0.5)


def test_p_is_corrected_for_the_comparisons_of_a_pair():
    everything = [
        rows(arm, lambda index, place, by=by: 3.0 + by + (place % 3), labels=labels)
        for arm, by in (("ours", 0.0), ("theirs", 1.0))
        for labels in (10, 30)
    ]
    found = comparisons(pd.concat(everything), [("ours", "theirs")])
    assert found["holm"].to_list() == pytest.approx([2 * found["p"][0]] * 2)


def test_tables_have_a_column_a_target_and_say_what_is_certain():
    everything = rows("one", lambda index, place: 2.0)
    found = means(everything)
    assert found["value"].to_list() == [2.0]
    text = wide(found.assign(cell="2.0"), ["labels", "arm"])
    assert text.splitlines() == ["| labels | arm | LVEF (%) |", "| --- | --- | ---: |", "| 30 | one | 2.0 |"]
    line = pd.Series({"reduction": 0.5, "reduction low": 0.25, "reduction high": 0.75, "holm": 0.01})
    assert reduction_cell(line) == "50 [25, 75]*"
    assert reduction_cell(line.replace(0.01, 0.06)) == "50 [25, 75]"
