import itertools

import numpy as np
import pandas as pd
import pytest

from cmr_ssl.cohort.ranges import CARDIAC
from cmr_ssl.commands.quantify import quantify
from cmr_ssl.doubts import incomplete, without_impossible
from cmr_ssl.sources import LabelFile, NiftiFiles, NiftiFolder
from cmr_ssl.volumes import MISSING, LabelMap, Measured
from tests.labelled import STACK, STEPS, heart, millilitres, picture, write
from tests.studies import AXES, CENTRE, plane, write_image

HEART = heart()
SYSTOLE = np.arange(20) == 10  # of the frames of that heart
VENTRICLES = {"LV", "myocardium", "RV"}
LVEDV = millilitres(HEART, 1)
SA = LabelFile("sa", "seg_sa.nii", {1: "LV", 2: "myocardium", 3: "RV"})
FOUR = LabelFile("la_4ch", "seg_la_4ch.nii", {1: "LA", 2: "RA"})


def measured(folder, pixels, labels=(SA,)):
    """Return what is measured of a study of which these are the labels of the short axis."""
    write(folder / "in" / "s" / "seg_sa.nii", pixels)
    quantify(folder / "in", folder / "out.csv", NiftiFiles(labels=[*labels]), overwrite=True)
    return pd.read_csv(folder / "out.csv").set_index("subject").loc["s"]


def test_a_sound_heart_is_measured_as_counted(tmp_path):
    row = measured(tmp_path, HEART)
    assert row["LVEDV (mL)"] == pytest.approx(LVEDV, rel=1e-4)
    assert row["LVM (g)"] == pytest.approx(1.05 * (HEART[..., 0] == 2).sum() * np.prod(STEPS) / 1e3, rel=1e-4)
    assert row[["RVEDV (mL)", "LVEF (%)"]].notna().all()
    assert "noted" not in row[MISSING]


@pytest.mark.parametrize("unseen", [{4}, {0}, {6, 7}, {7}, set(), {*range(8)}])
def test_a_structure_that_goes_on_where_nobody_looked_is_doubtful(unseen):
    for frames in (slice(None), 3):
        labels = HEART.copy()
        labels[:, :, [*unseen], frames] = 255
        assert incomplete({"sa": LabelMap(labels.T, STACK)}).keys() == (VENTRICLES if 0 < len(unseen) < 8 else set())


@pytest.mark.parametrize("unseen", [{0}, {7}, {6, 7}, {4}])
@pytest.mark.parametrize("order", [(0, 10), (10, 0)])
def test_of_two_stacks_that_of_es_may_end_first_and_that_of_ed_may_not(unseen, order):
    for short in order:
        pair = HEART[..., order].copy()
        pair[:, :, [*unseen], order.index(short)] = 255
        sound = short == 10 and 4 not in unseen
        assert incomplete({"sa": LabelMap(pair.T, STACK)}).keys() == (set() if sound else VENTRICLES)


def test_no_order_of_the_axes_gives_a_wrong_volume(tmp_path):
    for order in itertools.permutations(range(4)):
        value = measured(tmp_path, HEART.transpose(order))["LVEDV (mL)"]
        assert np.isnan(value) == (order not in {(0, 1, 2, 3), (1, 0, 2, 3)}), order
        assert np.isnan(value) or value == pytest.approx(LVEDV, rel=1e-4)


