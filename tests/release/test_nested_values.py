import numpy as np
import pytest
import torch

from cmr_ssl.release.nested_values import leaks_in_numbers, leaks_in_value

SYNTHETIC = ["900000001", "900000002", "900000003"]


@pytest.mark.parametrize(
    ("value", "where", "what"),
    [
        ({"a": {"b": "eid 1234567"}}, "a.b", "participant"),
        ({"a": [0, {"eid": 1234567}]}, "a[1].eid", "participant"),
        ({"1234567": 0}, "1234567", "participant"),
        ({"cache": "/home/me/cache"}, "cache", "'/home/me/cache'"),
        ({"x": [1234567, 1234568, 1234569]}, "x", "whole numbers"),
        ({"x": torch.tensor([1234567, 1234568, 1234569])}, "x", "whole numbers"),
        ({"train": SYNTHETIC}, "train", "a list of 3 subjects"),
        ({"subjects": ["Ann", "Bob", "Eve"]}, "subjects", "a list of 3 subjects"),
        ({"x": dict.fromkeys(SYNTHETIC, 1.0)}, "the keys of x", "a list of 3 subjects"),
        ({"x": [{"eid": eid, "LVEF": 60.0} for eid in SYNTHETIC]}, "x", "a table of 3 subjects"),
        ({"x": {"eid": [1, 2, 3], "LVEF": [60.0, 61.0, 62.0]}}, "x.eid", "a table of 3 subjects"),
    ],
)
def test_what_must_not_leave_is_found_where_it_is(value, where, what):
    assert any(found.where == where and what in found.what for found in leaks_in_value(value))


@pytest.mark.parametrize(
    "value",
    [
        {"global_step": 1234567, "epoch": 3, "version": "2.6.6"},
        {"param_groups": [{"lr": 1e-3, "params": [0, 1, 2, 3]}, {"lr": 1e-4, "params": [4, 5]}]},
        {"base_lrs": [0.1, 0.2, 0.3], "_last_lr": [0.1, 0.2, 0.3]},
        {"weight": torch.full((4,), 1234567.0), "steps": torch.tensor([5, 6, 7]), "flag": torch.tensor([True])},
        {"subject": "900000001", "views": ["sa", "la_2ch", "la_3ch"]},
        {"half": torch.ones(3, dtype=torch.bfloat16)},
    ],
)
def test_what_checkpoints_are_made_of_may_leave(value):
    assert not list(leaks_in_value(value))


def test_whole_numbers_are_ids_only_if_all_of_them_may_be():
    assert list(leaks_in_numbers(np.array([1234567, 2345678, 6999999]), "x"))
    assert not list(leaks_in_numbers(np.array([1234567, 2345678, 7000000]), "x"))
    assert not list(leaks_in_numbers(np.array([1234567, 2345678]), "x"))
    assert not list(leaks_in_numbers(np.array([1234567.0, 2345678.0, 3456789.0]), "x"))
