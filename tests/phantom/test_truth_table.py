import numpy as np
import pytest

from cmr_ssl.phantom.truth_table import READ_OFF, measured_volumes, slice_shift, true_volumes, truth_row


def test_true_and_read_off_volumes_stand_side_by_side_and_agree_roughly(study):
    line = truth_row(900000001, study)
    assert {f"{READ_OFF}{name}" for name in true_volumes(study.subject)} <= line.keys()
    for name in ("LVEDV (mL)", "LVESV (mL)", "LVM (g)", "RVEDV (mL)", "RVESV (mL)"):
        assert line[READ_OFF + name] == pytest.approx(line[name], rel=0.2)
        assert line[READ_OFF + name] != line[name]
    for name in ("LAV max (mL)", "LAV min (mL)", "RAV max (mL)"):
        assert line[READ_OFF + name] == pytest.approx(line[name], rel=0.4)


def test_a_line_says_who_and_what_went_wrong(study):
    line = truth_row(900000001, study._replace(faults=["motion", "wrap_around"]))
    assert (line["eid"], line["Faults"], line["Pathology"]) == (900000001, "motion;wrap_around", "normal")
    assert line["LVSV (mL)"] == pytest.approx(line["LVEDV (mL)"] - line["LVESV (mL)"])


def test_the_shift_is_measured_in_the_plane(study):
    stack = study.series[0]
    through = stack.plan.affine[:3, 2] / 10.0
    moved = stack._replace(shifts=np.tile(through * 5.0, (len(stack.shifts), 1)))
    assert slice_shift(study._replace(series=[moved])) == pytest.approx(0.0, abs=1e-9)


def test_faulty_stacks_are_measured_as_they_are_filed(study):
    stack = study.series[0]
    half = stack._replace(labels=stack.labels * (np.arange(stack.labels.shape[1]) % 2)[:, None, None].astype(np.uint8))
    whole, less = (measured_volumes(study._replace(series=[item, *study.series[1:]])) for item in (stack, half))
    assert less["LVEDV (mL)"] < 0.7 * whole["LVEDV (mL)"]
