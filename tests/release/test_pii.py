import pytest

from cmr_ssl.release.pii import PARTICIPANT, counts, is_id, leaks_in_text, sure_leaks_in_text


@pytest.mark.parametrize(
    "text",
    ["1234567", "eid: 1234567", "sub-1234567", "eid1234567", "1234567.0", "1234567_20209_2_0.zip", "[1234567, 9]",
     "subjects 1234567", "1234567,66.2,1", "reconstruction_6999999.png", "'1000000'"],
)  # fmt: skip
def test_participants_are_seen(text):
    assert [found.what for found in leaks_in_text(text, "here")] == [PARTICIPANT]


@pytest.mark.parametrize(
    "text",
    ["900000001", "0.1234567", "1234567.5", "7000000", "0999999", "a1234567b", "5f1234567", "12345678", "1,234,567",
     "step=1234567", "epoch=3-step=1234567.ckpt", "global_step: 1234567", "1234567 parameters", "| 1234567 | tokens |",
     "seed 1234567", "version 1234567", "1.2345678e-05", "x = -1234567"],
)  # fmt: skip
def test_numbers_of_other_things_are_no_participants(text):
    assert not list(leaks_in_text(text, "here"))


@pytest.mark.parametrize(
    "text",
    ["/home/me/data", "cache: /mnt/ukb", "'/scratch/x/y.csv'", "file:///home/me/x", "C:\\Users\\me\\x.csv",
     "\\\\server\\share\\x", "(/srv/a/b)", "path=/data/ukb/x.zip", "--out=/a/b"],
)  # fmt: skip
def test_absolute_paths_are_seen_and_shown(text):
    [found] = leaks_in_text(text, "here")
    assert found.where == "here"
    assert "absolute path" in found.what


@pytest.mark.parametrize(
    "text",
    ["demo/cache", "./x/y", "../x/y", "~/data/x", "https://github.com/a/b/c", "and/or", "mL/kg/m2", "(mL)/kg", "</div>",
     "/usr/bin/env python", "val/mae_LVEF/percent", "1/2/3", "$HOME/x/y", "LV / RV / LA"],
)  # fmt: skip
def test_other_slashes_are_no_absolute_paths(text):
    assert not list(leaks_in_text(text, "here"))


def test_an_id_is_never_shown():
    [found] = leaks_in_text("eid 1234567", "line 1")
    assert "1234567" not in found.what + found.where


def test_between_bytes_only_what_says_more_counts():
    assert not list(sure_leaks_in_text("5999777;;;::*", ""))
    assert not list(sure_leaks_in_text("/@Kg_M/", ""))
    assert len(list(sure_leaks_in_text("eid=1234567 in /home/me/x", ""))) == 2


def test_names_of_counts_and_whole_texts_that_are_ids_are_known():
    assert all(map(counts, ("global_step", "n_params", "Max tokens", "bytes")))
    assert not any(map(counts, ("eid", "LVEDV (mL)", "subject", "stepmother")))
    assert all(map(is_id, ("1234567", " 1234567.0 ")))
    assert not any(map(is_id, ("900000001", "1234567.5", "x1234567")))
