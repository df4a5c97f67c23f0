import logging

from cmr_ssl.tasks.aligned import ALIGNED, aligned_fields, told, warn_of_told


def test_targets_that_an_encoder_was_told_are_named_whatever_they_are_called(caplog):
    assert told(["LVEF (%)", "LVM (g)"], ["lvef"]) == ["LVEF (%)"]
    warn_of_told(["LVEF (%)"], ["lvef"])
    assert "it was told what it is now to predict" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        warn_of_told(["LVM (g)"], ["lvef"])
    assert not caplog.text


def test_a_checkpoint_that_says_nothing_was_aligned_with_nothing():
    assert aligned_fields({}) == []
    assert aligned_fields({ALIGNED: ("Age",)}) == ["Age"]