@pytest.mark.parametrize("numbers", [*itertools.permutations((1, 2, 3))])
def test_no_order_of_the_classes_gives_a_wrong_volume(tmp_path, numbers):
    row = measured(tmp_path, np.array([0, *numbers], np.uint8)[HEART])
    assert np.isnan(row["LVEDV (mL)"]) == (numbers != (1, 2, 3))
    if numbers != (1, 2, 3):
        assert row.drop(["Heart rate (bpm)", MISSING]).isna().all()
        assert "--files" in row[MISSING]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda labels: np.where(np.arange(8)[:, None] == 4, 0, labels), "LV is drawn on both sides of slice 4"),
        (lambda labels: labels[22:], "LV reaches the edge of sa"),
        (lambda labels: np.where(labels == 2, 0, labels)[::-1], "RV lies on the left of the LV"),
        (lambda labels: np.where(labels == 2, 1, labels), "LV) touches number 3 (RV)"),
        (lambda labels: np.where(labels == 1, 255, labels), "leaves parts of frame 0"),
        (lambda labels: labels == 1, "only number 1 (LV) is drawn"),
        (lambda labels: labels > 0, "only number 1 (LV) is drawn"),
        (lambda labels: np.array([0, 0, 2, 1])[labels], "the wall is drawn around background"),
        (lambda labels: np.where(SYSTOLE & (np.arange(8)[:, None] > 3), 0, labels), "30 mm shorter at ES"),
        (lambda labels: np.where(np.arange(20) == 9, labels * (labels != 1) + 2 * (labels == 1), labels), None),
    ],
)
def test_what_a_label_map_cannot_tell_however_plausible_its_volume_is_empty_with_a_reason(tmp_path, change, why):
    row = measured(tmp_path, change(HEART).astype(np.uint8))
    if why:
        assert row[["LVEDV (mL)", "LVEF (%)", "LVM (g)"]].isna().all()
        assert why in row[MISSING]
    else:  # one frame without blood is not ES
        assert row["LVESV (mL)"] > 5


def test_only_the_structure_that_is_cut_is_empty_and_a_mirrored_heart_is_noted(tmp_path):
    first = np.flatnonzero((HEART == 3).any(axis=(1, 2, 3)))[0]
    row = measured(tmp_path, HEART[first:])
    assert row["LVEDV (mL)"] == pytest.approx(LVEDV, rel=1e-4)
    assert row[["RVEDV (mL)", "RVEF (%)"]].isna().all()
    assert "RV reaches the edge of sa" in row[MISSING]
    row = measured(tmp_path, HEART[::-1])
    assert row["LVEDV (mL)"] == pytest.approx(LVEDV, rel=1e-4)
    assert "noted: sa: the RV lies on the left" in row[MISSING]


@pytest.mark.parametrize("off", [4e-5, -5e-4])
def test_almost_whole_numbers_are_measured_and_noted(tmp_path, off):
    row = measured(tmp_path, (HEART + np.float32(off)).astype(np.float32))
    assert row["LVEDV (mL)"] == pytest.approx(LVEDV, rel=1e-4)
    assert "noted: seg_sa.nii: numbers up to" in row[MISSING]


@pytest.mark.parametrize("numbers", [(500, 600, 70000), (-1, 2, 3), (-300, 7, 300), (255, 2, 3)])
def test_any_numbers_are_measured_under_their_names(tmp_path, numbers):
    file = LabelFile("sa", "seg_sa.nii", dict(zip(numbers, ("LV", "myocardium", "RV"), strict=True)))
    row = measured(tmp_path, np.array([0, *numbers], np.int32)[HEART], [file])
    assert row["LVEDV (mL)"] == pytest.approx(LVEDV)


