import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from cmr_ssl.evaluation.evaluated import Evaluated
from cmr_ssl.evaluation.group_errors import errors_of, group_errors
from tests.evaluation.test_evaluated import VALUES, WHOLES

SIZE = ("x", "absolute error")


def errors(values):
    return pd.DataFrame({SIZE: np.asarray(values, float)})


def test_means_and_differences_are_those_computed_by_hand_with_welchs_p():
    values = [1, 2, 3, 4, 11, 12, 13]
    table = group_errors(errors(values), pd.DataFrame({"Sex": ["women"] * 4 + ["men"] * 3}), fewest=3)
    men, women = table.set_index("group").loc["men"], table.set_index("group").loc["women"]
    assert (men["N"], men["mean"], men["difference"]) == (3, 12, 9.5)
    assert (women["N"], women["mean"], women["difference"]) == (4, 2.5, -9.5)
    assert men["difference 2.5 %"] < 9.5 < men["difference 97.5 %"]
    assert men["p"] == pytest.approx(ttest_ind(values[4:], values[:4], equal_var=False).pvalue)
    assert men["p (Holm)"] == pytest.approx(2 * men["p"])


def test_a_group_or_a_rest_that_is_too_small_has_no_numbers_but_a_line():
    groups = pd.DataFrame({"Pathology": ["normal"] * 5 + ["rare"] * 2})
    table = group_errors(errors(range(7)), groups, fewest=3).set_index("group")
    assert table.loc["rare", "note"] == "too few: fewer than 3"
    assert np.isnan(table.loc["rare", "mean"])
    assert table.loc["normal", "mean"] == 2
    assert table.loc["normal", "note"] == "too few others: 2, fewer than 3"
    assert np.isnan(table.loc["normal", "p (Holm)"])


def test_people_of_unknown_group_count_nowhere_and_bands_are_in_their_order():
    groups = pd.DataFrame({"Age": ["< 50"] * 3 + ["50 to < 60"] * 3 + [">= 60"] * 3 + [""] * 3})
    table = group_errors(errors([1] * 3 + [2] * 3 + [3] * 3 + [1000] * 3), groups, fewest=3)
    assert table["group"].to_list() == ["< 50", "50 to < 60", ">= 60"]
    assert table["difference"].to_list() == [-1.5, 0, 1.5]


def test_groups_that_do_not_differ_are_rarely_said_to_and_one_that_does_is():
    rng = np.random.default_rng(0)
    many = pd.DataFrame({(str(number), "error"): rng.normal(size=200) for number in range(20)})
    many["9", "error"] += np.repeat([0, 1.0], 100)
    table = group_errors(many, pd.DataFrame({"Sex": ["women"] * 100 + ["men"] * 100}))
    assert {*table.loc[table["p (Holm)"] < 0.05, "of"]} == {"9"}


def test_errors_are_absolute_and_signed_and_dice_by_structure():
    found = errors_of(Evaluated(VALUES, WHOLES, WHOLES))
    assert found["x", "absolute error"].to_list() == [2, 1]
    assert found["x", "error"].to_list() == [-2, 1]
    assert found["LV", "Dice"].to_list() == pytest.approx([0.7, np.nan], nan_ok=True)
