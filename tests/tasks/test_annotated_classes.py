import numpy as np
import pytest
import torch

from cmr_ssl.anatomy import CLASSES, LA, LV, MYOCARDIUM, RA, RV, UNLABELLED
from cmr_ssl.planes import VIEWS
from cmr_ssl.tasks.annotated_classes import annotated_classes, no_annotated_classes, without_untrained
from cmr_ssl.volumes import LabelMap, measure
from tests.labelled import STACK, heart

SA, TWO, FOUR = (VIEWS.index(view) for view in ("sa", "la_2ch", "la_4ch"))
EVERYTHING = {SA: (LV, MYOCARDIUM, RV), TWO: (LA,), FOUR: (LA, RA)}


def memory(drawn):
    found = no_annotated_classes()
    for view, classes in drawn.items():
        found[view, list(classes)] = 1
    return found


def atria(values):
    """Return a plane with a blob of each class, (T, 1, Y, X)."""
    labels = np.zeros((20, 1, 40, 40), np.uint8)
    for index, value in enumerate(values):
        labels[:, :, 5:25, 4 + 16 * index : 16 + 16 * index] = value
    return LabelMap(labels, STACK)


@pytest.fixture(scope="module")
def measured():
    maps = {"sa": LabelMap(heart().T, STACK), "la_2ch": atria([LA]), "la_4ch": atria([LA, RA])}
    found = measure(maps, 60.0)
    assert not found.reasons
    return found


def test_what_was_drawn_is_known_by_view_and_unlabelled_pixels_say_nothing():
    labels = torch.full((2, 3, 1, 4, 4), UNLABELLED, dtype=torch.uint8)
    labels[0, 0], labels[1, 2, 0, 0, 0], labels[1, 1] = LV, RA, 0
    view = torch.tensor([[SA, FOUR, TWO], [SA, FOUR, FOUR]])
    assert torch.equal(
        annotated_classes(labels, view)[[SA, TWO, FOUR]], memory({SA: (LV,), FOUR: (RA,)})[[SA, TWO, FOUR]]
    )


def test_all_that_was_drawn_is_measured(measured):
    assert without_untrained(measured, memory(EVERYTHING)) == measured


@pytest.mark.parametrize(
    ("view", "value", "emptied", "why"),
    [
        (SA, MYOCARDIUM, {"LVM"}, "no training subject had the myocardium drawn"),
        (SA, RV, {"RVE", "RVS"}, "no training subject had the RV drawn"),
        (SA, LV, {"LVE", "LVS", "LVC", "LVM", "RVE", "RVS"}, "no training subject had the LV drawn"),
        (TWO, LA, {"LAV", "LAS", "LAE"}, "no training subject had the LA drawn in la_2ch"),
        (FOUR, RA, {"RAV", "RAS", "RAE"}, "no training subject had the RA drawn"),
    ],
)
def test_what_nobody_drew_is_empty_with_that_reason_whatever_the_network_says(view, value, emptied, why, measured):
    drawn = memory({one: {*classes} - ({value} if one == view else set()) for one, classes in EVERYTHING.items()})
    found = without_untrained(measured, drawn)
    assert {name[:3] for name, number in found.values.items() if np.isnan(number)} == emptied
    assert set(found.reasons.values()) == {why}
    assert (CLASSES[value] in found.curves) == (value == LA and view != TWO)


def test_that_nobody_drew_it_is_the_reason_even_where_none_is_predicted():
    labels = heart()
    labels[labels == 2] = 0
    found = without_untrained(measure({"sa": LabelMap(labels.T, STACK)}, 60.0), memory({SA: (LV, RV)}))
    assert found.reasons["LVM (g)"] == "no training subject had the myocardium drawn"
