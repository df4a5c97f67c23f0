import numpy as np
import pandas as pd
import pytest

from cmr_ssl.agreement import Estimate
from cmr_ssl.evaluation.agreement_table import agreement_table
from cmr_ssl.evaluation.group_errors import group_errors
from cmr_ssl.evaluation.page import aside_lines, coverage_lines, group_lines, page, told
from cmr_ssl.evaluation.paired_values import PairedValues, SetAside


def agreement(errors, within):
    true = pd.DataFrame({"LVEF (%)": np.linspace(40, 70, len(errors))})
    widths = pd.DataFrame({"LVEF (%)": np.full(len(errors), within)})
    return agreement_table(PairedValues(true + np.asarray(errors)[:, None], true, widths, []))


def test_numbers_come_with_their_interval_and_unknown_ones_are_empty():
    assert told(Estimate(1.234, -0.5, 3)) == "1.23 [-0.5, 3]"
    assert told(Estimate(1.234, -0.5, 3), signed=True) == "+1.23 [-0.5, +3]"
    assert told(Estimate(2.0)) == "2"
    assert told(Estimate(float("nan"))) == ""


@pytest.mark.parametrize(
    ("outside", "said"),
    [
        (30, "Fewer than the promised 90% lie within, beyond chance: LVEF (%)."),
        (12, "No interval holds fewer than the promised 90% beyond chance."),
    ],
)
def test_intervals_that_hold_too_few_beyond_chance_are_named(outside, said):
    assert said in coverage_lines(agreement(np.repeat([0.0, 9.0], [100 - outside, outside]), 5))[-1]


def test_groups_are_columns_marked_where_they_differ_and_small_ones_are_listed():
    errors = pd.DataFrame({("x", "absolute error"): [*range(10), *range(100, 110), 5]})
    groups = pd.DataFrame({"Sex": ["women"] * 10 + ["men"] * 10 + ["other"]})
    text = "\n".join(group_lines(group_errors(errors, groups, fewest=5)))
    assert "2 tests of a group against everybody else (Welch), corrected together (Holm): 2 differ at 0.05" in text
    assert "|  | men (N 10) | women (N 10) |" in text
    assert text.count(" * |") == 2
    assert "Too few, so without numbers: other (1)." in text


def test_a_page_says_who_was_set_aside_and_each_reason_once():
    aside = [SetAside("1", "sa", "torn"), SetAside("2", "sa", "torn"), SetAside("", "x", "flat")]
    assert aside_lines(aside) == ["2 subjects; each with its reason in set_aside.csv.", "* 2 x sa: torn\n* x: flat"]
    text = page(agreement(np.zeros(20), 5), None, None, aside, 20)
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Agreement with the truth",
        "## Coverage of the 90% intervals",
        "## Set aside, or in doubt",
    ]
