import numpy as np
import pytest

from cmr_ssl.anatomy import LA, LV, MYOCARDIUM, RV, UNLABELLED
from cmr_ssl.export.class_numbers import ClassNumbers, chosen_classes


def test_numbers_follow_each_other_and_unlabelled_pixels_have_the_last():
    numbers = ClassNumbers((LV, RV))
    labels = np.array([0, LV, MYOCARDIUM, RV, LA, UNLABELLED], np.uint8).reshape(-1, 1, 1)
    assert numbers.numbered(labels, np.ones((1, 6), bool)).ravel().tolist() == [0, 1, 0, 2, 0, 3]
    assert numbers.names(ignored=True) == {"background": 0, "LV": 1, "RV": 2, "ignore": 3}
    assert "ignore" not in numbers.names(ignored=False)


def test_background_counts_only_where_all_classes_were_annotated():
    labels = np.array([[[0, 0], [LV, LV]]], np.uint8)
    annotated = np.array([[0, 1, 1, 1, 0, 0], [0, 1, 0, 0, 0, 0]], bool)
    made = ClassNumbers((LV, MYOCARDIUM, RV)).numbered(labels, annotated)
    assert made[..., 0].ravel().tolist() == [0, 1]
    assert made[..., 1].ravel().tolist() == [4, 1]


def test_the_usual_classes_are_those_of_half_of_the_subjects():
    three, six = frozenset({LV, MYOCARDIUM, RV}), frozenset(range(6))
    assert chosen_classes(None, [three, three, six]).classes == (LV, MYOCARDIUM, RV)
    assert chosen_classes(["RV", "LV"], [six]).classes == (LV, RV)
    with pytest.raises(ValueError, match="classes aorta: choose among LV"):
        chosen_classes(["aorta"], [six])
    with pytest.raises(ValueError, match="name those you want"):
        chosen_classes(None, [frozenset()])