def atria(exchanged=False, in_front=False):
    """Return a four-chamber plane with both atria behind the heart of `tests.labelled`, 1 left and 2 right."""
    x, _, z = AXES
    affine = plane(-x, -z, np.cross(x, z), CENTRE, (60, 60, 1), 3.0)
    labels = np.zeros((60, 60, 1, 4), np.uint8)
    rows = slice(48, 58) if in_front else slice(2, 12)
    for frame in range(4):
        labels[32 : 42 - frame, rows, 0, frame] = 2 if exchanged else 1
        labels[16 : 26 - frame, rows, 0, frame] = 1 if exchanged else 2
    return labels, affine


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, ""),
        ({"exchanged": True}, "the RA lies on the left of the LA"),
        ({"in_front": True}, "the LA lies nearer to the apex than the LV"),
    ],
)
def test_atria_lie_behind_their_ventricles_and_on_their_sides(tmp_path, options, why):
    write_image(tmp_path / "in" / "s" / "seg_la_4ch.nii", *atria(**options))
    row = measured(tmp_path, HEART, [SA, FOUR])
    assert row["RAV max (mL)"] > 1 if not why else np.isnan(row["RAV max (mL)"])
    assert why in row[MISSING]
    assert row["LVEDV (mL)"] == pytest.approx(LVEDV, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "value", "also_empty"),
    [
        ("RVEF (%)", -137.0, {"RVEDV (mL)"}),
        ("LVM (g)", 447.0, set()),
        ("LVEDV (mL)", 0.119, {"LVEF (%)", "LVM (g)", "RVEF (%)"}),
        ("LVEF (%)", 99.7, {"LVEDV (mL)", "RVEDV (mL)"}),
        ("LAEF (%)", 99.0, {"LAV max (mL)"}),
    ],
)
def test_a_number_that_no_heart_has_is_a_reason(name, value, also_empty):
    values = {one: (low + high) / 2 for one, (low, high) in CARDIAC.items()}
    assert without_impossible(Measured(values, {}, {})) == Measured(values, {}, {})
    left = without_impossible(Measured(values | {name: value}, {}, {}))
    assert {name, *also_empty} <= {one for one, number in left.values.items() if np.isnan(number)}
    assert f"{value:.4g}" in left.reasons[name]
    assert {one for one, number in left.values.items() if np.isnan(number)} == {*left.reasons}


def off(*voxels):
    affine = STACK.copy()
    affine[:3, 3] += STACK[:3, :3] @ voxels
    return affine


@pytest.mark.parametrize(
    ("labels", "affine", "code", "labelled"),
    [
        (HEART, STACK, [], True),
        (HEART, off(0, 0, 1), ["bad-labels"], False),
        (HEART, off(0, 0.4, 0), ["bad-labels"], False),
        (HEART, STACK * [[1, 1, 1, 0]] * 3 + np.diag([0, 0, 0, 1.0]), ["bad-labels"], False),
        (HEART[3:, 2:, 1:], off(3, 2, 1), ["labels-moved"], True),
        (np.array([0, 3, 2, 1], np.uint8)[HEART], STACK, ["bad-labels"], False),
        ((HEART / 3).astype(np.float32), STACK, ["bad-labels"], False),
        ((HEART + np.float32(3e-5)).astype(np.float32), STACK, ["label-values"], True),
        (HEART[::-1], STACK, ["mirrored"], True),
        (HEART[:, ::-1][::-1], STACK, ["bad-labels"], False),
        (np.roll(HEART, 10, axis=3), STACK, ["bad-labels"], False),
        ((HEART == 1).astype(np.uint8), STACK, ["bad-labels"], False),
        ((HEART > 0).astype(np.uint8), STACK, ["bad-labels"], False),
        (np.where(HEART == 2, 0, HEART)[::-1], STACK, ["bad-labels"], False),
    ],
)
def test_labels_that_teach_something_wrong_are_left_out_and_said(tmp_path, labels, affine, code, labelled):
    write_image(tmp_path / "s" / "sa.nii", picture(HEART[::-1] if code == ["mirrored"] else HEART), STACK)
    write(tmp_path / "s" / "seg_sa.nii", labels, affine, qform=0)
    study = NiftiFolder(tmp_path, NiftiFiles({"sa": "sa.nii"}, [SA])).read("s")
    assert [found.code for found in study.findings] == code
    assert (study.series[0].labels is not None) == labelled
    assert all(len(found.message) < 400 for found in study.findings)


def test_beats_that_differ_between_views_are_noted(tmp_path):
    labels, affine = atria()
    write(tmp_path / "in" / "s" / "seg_la_4ch.nii", labels.repeat(5, axis=3), affine, qform=0, pixdim=(3, 3, 1))
    said = measured(tmp_path, HEART[..., ::2], [SA, FOUR])[MISSING]
    assert "noted: the views have beats of sa 500 ms, la_4ch 1000 ms" in said
    assert "beats" not in str(measured(tmp_path, HEART, [SA, FOUR])[MISSING])


def test_a_stack_that_ends_in_the_middle_of_the_heart_is_noted(tmp_path):
    assert "a part of the heart is unseen" in measured(tmp_path, HEART[:, :, :4])[MISSING]
